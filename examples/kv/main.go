// Command kv serves a key-value store over TCP from supervised processes: see package kvstore beside it for the service
// itself. Start it, and talk to it with `nc` at the address that it prints:
//
//	$ go run ./examples/kv
//	$ nc 127.0.0.1 4711
//	SET greeting hello, world
//	OK 1
//	CRASH greeting
//	ERR ...
//	GET greeting
//	NONE 2
//
// It stops on Ctrl-C.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/examples/kv/kvstore"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to serve; port 0 takes a free one")
	shards := flag.Int("shards", 8, "how many processes own the data")
	flag.Parse()
	if err := run(*listen, *shards); err != nil {
		fmt.Fprintln(os.Stderr, "kv:", err)
		os.Exit(1)
	}
}

func run(listen string, shards int) error {
	address, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return err
	}
	socket, err := net.ListenTCP("tcp", address)
	if err != nil {
		return err
	}
	defer socket.Close()

	fmt.Printf("serving on %v; try: nc %s\n", socket.Addr(), hostAndPort(socket.Addr()))
	service := &kvstore.Service{Socket: socket, Shards: shards, Audit: func(letter bastion.DeadLetter) {
		fmt.Printf("dead letter: %T for %v: %v\n", letter.Message, letter.Receiver, letter.Reason)
	}}
	return bastion.Run(context.Background(), bastion.Config{Name: "example"}, service.Spec())
}

// hostAndPort is an address as nc wants it.
func hostAndPort(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host + " " + port
}
