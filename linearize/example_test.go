package linearize_test

import (
	"fmt"
	"testing"

	"github.com/bastion-go/bastion/linearize"
)

// A register that forgets a write is no register.
func ExampleMap() {
	store := map[string]int{}
	put := func(r *linearize.Recorder[in, out], key string, value int, keeps bool) {
		_, _ = r.Do(linearize.Put(key, value), func() (out, error) {
			if keeps {
				store[key] = value
			}
			return out{}, nil
		})
	}
	get := func(r *linearize.Recorder[in, out], key string) {
		_, _ = r.Do(linearize.Get[string, int](key), func() (out, error) {
			value, found := store[key]
			return out{Value: value, Found: found}, nil
		})
	}
	var good, bad linearize.Recorder[in, out]
	put(&good, "a", 1, true)
	get(&good, "a")
	fmt.Println(linearize.Map[string, int]().Check(&good).OK)
	put(&bad, "b", 1, false)
	get(&bad, "b")
	fmt.Println(linearize.Map[string, int]().Check(&bad).Text)
	// Output:
	// true
	// no order of these operations on "b" explains their answers (each with the times at which it began and ended):
	//	1-2: put b 1: {0 false}
	//	3-4: get b: {0 false}
}

// A model of one's own: a counter.
func ExampleModel() {
	counter := linearize.Model[string, int, int]{Apply: func(n int, _ string) (int, int) { return n + 1, n + 1 }}
	var r linearize.Recorder[string, int]
	n := 0
	for range 3 {
		_, _ = r.Do("next", func() (int, error) { n++; return n, nil })
	}
	_, _ = r.Try("next", func() (int, bool, error) { return 0, false, fmt.Errorf("refused") })
	counter.Verify(&testing.T{}, &r)
	fmt.Println(r.Len(), counter.Check(&r).OK)
	// Output: 3 true
}

// What reads, writes and removes.
func ExampleDelete() {
	fmt.Println(linearize.Get[string, int]("a"), linearize.Put("a", 1), linearize.Delete[string, int]("a"))
	// Output: get a put a 1 delete a
}
