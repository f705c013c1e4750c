package main

func Example() {
	main()
	// Output:
	// the keynote is at nine <nil>
	// announced to 40 of 40
	// leaflets at each desk: map[2:5]
	// announcements each has heard: map[1:40]
}
