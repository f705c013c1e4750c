package main

func Example() {
	main()
	// Output:
	// entries after a crash between two of them: 2 <nil>
	// lives: ledger 2, ann 2, bob 2
	// lives: ledger 2, ann 3, bob 3
	// the system gave up: true
}
