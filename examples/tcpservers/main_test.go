package main

func Example() {
	main()
	// Output:
	// servers that echo: 10
	// the one that crashed is in life 2
}
