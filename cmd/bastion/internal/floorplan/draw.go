package floorplan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bastion-go/bastion/executor/topology"
)

// Draw returns the plan as text of at most width columns, or as few more as its widest box needs.
func (p *Plan) Draw(width int) string {
	var b strings.Builder
	b.WriteString(p.heading())
	var boxes [][]string
	parts := p.parts()
	core := p.widest(parts) // cores are alike, and so are their boxes
	for _, box := range parts {
		boxes = append(boxes, p.draw(box, width, core))
	}
	for _, n := range p.machine.Nodes {
		if len(n.CPUs) == 0 {
			boxes = append(boxes, frame(nodeTitle(n), []string{"memory only"}, 0))
		}
	}
	write(&b, flow(boxes, width))
	p.writeCaches(&b)
	p.writeDistances(&b)
	p.writeOrder(&b, width)
	if len(p.machine.Notes) > 0 {
		b.WriteString("\nWhat was not to be had:\n")
		for _, n := range p.machine.Notes {
			fmt.Fprintf(&b, "  - %v\n", n)
		}
	}
	return b.String()
}

func (p *Plan) heading() string {
	t := p.machine
	text := fmt.Sprintf("%s, %s, %s, %s, %s; from %s\n",
		count(len(t.Packages), "package"), count(len(t.Cores), "core"), count(len(t.CPUs), "CPU"),
		count(len(t.Nodes), "memory node"), count(len(p.place.Domains), "domain"), t.Origin)
	text += count(len(p.places), "worker")
	if t.Quota > 0 {
		text += fmt.Sprintf("; a quota of %.3g CPUs", t.Quota)
	}
	return text + ". In a core's box: its CPUs, each with its workers.\n" + p.tie() + "\n\n"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// border is what a frame takes of the width.
const border = 4

// draw returns the lines of one box, all of the same width.
func (p *Plan) draw(box part, width, core int) []string {
	if len(box.parts) == 0 {
		return frame(box.title, p.coreLines(box), core)
	}
	var inside [][]string
	for _, inner := range box.parts {
		inside = append(inside, p.draw(inner, width-border, core))
	}
	return frame(box.title, flow(inside, width-border), 0)
}

func (p *Plan) coreLines(core part) []string {
	var lines []string
	for _, cpu := range core.cpus {
		lines = append(lines, fmt.Sprintf("%-3d %s", cpu, p.workersOn(cpu)))
	}
	return lines
}

// widest returns how wide the inside of the widest core's box has to be.
func (p *Plan) widest(parts []part) int {
	width := 0
	for _, box := range parts {
		if len(box.parts) > 0 {
			width = max(width, p.widest(box.parts))
			continue
		}
		width = max(width, columns(frame(box.title, p.coreLines(box), 0)[0])-border)
	}
	return width
}

func (p *Plan) workersOn(cpu int) string {
	const most = 3 // more than that is a mistake or an experiment, and would make every box wide
	ws := p.workers[cpu]
	if len(ws) == 0 {
		return "-"
	}
	var names []string
	for _, w := range ws[:min(len(ws), most)] {
		names = append(names, fmt.Sprintf("w%d", w))
	}
	if len(ws) > most {
		names = append(names, fmt.Sprintf("+%d", len(ws)-most))
	}
	return strings.Join(names, " ")
}

// frame draws a box around lines, with a title in its upper edge, at least so wide inside.
func frame(title string, lines []string, width int) []string {
	width = max(width, columns(title)+1)
	for _, line := range lines {
		width = max(width, columns(line))
	}
	framed := []string{"┌ " + title + " " + strings.Repeat("─", width-columns(title)) + "┐"}
	for _, line := range lines {
		framed = append(framed, "│ "+pad(line, width)+" │")
	}
	return append(framed, "└"+strings.Repeat("─", width+2)+"┘")
}

// flow puts boxes beside one another while they fit, and then below.
func flow(boxes [][]string, width int) []string {
	var lines, row []string
	for _, box := range boxes {
		if len(row) > 0 && columns(row[0])+1+columns(box[0]) > width {
			lines, row = append(lines, row...), nil
		}
		row = beside(row, box)
	}
	return append(lines, row...)
}

func beside(left, right []string) []string {
	if len(left) == 0 {
		return right
	}
	height, width := max(len(left), len(right)), columns(left[0])
	lines := make([]string, height)
	for i := range lines {
		if i < len(left) {
			lines[i] = left[i]
		}
		lines[i] = pad(lines[i], width) + " "
		if i < len(right) {
			lines[i] += right[i]
		} else {
			lines[i] = pad(lines[i], width+1+columns(right[0]))
		}
	}
	return lines
}

// columns counts runes: titles and borders are made of narrow ones only.
func columns(s string) int { return utf8.RuneCountInString(s) }

func pad(s string, width int) string { return s + strings.Repeat(" ", max(width-columns(s), 0)) }

func write(b *strings.Builder, lines []string) {
	for _, line := range lines {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// writeCaches counts equal caches together.
func (p *Plan) writeCaches(b *strings.Builder) {
	type model struct {
		level int
		kind  topology.CacheKind
		size  int64
		cpus  int
	}
	counts := map[model]int{}
	for _, c := range p.machine.Caches {
		counts[model{c.Level, c.Kind, c.Size, len(c.CPUs)}]++
	}
	models := make([]model, 0, len(counts))
	for m := range counts {
		models = append(models, m)
	}
	slices.SortFunc(models, func(a, b model) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.kind, b.kind), cmp.Compare(a.size, b.size), cmp.Compare(a.cpus, b.cpus))
	})
	if len(models) > 0 {
		b.WriteString("\nCaches:\n")
	}
	for _, m := range models {
		size := "of unknown size"
		if m.size > 0 {
			size = amount(m.size)
		}
		kind := " " + kinds[m.kind]
		if m.kind == topology.Unified {
			kind = ""
		}
		fmt.Fprintf(b, "  %3d × L%d%s %s for %s\n", counts[m], m.level, kind, size, count(m.cpus, "CPU"))
	}
}

var kinds = []string{topology.Unified: "unified", topology.Data: "data", topology.Instruction: "instruction"}

func (p *Plan) writeDistances(b *strings.Builder) {
	nodes := p.machine.Nodes
	if len(nodes) < 2 {
		return
	}
	b.WriteString("\nDistances between memory nodes:\n      ")
	for _, n := range nodes {
		fmt.Fprintf(b, "%5d", n.ID)
	}
	b.WriteString("\n")
	for _, n := range nodes {
		fmt.Fprintf(b, "  %4d", n.ID)
		for i := range nodes {
			if n.Distance == nil {
				b.WriteString("    ?")
			} else {
				fmt.Fprintf(b, "%5d", n.Distance[i])
			}
		}
		b.WriteString("\n")
	}
}

func (p *Plan) writeOrder(b *strings.Builder, width int) {
	if len(p.place.Domains) < 2 {
		return
	}
	b.WriteString("\nWhere a worker without work looks for some, by domain, after its own core:\n")
	for d := range p.place.Domains {
		const indent = "        "
		line := fmt.Sprintf("  %4d: ", d)
		for _, other := range p.place.DomainOrder(d) {
			word := fmt.Sprintf("%d ", other)
			if columns(line)+columns(word) > max(width, 20) {
				write(b, []string{line})
				line = indent
			}
			line += word
		}
		write(b, []string{line})
	}
}
