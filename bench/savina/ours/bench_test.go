package ours

import (
	"testing"

	"github.com/bastion-go/bastion/bench/savina"
)

func BenchmarkProgram(b *testing.B) {
	for _, p := range savina.Programs() {
		b.Run(p.Name, func(b *testing.B) {
			for range b.N {
				Programs[p.Name](p.N)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(p.Ops(p.N)), "ns/piece")
		})
	}
}
