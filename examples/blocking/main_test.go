package main

func Example() {
	main()
	// Output:
	// at your service <nil>
	// slept <nil>
	// 499500 <nil>
	// released <nil>
}
