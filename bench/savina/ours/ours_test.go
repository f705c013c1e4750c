package ours

import (
	"testing"

	"github.com/bastion-go/bastion/bench/savina"
)

func TestRightAnswers(t *testing.T) {
	for _, p := range savina.Programs() {
		t.Run(p.Name, func(t *testing.T) {
			if got, want := Programs[p.Name](p.Less), p.Answer(p.Less); got != want {
				t.Errorf("%d, want %d", got, want)
			}
		})
	}
}
