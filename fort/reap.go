package fort

// reap takes the orphans that this process, as process 1, has got.
func (g *guard) reap() {
	if g.reaper == nil {
		return
	}
	own := map[int]bool{}
	for _, w := range g.wards {
		own[w.pid()] = true
	}
	g.reaper.reap(func(pid int) bool { return own[pid] })
}
