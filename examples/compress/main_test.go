package main

func Example() {
	main()
	// Output:
	// 8000 bytes, smaller: true, the same again: true
	// 5 bytes, smaller: false, the same again: true
}
