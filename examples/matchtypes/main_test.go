package main

func Example() {
	main()
	// Output:
	// 7 <nil>
	// Q <nil>
	// the number 7
	// the text "seven"
	// a sum, but nobody wants it
	// an error: seven is odd
	// something else: 7
}
