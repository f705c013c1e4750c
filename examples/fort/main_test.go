//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary be the server as well.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "server" {
		main()
	}
	os.Exit(m.Run())
}

func Example() {
	server := exec.Command(os.Args[0], "server")
	lines, err := server.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := server.Start(); err != nil {
		panic(err)
	}
	line, _ := bufio.NewReader(lines).ReadString('\n')
	url, _, _ := strings.Cut(strings.TrimPrefix(line, "serving on "), ",")
	for _, page := range []string{"/", "/", "/crash", "/"} {
		fmt.Println(get(url + page))
	}
	_ = server.Process.Signal(syscall.SIGTERM)
	fmt.Println(server.Wait())
	// Output:
	// incarnation 1, visit 1
	// incarnation 1, visit 2
	// no answer
	// incarnation 2, visit 1; before: fatal error: concurrent map writes
	// <nil>
}

// get asks over a new connection: one that was kept has died with the program.
func get(url string) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		return "no answer"
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return strings.TrimSpace(string(text))
}
