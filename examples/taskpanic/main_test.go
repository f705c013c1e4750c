package main

func Example() {
	main()
	// Output:
	// panic: assignment to entry in nil map
	// with its stack: true
	// dangerous has panicked
	// still there <nil>
}
