package main

func Example() {
	main()
	// Output: sum succeeded 500000500000
}
