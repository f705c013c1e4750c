package main

func Example() {
	main()
	// Output:
	// succeeded with amount 4
	// panicked with amount 6
}
