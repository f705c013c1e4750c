package main

func Example() {
	main()
	// Output:
	// grown from 1 to 2
	// grown from 2 to 4
	// grown from 4 to 8
	// grown from 8 to 10
	// and shrunk to 1
	// jobs that nobody has done: 0
}
