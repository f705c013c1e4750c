package kvstore

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// A Service is the store. Set its fields before Spec and leave them alone afterwards.
type Service struct {
	Socket  *net.TCPListener         // the caller's, so that a crash of the listener refuses nobody: the kernel queues
	Shards  int                      // 0: 8
	Timeout time.Duration            // how long a client waits for a shard; 0: 500 ms
	Audit   func(bastion.DeadLetter) // called by the auditor; may be nil
	Lives   uint64                   // that came before, in programs that have crashed: the next one answers as Lives+1
}

// A Fault is a message that any process of the service obeys; most fail it. It is how to see the supervision work.
type Fault func(ctx *bastion.Context) error

// Spec is the service as a subtree for a system.
func (s *Service) Spec() bastion.SupervisorSpec {
	return bastion.SupervisorSpec{
		Name:      "kv",
		Intensity: bastion.Intensity{Max: 5, Within: time.Second},
		Children: []bastion.ChildSpec{
			{Name: "auditor", Start: bastion.Loop(s.audit)},
			{Name: "shards", Start: bastion.Handle(func() bastion.Receiver { return shard{keys{}, s.Lives} }), Count: cmp.Or(s.Shards, 8),
				Intensity: bastion.Unlimited, // CRASH is a command: no count of failures means that something is wrong
				Backoff:   bastion.Constant{Delay: 20 * time.Millisecond}},
			{Name: "connections", Start: bastion.Loop(s.obey), Group: true, Restart: bastion.Temporary},
			{Name: "listener", Start: bastion.Loop(s.listen), Backoff: bastion.Constant{Delay: 250 * time.Millisecond}},
		},
	}
}

// audit watches the dead letters. A socket among them was meant for a connection that failed before it took it.
func (s *Service) audit(ctx *bastion.Context) error {
	letters := ctx.System().DeadLetters(1024)
	defer letters.Close()
	for {
		letter, err := letters.Next(ctx)
		if err != nil {
			return err
		}
		if socket, ok := letter.Message.(*net.TCPConn); ok {
			_ = socket.Close()
		}
		if s.Audit != nil {
			s.Audit(letter)
		}
	}
}

// listen accepts in a goroutine of its own, because the loop itself has messages to take.
func (s *Service) listen(ctx *bastion.Context) error {
	defer wake(s.Socket)
	_ = s.Socket.SetDeadline(time.Time{})
	if err := ctx.Go(s.accept); err != nil {
		return err
	}
	return s.obey(ctx)
}

// accept gives every client a process. An error fails the listener, which tries again after its backoff.
func (s *Service) accept(ctx *bastion.Context) error {
	for {
		socket, err := s.Socket.AcceptTCP()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil // woken
		} else if err != nil {
			return err
		}
		ref, err := ctx.Supervisor().Group("connections").Spawn(ctx)
		if err != nil || ref.Tell(ctx, socket) != nil {
			_ = socket.Close()
		}
	}
}

// wake ends whatever waits on a socket. The incarnation that calls it is over only when its goroutines are.
func wake(socket interface{ SetDeadline(time.Time) error }) { _ = socket.SetDeadline(time.Unix(1, 0)) }

type hangup struct{} // from talk: the client has left

// obey takes a loop's messages. For a connection the first is its socket.
func (s *Service) obey(ctx *bastion.Context) error {
	for {
		msg, err := ctx.Recv()
		if err != nil {
			return err
		}
		switch m := msg.(type) {
		case *net.TCPConn:
			defer wake(m)
			if err = ctx.Go(func(ctx *bastion.Context) error { return s.talk(ctx, m) }); err != nil {
				_ = m.Close() // killed just now: nobody will talk
			}
		case Fault:
			err = m(ctx)
		case hangup:
			return nil
		default:
			err = ctx.Unhandled()
		}
		if err != nil {
			return err
		}
	}
}

// talk answers line by line. It closes the socket itself, and last: a client that sees the end knows that nothing it sent
// will reach a shard any more.
func (s *Service) talk(ctx *bastion.Context, socket *net.TCPConn) error {
	defer socket.Close()
	lines := bufio.NewScanner(socket)
	lines.Buffer(nil, MaxLine)
	lines.Split(func(data []byte, _ bool) (int, []byte, error) {
		return bufio.ScanLines(data, false) // never an unfinished last line: half a SET is a valid SET
	})
	for quit := false; !quit && lines.Scan(); {
		command, err := Parse(lines.Text())
		answer := reply("", err)
		if err == nil {
			answer = s.Do(ctx, command)
		}
		_, err = io.WriteString(socket, answer+"\n")
		quit = err != nil || command.Verb == "QUIT"
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		fmt.Fprintf(socket, "ERR a line may have %d bytes; good-bye\n", MaxLine)
		_ = socket.CloseWrite() // and read on for a moment: to close over unread bytes would take the answer back
		_ = socket.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.CopyN(io.Discard, socket, 16*MaxLine)
	}
	if ctx.Err() == nil {
		_ = ctx.Self().Tell(ctx, hangup{})
	}
	return nil
}

// execute asks the shards. It never waits longer than the timeout for one, whatever state that is in.
func (s *Service) execute(ctx *bastion.Context, c Command) (string, error) {
	shards := ctx.Supervisor().Group("shards").Members()
	switch {
	case c.Verb == "HELP":
		return Help, nil
	case c.Verb == "QUIT":
		return "BYE", nil
	case c.Verb == "CRASH" && c.Key == "":
		panic("CRASH")
	case c.Verb == "KEYS":
		var names []string
		for _, shard := range shards {
			some, err := s.ask(ctx, shard, c)
			if err != nil {
				return "", err
			}
			names = append(names, strings.FieldsFunc(some, func(r rune) bool { return r == '\n' })...)
		}
		return listing(names), nil
	}
	return s.ask(ctx, shards[Owner(c.Key, len(shards))], c)
}

func (s *Service) ask(ctx *bastion.Context, shard bastion.Ref, c Command) (string, error) {
	limited, cancel := ctx.System().Timeout(ctx, cmp.Or(s.Timeout, 500*time.Millisecond))
	defer cancel()
	return bastion.Ask(limited, shard, request{Command: c})
}

// A shard owns the keys that hash to it, in memory: when it fails they are gone, and nothing else is.
type shard struct {
	keys
	before uint64 // lives of it in former programs
}

func (s shard) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Fault:
		return m(ctx)
	case request:
		if err := m.Reply(ctx, s.carryOut(m.Command, s.before+ctx.Incarnation())); !errors.Is(err, bastion.ErrLate) {
			return err
		}
		return nil // its asker has stopped waiting, and told the client so
	}
	return ctx.Unhandled()
}
