// Package otptest compares Bastion's supervisors with the real ones: the same random trees and the same random events go
// to Erlang/OTP's supervisor and, through the public API, to ours; what was started and stopped in which order, what the
// verbs answered, and who is in the tables after each event must be equal (contracts S1 to S9).
//
// There is nothing in it but tests; see docs/decisions/as-otp.md. They need an erl of OTP 24 or newer in the path. Without one they say that they did
// not run, and pass; with BASTION_OTP=required, as in the gate, they fail.
//
// # How it works
//
// A tale is plain data: a tree, what fails while it boots, and events. A generator draws it from a seed and a number. It
// is told to one Erlang node, which plays all tales of a run (testdata/otpworld.erl), and to a system of ours in a
// synctest bubble. Each plays one event after the other, the next one only when everything is at rest: there, when every
// supervisor has answered a call and no answer shows something dead that is held for alive; here, when every goroutine
// of the bubble waits. Nobody waits for wall time, and each intensity's window is longer than any run.
//
// A tale whose two transcripts differ is shrunk and printed with its seed. Either one of the sides has a bug,
// or we differ on purpose: then the difference is a rule, a value of type rule here and a half-row marked + in the
// contracts, and a tale says which rules it runs under. Nine in ten run under none.
//
// # Usage
//
//	BASTION_OTP_CASES=20000   how many tales
//	BASTION_OTP_SEED=7        which ones; the default is fixed, so that a gate is what it was yesterday
//	BASTION_OTP=required      no erl is a failure
//
// # Who may call what
//
// Nobody imports it. One test drives the node, whose process ends with the test: when its standard input does. Nothing of
// it is ordered beyond the tales themselves, and nothing can be lost: a tale without an answer fails the test.
package otptest
