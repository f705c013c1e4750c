package perf

// Suite lists every workload, in the order of the goals P1 to P12.
func Suite() []Workload {
	var all []Workload
	for _, topic := range [][]Workload{
		hopRows(), sendRows(), askRows(), spawnRows(), memoryRows(), restartRows(), loopRows(), allocRows(), blockRows(), idleRows(),
	} {
		all = append(all, topic...)
	}
	return all
}

func ratio(limit float64) Goal { return Goal{Of: Ratio, Limit: limit} }
func atMost(most float64) Goal { return Goal{Of: Subject, Limit: most} }

// hop is one message between two processes: the unit that asks are counted in.
var hop = Side{Name: "P1-pingpong hop", Ops: 4_000_000, Probe: pingpong.probe}

func hopRows() []Workload {
	return []Workload{
		{
			ID: "P1-pingpong", What: "a message between two handlers", Unit: Nanoseconds,
			Subject: hop, Baseline: atomicAdd, Goal: ratio(9),
		}, {
			ID: "P1-ring", What: "a token through 1,000 handlers", Unit: Nanoseconds,
			Subject: Side{Ops: 4_000_000, Probe: ring.probe}, Baseline: atomicAdd, Goal: ratio(9),
		}, {
			ID: "P1-pairs", What: "64 pairs of handlers at once; the goal follows from the cores and how well they scale", Unit: Nanoseconds,
			Subject: Side{Ops: 8_000_000, Probe: manyPairs.probe}, Baseline: hop, Goal: Goal{Of: Ratio, Adjust: pairsGoal},
		}, {
			ID: "P1-typed", What: "a 24-byte value between two typed handlers", Unit: Nanoseconds,
			Subject: Side{Ops: 4_000_000, Probe: typedPingpong.probe}, Baseline: atomicAdd,
		},
	}
}

func sendRows() []Workload {
	eight := Side{Name: "P3-fanin8", Ops: 3_000_000, Probe: fanIn(8)}
	return []Workload{
		{
			ID: "P2-flood", What: "a goroutine sends to a handler", Unit: Nanoseconds,
			Subject: Side{Ops: 3_000_000, Probe: flood}, Baseline: channelSend, Goal: ratio(0.6),
		}, {
			ID: "P3-fanin8", What: "8 handlers send to one", Unit: Nanoseconds,
			Subject: eight, Baseline: channelSend, Goal: ratio(0.8),
		}, {
			ID: "P3-fanin64", What: "64 handlers send to one", Unit: Nanoseconds,
			Subject: Side{Ops: 3_000_000, Probe: fanIn(64)}, Baseline: eight, Goal: ratio(1.5),
		},
	}
}

func askRows() []Workload {
	inside := Side{Ops: 200_000, Probe: askProcess(askInside)}
	return []Workload{
		{
			ID: "P4-ask-process", What: "a handler asks another (AskThen)", Unit: Nanoseconds,
			Subject: Side{Ops: 2_000_000, Probe: askProcess(askThen)}, Baseline: hop, Goal: ratio(2.5),
		}, {
			ID: "P4-ask-inside", What: "a handler asks another and waits inside (Ask); no goal: its goroutine has to park", Unit: Nanoseconds,
			Subject: inside, Baseline: channelTrip,
		}, {
			ID: "P4-ask-outside", What: "a goroutine asks a handler", Unit: Nanoseconds,
			Subject: Side{Ops: 500_000, Probe: askOutside(byWall)}, Baseline: channelTrip, Goal: ratio(1.5),
		},
	}
}

func spawnRows() []Workload {
	return []Workload{
		{
			ID: "P5-spawn-group", What: "start and stop groups of 100,000 handlers, each", Unit: Nanoseconds,
			Subject:  Side{Ops: 500_000, Crowd: 100_000, Probe: spawnGroup},
			Baseline: goMany, Goal: ratio(1.0),
		}, {
			ID: "P5-spawn-one", What: "add one handler to a group and stop it", Unit: Nanoseconds,
			Subject: Side{Ops: 200_000, Probe: spawnOne}, Baseline: goOne, Goal: ratio(2.5),
		},
	}
}

