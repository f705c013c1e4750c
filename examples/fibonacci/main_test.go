package main

func Example() {
	main()
	// Output:
	// told of the new limit: 4 <nil>
	// worker 0: fib(22) = 17711 <nil>
	// worker 1: fib(23) = 28657 <nil>
	// worker 2: fib(24) = 46368 <nil>
	// worker 3: fib(25) = 75025 <nil>
	// four times fib(20): 27060
	// fib(90) is too much work
}
