package distributor

// A Key makes of a message the key by which ConsistentHash and Sticky choose. Messages
// with the same key belong together.
type Key func(msg any) uint64

// Keyed is a message that knows its key, for strategies without a Key of their own.
type Keyed interface {
	// Key is the same for what belongs together.
	Key() uint64
}

// KeyOf makes a key of a string: FNV-1a, 64 bit, the same in every program. Whoever
// can choose many strings can make them collide.
func KeyOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// of is the key of a message.
func (k Key) of(msg any) (uint64, error) {
	if k != nil {
		return k(msg), nil
	}
	if m, ok := msg.(Keyed); ok {
		return m.Key(), nil
	}
	return 0, ErrNoKey
}
