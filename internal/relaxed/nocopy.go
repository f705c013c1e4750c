//go:build (amd64 || arm64) && !race

package relaxed

// noCopy lets go vet's copylocks find copies of the plain words, as it does for those of sync/atomic.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
