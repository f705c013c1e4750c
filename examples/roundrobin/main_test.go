package main

func Example() {
	main()
	// Output:
	// here comes /works/floor/workers/0
	// here comes /works/floor/workers/1
	// here comes /works/floor/workers/2
	// /works/floor/workers/0 has done [0 3 6] <nil>
	// /works/floor/workers/1 has done [1 4 7] <nil>
	// /works/floor/workers/2 has done [2 5 8] <nil>
}
