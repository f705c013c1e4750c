package main

func Example() {
	main()
	// Output:
	// primes up to 5,000: 669
	// answers that were a panic: 999
}
