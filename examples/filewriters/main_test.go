package main

func Example() {
	main()
	// Output: answers say 4000 bytes, the file has 4000 in 200 lines
}
