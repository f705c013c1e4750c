//go:build !amd64 || race

package mailbox

import "sync/atomic"

func storeLen(p *atomic.Int32, v int32)     { p.Store(v) }
func storeTakes(p *atomic.Uint32, v uint32) { p.Store(v) }
