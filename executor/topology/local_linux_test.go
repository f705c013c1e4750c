package topology

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"testing"
)

// The quick way to the files and the standard one see the same machine.
func TestLocal_ReadsWhatTheStandardLibraryReads(t *testing.T) {
	quick, standard := Read(kernelFiles{}, nil), Read(os.DirFS("/"), nil)
	if !reflect.DeepEqual(quick, standard) {
		t.Errorf("%s\n%s", dump(quick), dump(standard))
	}
	for _, name := range []string{"no/such/file", "../etc", "/etc", "etc"} {
		f, err := kernelFiles{}.Open(name)
		if err == nil { // a folder can be opened, but not read
			_, err = f.Read(make([]byte, 1))
			f.Close()
		}
		if err == nil {
			t.Errorf("%s can be read", name)
		}
	}
	if _, err := (kernelFiles{}).Open("no/such/file"); !errors.Is(err, fs.ErrNotExist) || problem(err) != "is not there" {
		t.Error(err)
	}
}

// The mask that the kernel gives is inside the list that it writes.
func TestE4_AffinityIsWhatTheStatusFileSays(t *testing.T) {
	r := &reader{fsys: kernelFiles{}}
	text, err := r.text(statusFile)
	if err != nil {
		t.Skip(err)
	}
	list, err := parseStatus(text, "Cpus_allowed_list")
	if err != nil {
		t.Skip(err)
	}
	mask := affinity()
	if len(mask) == 0 || len(intersect(mask, list)) != len(mask) {
		t.Errorf("mask %v, list %v", mask, list)
	}
}
