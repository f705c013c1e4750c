package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/examples/kv/kvstore"
	"github.com/bastion-go/bastion/fort"
)

// livesPerWard keeps the lives of one ward's shards apart from those of the next: a life tells the client which ward has
// answered.
const livesPerWard = 1_000_000

// wardOf is the incarnation of the program that a shard's life belongs to.
func wardOf(life uint64) int {
	if life == 0 {
		return 0
	}
	return int((life-1)/livesPerWard) + 1
}

// A bulletin is one line that a ward writes to standard output.
type bulletin struct {
	Incarnation int         `json:"incarnation"`
	PID         int         `json:"pid"`
	Address     string      `json:"address,omitempty"` // it serves there
	Crash       *fort.Crash `json:"crash,omitempty"`   // of the ward before it
	Failed      string      `json:"failed,omitempty"`  // it cannot serve, and no other ward will
	Stopped     *BooksRow   `json:"stopped,omitempty"` // it has stopped in order
}

func (b bulletin) write() {
	b.Incarnation, b.PID = fort.Incarnation(), os.Getpid()
	line, err := json.Marshal(b)
	if err == nil {
		_, _ = os.Stdout.Write(append(line, '\n'))
	}
}

// GuardMain is the main function of the program that RunFort starts: the first process guards, the second serves. It does
// not return. Orders come over standard input, one a line; its end is the order to stop.
func GuardMain(listen string, shards int, crashes string) {
	fort.Main(fort.Config{
		// To die is a command here: no count of deaths means that something is wrong.
		Intensity: fort.Unlimited, Backoff: fort.Constant{}, WaitReady: true, CrashDir: crashes,
	}, func(ctx context.Context) error { return serveWard(ctx, listen, shards) })
}

// serveWard is one life of the service.
func serveWard(ctx context.Context, listen string, shards int) error {
	// Who reads the bulletins may be gone. That is no reason to die of a closed pipe: standard input has ended as well, and
	// is the order to stop.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	l, err := fort.Listen("tcp", listen)
	if err != nil {
		bulletin{Failed: err.Error()}.write()
		return err
	}
	socket, ok := l.(*net.TCPListener)
	if !ok {
		return errors.New("not a TCP socket")
	}
	defer socket.Close()
	sys, err := bastion.New(bastion.Config{Name: "demo"})
	if err != nil {
		return err
	}
	service := &kvstore.Service{Socket: socket, Shards: shards, Lives: uint64(fort.Incarnation()-1) * livesPerWard}
	supervisor, err := sys.Supervise(service.Spec())
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	fort.Ready()
	last, _ := fort.LastCrash()
	bulletin{Address: socket.Addr().String(), Crash: last}.write()

	stop, told := context.WithCancel(ctx)
	defer told()
	go func() { // reads until the process ends: nothing ends a read from standard input
		obeyOrders(os.Stdin)
		told()
	}()
	select {
	case <-stop.Done():
	case <-sys.Done():
		return sys.Wait()
	}
	return stopWard(sys, supervisor)
}

// stopWard ends the service from outside to inside and tells its books.
func stopWard(sys *bastion.System, supervisor *bastion.Supervisor) error {
	limited, cancel := context.WithTimeout(context.Background(), restTime)
	defer cancel()
	err := errors.Join(supervisor.Child("listener").Stop(limited), supervisor.Group("connections").Stop(limited),
		sys.Stop(limited), sys.Wait())
	row := newBooksRow(sys.Inspector().Books())
	bulletin{Stopped: &row}.write()
	return err
}

// obeyOrders has this process die as it is told, until there are no more orders.
func obeyOrders(orders io.Reader) {
	for lines := bufio.NewScanner(orders); lines.Scan(); {
		for _, d := range deaths {
			if d.order == lines.Text() && d.die != nil {
				d.die()
			}
		}
	}
}
