// Fort is a web server that survives what Go cannot recover. Start it, ask it, and have it die of a concurrent map write:
//
//	$ go run ./examples/fort
//	serving on http://127.0.0.1:38221, incarnation 1
//	$ curl http://127.0.0.1:38221/
//	incarnation 1, visit 1
//	$ curl http://127.0.0.1:38221/crash
//	curl: (52) Empty reply from server
//	$ curl http://127.0.0.1:38221/
//	incarnation 2, visit 1; before: fatal error: concurrent map writes
//
// Worth a look: the address is the same and no connection was refused; the visits, which were in memory, are gone; the
// report is in the folder crashes. Ctrl-C stops it when the requests that have begun are answered.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/bastion-go/bastion/fort"
)

func main() {
	fort.Main(fort.Config{CrashDir: filepath.Join(os.TempDir(), "bastion-example-crashes")}, serve)
}

// serve is the whole program, in each of its lives.
func serve(ctx context.Context) error {
	l, err := fort.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("serving on http://%v, incarnation %d\n", l.Addr(), fort.Incarnation())
	server, drained := &http.Server{Handler: pages()}, make(chan error, 1)
	context.AfterFunc(ctx, func() { drained <- server.Shutdown(context.Background()) })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

func pages() http.Handler {
	var visits atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "incarnation %d, visit %d", fort.Incarnation(), visits.Add(1))
		if crash, ok := fort.LastCrash(); ok {
			fmt.Fprintf(w, "; before: %s", crash.Reason)
		}
		fmt.Fprintln(w)
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { crash() })
	return mux
}

// crash makes the mistake that no recover helps against: a map without a lock.
func crash() {
	shared := map[int]int{0: 0}
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for {
				shared[0] = 1
			}
		})
	}
	writers.Wait()
}