func memoryRows() []Workload {
	return []Workload{
		{
			ID: "P6-memory-handler", What: "bytes of an idle handler, one of a million", Unit: Bytes, Whole: true,
			Subject:  Side{Ops: 1, Crowd: 1_000_000, Probe: memoryOf(words)},
			Baseline: goroutine, Goal: atMost(256),
		}, {
			ID: "P6-memory-loop", What: "bytes of an idle loop, one of 20,000", Unit: Bytes, Whole: true,
			Subject:  Side{Ops: 1, Crowd: 20_000, Probe: memoryOf(listeners)},
			Baseline: goroutine, Goal: atMost(3072),
		}, {
			ID: "P6-million-cpu", What: "CPU time to start a million handlers", Unit: CPUSeconds, Whole: true,
			Subject:  Side{Ops: 1, Crowd: 1_000_000, Probe: millionCPU},
			Baseline: goMillion, Goal: atMost(0.5),
		},
	}
}

func restartRows() []Workload {
	return []Workload{
		{
			ID: "P7-restart", What: "from a panic to running again, with its report", Unit: CPU,
			Subject: Side{Ops: 20_000, Probe: restart(false)}, Baseline: recovering, Goal: atMost(5_000),
		}, {
			ID: "P7-restart-error", What: "from a returned error to running again, with its report", Unit: CPU,
			Subject: Side{Ops: 20_000, Probe: restart(true)}, Baseline: recovering, Goal: atMost(5_000),
		}, {
			ID: "P7-restart-p99", What: "time from a panic to running again among 100,000 siblings, 99th percentile", Unit: Nanoseconds, Whole: true,
			Subject:  Side{Ops: 2_000, Crowd: 100_000, Probe: restartP99},
			Baseline: recoverP99, Goal: atMost(50_000),
		},
	}
}

func loopRows() []Workload {
	return []Workload{{
		ID: "P8-loop", What: "a message between two loops", Unit: Nanoseconds,
		Subject: Side{Ops: 1_000_000, Probe: loopPingpong.probe}, Baseline: channelHop, Goal: ratio(1.2),
	}}
}

func allocRows() []Workload {
	const ops = 500_000
	return []Workload{
		{
			ID: "P9-allocs-pointer", What: "objects for a hop with a pointer", Unit: Allocs,
			Subject: Side{Ops: ops, Probe: allocsPointer.probe}, Baseline: channelAlloc, Goal: atMost(0),
		}, {
			ID: "P9-allocs-typed", What: "objects for a hop with a value through a typed door", Unit: Allocs,
			Subject: Side{Ops: ops, Probe: allocsTyped.probe}, Baseline: channelAlloc, Goal: atMost(0),
		}, {
			ID: "P9-allocs-value", What: "objects for a hop with a value through the plain door", Unit: Allocs,
			Subject: Side{Ops: ops, Probe: allocsValue.probe}, Baseline: boxedAlloc, Goal: atMost(1),
		}, {
			ID: "P9-allocs-outside", What: "objects for a send of a pointer from outside, by the hundred", Unit: Allocs,
			Subject: Side{Ops: ops, Probe: outsideAllocs}, Baseline: channelAlloc, Goal: atMost(0),
		}, {
			ID: "P9-allocs-ask", What: "objects for an ask from outside: the question's box", Unit: Allocs,
			Subject: Side{Ops: 100_000, Probe: askOutside(byMallocs)}, Baseline: channelAlloc, Goal: atMost(1),
		},
	}
}

func blockRows() []Workload {
	const ops = 20_000_000
	return []Workload{
		{
			ID: "P11-stranger", What: "an ask from outside while many handlers block for 10 ms each, 99th percentile", Unit: Nanoseconds, Whole: true,
			Subject:  Side{Ops: ops, Probe: crowded{blocked: true, latency: true}.probe},
			Baseline: Side{Name: "no handler blocks: p99", Ops: ops, Probe: crowded{latency: true}.probe}, Goal: atMost(2e6),
		}, {
			ID: "P11-rest", What: "64 pairs of handlers while many others block for 10 ms each", Unit: Nanoseconds, Whole: true,
			Subject:  Side{Ops: ops, Probe: crowded{blocked: true}.probe},
			Baseline: Side{Name: "no handler blocks", Ops: ops, Probe: crowded{}.probe}, Goal: ratio(2),
		},
	}
}

func idleRows() []Workload {
	return []Workload{{
		ID: "P12-idle", What: "CPU of a million idle handlers", Unit: Percent, Whole: true,
		Subject:  Side{Ops: idleOps, Crowd: 1_000_000, Probe: idle},
		Baseline: idleProgram, Goal: atMost(0.1),
	}}
}
