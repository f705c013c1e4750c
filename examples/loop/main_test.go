package main

func Example() {
	main()
	// Output:
	// 1: HELLO
	// 2: WORLD
	// told to stop: true
}
