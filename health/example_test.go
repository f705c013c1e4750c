package health_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/health"
)

// A system tells Kubernetes how it is. The server begins before it and ends after it.
func ExampleHandler() {
	sys, err := bastion.New(bastion.Config{Name: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(health.Handler{Of: sys})
	defer server.Close()
	ask := func(path string) {
		r, err := http.Get(server.URL + path)
		if err != nil {
			log.Fatal(err)
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		fmt.Printf("%s -> %d %s", path, r.StatusCode, text)
	}

	ask("/readyz")
	if err := sys.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	ask("/readyz")
	ask("/livez")
	sys.LameDuck() // about to stop: no new work, please
	ask("/readyz")
	if err := sys.Stop(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// /readyz -> 503 readyz: no: 1 problem
	// /readyz -> 200 ok
	// /livez -> 200 ok
	// /readyz -> 503 readyz: no: 1 problem
}
