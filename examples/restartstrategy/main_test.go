package main

func Example() {
	main()
	// Output:
	// life 1 failed: no luck; the next in 10ms
	// life 2 failed: no luck; the next in 20ms
	// life 3 failed: no luck; the next in 30ms
	// given up: no luck
}
