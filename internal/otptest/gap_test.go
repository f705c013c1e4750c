package otptest

// compare returns the first step at which the transcripts differ in a way that the tale's rule does not cover; nil if there
// is none. met: the rule mattered.
func compare(x *tale, ours, theirs []string) (first *gap, met bool) {
	for step := range max(len(ours), len(theirs)) {
		g := &gap{tale: x, step: step, ours: line(ours, step), theirs: line(theirs, step)}
		if g.ours == g.theirs {
			continue
		}
		ok, goOn := g.covered()
		switch {
		case !ok:
			return g, met
		case !goOn:
			return nil, true
		}
		met = true
	}
	return nil, met
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing||"
}
