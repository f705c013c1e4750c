package bastiontest_test

import (
	"strings"
	"testing"

	"github.com/bastion-go/bastion/bastiontest"
)

// A story is a history in short: every entry in turn.
type story []bastiontest.Entry

func (s story) numbered() []bastiontest.Entry {
	for i := range s {
		s[i].N = i + 1
	}
	return s
}

func send(n uint64, from, to string) bastiontest.Entry {
	return bastiontest.Entry{Op: bastiontest.OpSend, Message: n, From: from, To: to}
}

func receive(n uint64, to string) bastiontest.Entry {
	return bastiontest.Entry{Op: bastiontest.OpReceive, Message: n, To: to, Incarnation: 1}
}

func discard(n uint64) bastiontest.Entry {
	return bastiontest.Entry{Op: bastiontest.OpDiscard, Message: n, Err: "stopped"}
}

func asks(e bastiontest.Entry) bastiontest.Entry { e.Ask = e.Message; return e }

func answer(n uint64) bastiontest.Entry {
	return bastiontest.Entry{Op: bastiontest.OpAnswer, Message: n, Ask: n, From: "b"}
}

func resolve(n uint64) bastiontest.Entry {
	return bastiontest.Entry{Op: bastiontest.OpResolve, Message: n, Ask: n, From: "a"}
}

// Every kind of planted violation is found, with its contract, its message and only what shows it.
func TestHistory_FindsPlantedViolations(t *testing.T) {
	other := story{send(90, "x", "y"), receive(90, "y")}
	for name, c := range map[string]struct {
		story    story
		contract string
		message  uint64
		excerpt  int
		says     string
	}{
		"given twice":       {story{send(1, "a", "b"), receive(1, "b"), receive(1, "b")}, "D1", 1, 3, "received 2 times"},
		"given to another":  {story{send(1, "a", "b"), receive(1, "c")}, "D1", 1, 2, "to b was received by c"},
		"never sent":        {story{receive(1, "b")}, "D1", 1, 1, "never sent"},
		"refused and given": {story{{Op: bastiontest.OpRefuse, Message: 1, To: "b", Err: "full"}, receive(1, "b")}, "D3", 1, 2, "had failed"},
		"out of order":      {story{send(1, "a", "b"), send(2, "a", "b"), receive(2, "b"), receive(1, "b")}, "D2", 1 + 1, 4, "before #1"},
		"an ask overtaken": {story{asks(send(1, "a", "b")), send(2, "a", "b"), receive(2, "b"), asks(receive(1, "b")), answer(1), resolve(1)},
			"D2", 2, 4, "before #1"},
		"lost":              {story{send(1, "a", "b")}, "D4", 1, 1, "neither received nor discarded"},
		"two ends":          {story{send(1, "a", "b"), receive(1, "b"), discard(1)}, "D4", 1, 3, "two ends"},
		"an ask that hangs": {story{asks(send(1, "a", "b")), asks(receive(1, "b"))}, "D6", 1, 2, "never resolved"},
		"two answers": {story{asks(send(1, "a", "b")), asks(receive(1, "b")), answer(1), resolve(1), answer(1), resolve(1)},
			"D6", 1, 6, "resolved twice"},
		"a late answer": {story{
			asks(send(1, "a", "b")), asks(receive(1, "b")), {Op: bastiontest.OpResolve, Ask: 1, Err: "deadline"},
			asks(send(2, "a", "b")), answer(1), resolve(2), asks(receive(2, "b"))}, "D6", 2, 6, "the last answer before was to #1"},
		"the answer to another": {story{
			asks(send(1, "a", "b")), asks(receive(1, "b")), asks(send(2, "c", "b")), asks(receive(2, "b")),
			{Op: bastiontest.OpResolve, Ask: 1, Answer: 2}, {Op: bastiontest.OpResolve, Ask: 2, Err: "late"}}, "D6", 1, 5, "got the answer to #2"},
	} {
		all := append(append(story{}, other...), c.story...)
		found := bastiontest.CheckEntries(all.numbered(), bastiontest.Rules{})
		if len(found) == 0 {
			t.Errorf("%s: nothing found", name)
			continue
		}
		v := found[0]
		if v.Contract != c.contract || v.Message != c.message || len(v.Excerpt) != c.excerpt || !strings.Contains(v.Text, c.says) {
			t.Errorf("%s: %v", name, v)
		}
		for _, more := range found[1:] {
			if more.Contract == v.Contract && more.Message == v.Message {
				t.Errorf("%s: said twice: %v", name, more)
			}
		}
	}
}

// What is allowed is no violation.
func TestHistory_LetsPassWhatIsAllowed(t *testing.T) {
	overlap := send(2, "a", "b")
	overlap.Begun = 1
	forwarded := send(2, "c", "d")
	forwarded.Apart = true
	then := asks(send(1, "a", "b"))
	then.Then, then.Incarnation = true, 3
	for name, s := range map[string]story{
		"other senders":         {send(1, "a", "b"), send(2, "c", "b"), receive(2, "b"), receive(1, "b")},
		"other receivers":       {send(1, "a", "b"), send(2, "a", "c"), receive(2, "c"), receive(1, "b")},
		"senders without names": {send(1, "", "b"), send(2, "", "b"), receive(2, "b"), receive(1, "b")},
		"at the same time":      {send(1, "a", "b"), overlap, receive(2, "b"), receive(1, "b")},
		"forwarded":             {send(1, "c", "d"), forwarded, receive(2, "d"), receive(1, "d")},
		"discarded":             {send(1, "a", "b"), discard(1)},
		"an asker that ended": {then, asks(receive(1, "b")), answer(1),
			{Op: bastiontest.OpEnd, To: "a", Incarnation: 3, Err: "boom"}},
		"no answer, but an error": {asks(send(1, "a", "b")), asks(receive(1, "b")), {Op: bastiontest.OpResolve, Ask: 1, Err: "unanswered"}},
	} {
		for _, v := range bastiontest.CheckEntries(s.numbered(), bastiontest.Rules{}) {
			t.Errorf("%s: %v", name, v)
		}
	}
}
