package main

func Example() {
	main()
	// Output:
	// panic: runtime error: index out of range [0] with length 0
	// with its stack: true
	// dangerous has panicked
	// still there <nil>
}
