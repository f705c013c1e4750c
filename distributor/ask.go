package distributor

import (
	"context"

	"github.com/bastion-go/bastion"
)

// AskOne asks one member, whom the strategy chooses, and waits for its answer; From
// says whose it is. Who does not accept the question is passed over as by TellOne;
// once it is accepted nobody else is asked, also when the answer is an error.
//
// Errors, in Err: ErrNoMembers; if nobody has accepted it, what each has said,
// joined; what the strategy has returned; and all those of bastion.Ask.
func AskOne[A any, Q bastion.Question[A]](ctx context.Context, d *Distributor, question Q) bastion.Answer[A] {
	var why error
	a := bastion.AskOneOf[A](ctx, d.candidates(question, &why), question)
	if a.Err != nil && why != nil {
		a.Err = why
	}
	return a
}

// Request is AskOne for whoever wants nothing but the answer.
func Request[A any, Q bastion.Question[A]](ctx context.Context, d *Distributor, question Q) (A, error) {
	a := AskOne[A](ctx, d, question)
	return a.Value, a.Err
}

// AskEveryone asks every member the same question, all at once, and waits for an
// answer or error of each, or for ctx to end, which is then the error of the rest.
// They come in the order of Members. ErrNoMembers: nobody was asked.
func AskEveryone[A any, Q bastion.Question[A]](ctx context.Context, d *Distributor, question Q) ([]bastion.Answer[A], error) {
	members := d.Members()
	if len(members) == 0 {
		return nil, ErrNoMembers
	}
	places := make(map[bastion.Ref]int, len(members))
	for i, m := range members {
		places[m] = i
	}
	answers := make([]bastion.Answer[A], len(members))
	for a := range bastion.AskEach(ctx, members, question) {
		answers[places[a.From]] = a
	}
	return answers, nil
}

// AskFirst asks every member the same question and returns the first answer that is
// no error: scatter and gather. The others are given up; what they answer all the
// same goes to the dead letters (contract D6). If all have failed, or ctx has ended,
// Err is a *NobodyError with the error of each. ErrNoMembers: nobody was asked.
func AskFirst[A any, Q bastion.Question[A]](ctx context.Context, d *Distributor, question Q) bastion.Answer[A] {
	failed := &NobodyError{Distributor: d.name}
	for a := range bastion.AskEach(ctx, d.Members(), question) {
		if a.Err == nil {
			return a
		}
		failed.Results = append(failed.Results, Result{a.From, a.Err})
	}
	if failed.Results == nil {
		return bastion.Answer[A]{Err: ErrNoMembers}
	}
	return bastion.Answer[A]{Err: failed}
}
