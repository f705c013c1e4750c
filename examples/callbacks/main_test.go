package main

func Example() {
	main()
	// Output:
	// /house before start
	// /house/floor before start
	//     ann before start
	//     ann after start
	//     bob before start
	//     bob after start
	// /house/floor after start
	// /house after start
	//     ann before restart, after a crash
	//     ann after restart, life 2
	//     bob before restart, after bastion: shut down
	//     bob after restart, life 2
	//     bob after stop
	//     ann after stop
	// /house/floor after stop
	// /house after stop
}
