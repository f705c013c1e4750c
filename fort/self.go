package fort

import (
	"os"
	"path/filepath"
)

// self is the program that this process is. Crashes are answered with the version
// that ran, only an upgrade takes the one on disk: so neither an installation that
// has not been asked for nor a file that has vanished changes what a restart does.
type self struct {
	path string // of the file
	name string
	runs *os.File // the version that runs, or ran; nil: as on disk
	next *os.File // the version that an upgrade is trying
}

func newSelf() (*self, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &self{path: path, name: filepath.Base(path)}
	p.runs, _ = openSelf()
	return p, nil
}

// file is what to run: the path on disk, or, where that is no longer the version
// that ran, a name that the kernel has for the old one.
func (p *self) file(anew bool) string {
	if anew {
		if p.next == nil {
			p.next, _ = os.Open(p.path)
		}
		return p.path
	}
	if p.runs == nil || same(p.runs, p.path) {
		return p.path
	}
	if name := nameOf(p.runs); exists(name) {
		return name
	}
	return p.path
}

// upgraded takes the version that was tried for the one that runs, or forgets it.
func (p *self) upgraded(done bool) {
	if done && p.next != nil {
		p.runs, p.next = p.next, p.runs
	}
	p.drop()
}

func (p *self) drop() {
	if p.next != nil {
		p.next.Close()
		p.next = nil
	}
}

func same(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return true // then the path is as good as anything
	}
	disk, err := os.Stat(path)
	return err == nil && os.SameFile(ours, disk)
}
