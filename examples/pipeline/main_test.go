package main

func Example() {
	main()
	// Output:
	// 4 words, longest quick, sorted brown fox quick the <nil>
	// 5 words, longest jumps, sorted dog jumps lazy over the <nil>
}
