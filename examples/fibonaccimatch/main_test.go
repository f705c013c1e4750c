package main

func Example() {
	main()
	// Output:
	// a main.Limit that was told is not for me
	// 0 too much work
	// 2880067194370816120 <nil>
}
