package main

func Example() {
	main()
	// Output:
	// /shop/front/tills/0 sold 1 <nil> (what it had sold before the crash, it forgot)
	// the doorman heard "good morning", which was told
	// the doorman heard "we are closing", which was broadcast
	// accepted 9 = handled 8 + failed 1 + in hand 0 + in mailboxes 0 + discarded 0
}
