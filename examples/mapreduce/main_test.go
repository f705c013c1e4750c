package main

func Example() {
	main()
	// Output:
	// a 198
	// is 99
	// rose 198
}
