package main

func Example() {
	main()
	// Output:
	// hello, Ada, from /hello/front/greeter
	// hello, Grace, from /hello/front/greeter
	// 2 greeted, the last was Grace
}
