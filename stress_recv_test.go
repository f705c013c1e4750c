package bastion_test

import (
	"time"

	"github.com/bastion-go/bastion"
)

// stressRecv receives, now and then the messages of some senders before those of others.
func stressRecv(ctx *bastion.Context, turn uint64) (any, error) {
	ofSome := func(msg any) bool {
		switch m := msg.(type) {
		case stressMsg:
			return m.pair.from%3 == turn%3
		case stressQuestion:
			return m.pair.from%3 == turn%3
		}
		return false // a Down comes after what its subject has sent
	}
	msg, ok, err := any(nil), false, error(nil)
	switch turn % 4 {
	case 1:
		msg, ok, err = ctx.TryRecvWhere(ofSome)
	case 3:
		msg, ok, err = ctx.RecvWhereTimeout(ofSome, time.Millisecond)
	}
	if ok || err != nil {
		return msg, err
	}
	return ctx.Recv()
}
