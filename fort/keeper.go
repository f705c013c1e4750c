package fort

import (
	"encoding/json"
	"log/slog"
	"os"
	"slices"

	"github.com/bastion-go/bastion/fort/internal/wire"
)

// A keeper holds the guard's sockets: one descriptor each, whatever happens to the
// wards that use them. It belongs to the guard's goroutine. Only wards bind and
// listen; the guard keeps what they hand to it, so that it needs to know nothing of
// networks and addresses.
type keeper struct {
	held      map[string]*held
	inherited []wire.Inherited
}

// A held socket, or one that a ward is about to make.
type held struct {
	fd      int // -1: not made yet
	file    socketFile
	maker   *ward          // who is making it
	waiting []waiting      // who want it meanwhile
	users   map[*ward]bool // who have claimed it
	given   bool           // by the service manager: stays whoever claims it
}

// A ward that has lost its mind must not take the guard's memory and descriptors.
const (
	mostSockets = 1024 // that are kept, and calls that wait for one of them
	longestKey  = 1024 // bytes
)

type waiting struct {
	ward *ward
	id   uint64
}

// A socketFile is what a Unix socket leaves on disk.
type socketFile struct {
	path string
	info os.FileInfo // to remove only what is ours
}

func newSocketFile(path string) socketFile {
	if path == "" {
		return socketFile{}
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return socketFile{} // whatever it is, it is not ours to remove
	}
	return socketFile{path, info}
}

func (f socketFile) remove() {
	if f.path == "" {
		return
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(now, f.info) {
		os.Remove(f.path)
	}
}

// inherit takes over what the service manager has opened for this process.
func (k *keeper) inherit(log *slog.Logger) {
	given, err := activated()
	if err != nil {
		log.Error("fort: sockets of the service manager", "error", err)
	}
	for _, a := range given {
		k.held[a.Key] = &held{fd: a.fd, users: map[*ward]bool{}, given: true}
		k.inherited = append(k.inherited, a.Inherited)
	}
}

// claim gives a ward a socket, or has the ward make it, or, when another is making
// it just now, answers later.
func (k *keeper) claim(w *ward, payload []byte) {
	var c wire.Socket
	if json.Unmarshal(payload, &c) != nil {
		return
	}
	h := k.held[c.Key]
	switch {
	case len(c.Key) > longestKey, h == nil && len(k.held) >= mostSockets, h != nil && len(h.waiting) >= mostSockets:
		_ = w.conn.Send(wire.Granted, wire.Socket{ID: c.ID, Error: "the guard keeps no more sockets, or none of such a name"})
	case h == nil:
		k.held[c.Key] = &held{fd: -1, maker: w, users: map[*ward]bool{}}
		_ = w.conn.Send(wire.Granted, wire.Socket{ID: c.ID, Key: c.Key, Make: true})
	case h.fd < 0:
		h.waiting = append(h.waiting, waiting{w, c.ID})
	default:
		h.give(w, c.ID, c.Key)
	}
}

func (h *held) give(w *ward, id uint64, key string) {
	h.users[w] = true
	_ = w.conn.Send(wire.Granted, wire.Socket{ID: id, Key: key}, h.fd)
}

// offer takes a socket that a ward has made, or the word that it could not.
func (k *keeper) offer(w *ward, payload []byte, fds []int) {
	var o wire.Socket
	h := (*held)(nil)
	if json.Unmarshal(payload, &o) == nil {
		h = k.held[o.Key]
	}
	if h == nil || h.maker != w || len(fds) > 1 {
		closeAll(fds)
		return
	}
	h.maker = nil
	if len(fds) == 0 {
		k.next(o.Key, h)
		return
	}
	h.fd, h.file = fds[0], newSocketFile(o.Path)
	h.users[w] = true
	for _, x := range h.waiting {
		h.give(x.ward, x.id, o.Key)
	}
	h.waiting = nil
}

// next has the first of those who wait make the socket.
func (k *keeper) next(key string, h *held) {
	if len(h.waiting) == 0 {
		delete(k.held, key)
		return
	}
	x := h.waiting[0]
	h.waiting, h.maker = h.waiting[1:], x.ward
	_ = x.ward.conn.Send(wire.Granted, wire.Socket{ID: x.id, Key: key, Make: true})
}

// gone forgets a ward, and what it was about to make.
func (k *keeper) gone(w *ward) {
	for key, h := range k.held {
		delete(h.users, w)
		h.waiting = slices.DeleteFunc(h.waiting, func(x waiting) bool { return x.ward == w })
		if h.maker == w {
			h.maker = nil
			k.next(key, h)
		}
	}
}

// dropUnclaimed closes what only a former version of the program has used.
func (k *keeper) dropUnclaimed() {
	for key, h := range k.held {
		if h.fd >= 0 && !h.given && len(h.users) == 0 {
			h.close()
			delete(k.held, key)
		}
	}
}

func (h *held) close() {
	if h.fd >= 0 {
		closeAll([]int{h.fd})
		h.file.remove()
	}
}

// close closes everything, at the end of the fort.
func (k *keeper) close() {
	for _, h := range k.held {
		h.close()
	}
	k.held = nil
}
