package main

func Example() {
	main()
	// Output:
	// sum of a thousand squares: 332833500
	// the one that was cancelled: cancelled true
}
