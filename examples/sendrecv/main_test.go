package main

func Example() {
	main()
	// Output:
	// asking myself and waiting: true
	// asked myself: pong 1 of life 1 <nil>
	// pong 2 of life 1 <nil>
	// pong 1 of life 2 <nil>
}
