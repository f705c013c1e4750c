package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

// call is a client: any other would do, for example `echo hello | nc`.
func call(address, text string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintln(conn, text)
	_, err = io.Copy(os.Stdout, conn)
	return err
}
