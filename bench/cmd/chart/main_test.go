package main

import (
	"strings"
	"testing"
)

func TestChart(t *testing.T) {
	var svg strings.Builder
	in := `{"machine":"m","engines":["bastion","erlang"],"rows":[{"program":"skynet","median_ns":{"bastion":10,"erlang":25}},{"program":"big","median_ns":{"erlang":3}}]}`
	if err := run(strings.NewReader(in), &svg); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "skynet", "big", "erlang"} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("no %q in the chart", want)
		}
	}
	for _, bad := range []string{"", "{}", "[1]"} {
		if err := run(strings.NewReader(bad), &svg); err == nil {
			t.Errorf("%q was drawn", bad)
		}
	}
}
