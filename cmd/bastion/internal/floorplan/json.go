package floorplan

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// The shape of the JSON. Names are part of the command's interface; what is not known is null.
type (
	machineJSON struct {
		Origin      string        `json:"origin"`
		Quota       *float64      `json:"quota"`
		Parallelism int           `json:"parallelism"`
		Affinity    string        `json:"affinity"`
		Packages    []packageJSON `json:"packages"`
		Cores       []coreJSON    `json:"cores"`
		CPUs        []cpuJSON     `json:"cpus"`
		Caches      []cacheJSON   `json:"caches"`
		Nodes       []nodeJSON    `json:"nodes"`
		Domains     []domainJSON  `json:"domains"`
		Workers     []workerJSON  `json:"workers"`
		Notes       []noteJSON    `json:"notes"`
	}
	packageJSON struct {
		ID    int   `json:"id"`
		Cores []int `json:"cores"`
	}
	coreJSON struct {
		ID      int   `json:"id"`
		Package int   `json:"package"`
		Class   int   `json:"class"`
		CPUs    []int `json:"cpus"`
	}
	cpuJSON struct {
		ID      int   `json:"id"`
		Core    int   `json:"core"`
		Package int   `json:"package"`
		Node    int   `json:"node"`
		Workers []int `json:"workers"`
	}
	cacheJSON struct {
		Level int    `json:"level"`
		Kind  string `json:"kind"`
		Size  *int64 `json:"size"`
		Line  *int64 `json:"line"`
		CPUs  []int  `json:"cpus"`
	}
	nodeJSON struct {
		ID       int    `json:"id"`
		Memory   *int64 `json:"memory"`
		Distance []int  `json:"distance"`
		CPUs     []int  `json:"cpus"`
	}
	domainJSON struct {
		Node  int   `json:"node"`
		CPUs  []int `json:"cpus"`
		Order []int `json:"order"`
	}
	workerJSON struct {
		ID     int   `json:"id"`
		CPU    int   `json:"cpu"`
		Domain int   `json:"domain"`
		Node   int   `json:"node"`
		Pinned []int `json:"pinned"`
	}
	noteJSON struct {
		Path    string `json:"path"`
		More    int    `json:"more"`
		Problem string `json:"problem"`
		Assumed string `json:"assumed"`
	}
)

// known is a pointer to n, or nil where 0 stands for "not known".
func known[N int64 | float64](n N) *N {
	if n == 0 {
		return nil
	}
	return &n
}

// list is cpus, or an empty list instead of JSON's null.
func list(cpus []int) []int {
	if cpus == nil {
		return []int{}
	}
	return cpus
}

// JSON returns the plan as JSON, indented, with a line break at its end.
func (p *Plan) JSON() ([]byte, error) {
	t := p.machine
	m := machineJSON{Origin: t.Origin, Quota: known(t.Quota), Parallelism: t.Parallelism(), Affinity: p.affinity.String(), Caches: []cacheJSON{}, Notes: []noteJSON{}}
	for _, x := range t.Packages {
		m.Packages = append(m.Packages, packageJSON{x.ID, list(x.Cores)})
	}
	for _, x := range t.Cores {
		m.Cores = append(m.Cores, coreJSON{x.ID, x.Package, x.Class, list(x.CPUs)})
	}
	for _, x := range t.CPUs {
		m.CPUs = append(m.CPUs, cpuJSON{x.ID, x.Core, x.Package, x.Node, list(p.workers[x.ID])})
	}
	for _, x := range t.Caches {
		m.Caches = append(m.Caches, cacheJSON{x.Level, kinds[x.Kind], known(x.Size), known(int64(x.Line)), list(x.CPUs)})
	}
	for _, x := range t.Nodes {
		m.Nodes = append(m.Nodes, nodeJSON{x.ID, known(x.Memory), x.Distance, list(x.CPUs)})
	}
	for i, x := range p.place.Domains {
		m.Domains = append(m.Domains, domainJSON{x.Node, list(x.CPUs), p.place.DomainOrder(i)})
	}
	for w, at := range p.places {
		m.Workers = append(m.Workers, workerJSON{w, at.CPU, p.place.Domain[w], at.Node, at.Pinned})
	}
	for _, x := range t.Notes {
		m.Notes = append(m.Notes, noteJSON{x.Path, x.More, x.Problem, x.Assumed})
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(numbers.ReplaceAllFunc(text, squeeze), '\n'), nil
}

// numbers is a list of numbers that MarshalIndent has given a line each, which makes 128 CPUs unreadable. No string of
// ours can hold a line break and look like one.
var (
	numbers = regexp.MustCompile(`\[\n\s*\d+(,\n\s*\d+)*\n\s*\]`)
	breaks  = regexp.MustCompile(`\n\s*`)
)

func squeeze(text []byte) []byte {
	text = breaks.ReplaceAll(text, nil)
	return bytes.ReplaceAll(text, []byte(","), []byte(", "))
}
