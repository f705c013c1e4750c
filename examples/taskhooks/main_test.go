package main

func Example() {
	main()
	// Output:
	// before print
	//   printing
	// after print: <nil>
	// succeeded <nil>
	// before print
	//   printing
	// after print: out of paper
	// failed out of paper
}
