package linearize

import "fmt"

// A MapIn is an operation on a map: Get, Put or Delete of a key.
type MapIn[K comparable, V any] struct {
	// Op says which.
	Op MapOp
	// Key is what it is about.
	Key K
	// Value is what Put writes.
	Value V
}

// A MapOp is what is done to a key.
type MapOp uint8

const (
	// OpGet reads.
	OpGet MapOp = iota
	// OpPut writes.
	OpPut
	// OpDelete removes.
	OpDelete
)

// String is the operation as it is shown to people.
func (in MapIn[K, V]) String() string {
	switch in.Op {
	case OpPut:
		return fmt.Sprintf("put %v %v", in.Key, in.Value)
	case OpDelete:
		return fmt.Sprintf("delete %v", in.Key)
	}
	return fmt.Sprintf("get %v", in.Key)
}

// A MapOut is the answer to Get; those to Put and Delete say nothing.
type MapOut[V any] struct {
	// Value is what the key holds.
	Value V
	// Found: it holds something.
	Found bool
}

// Get reads a key.
func Get[K comparable, V any](key K) MapIn[K, V] { return MapIn[K, V]{Key: key} }

// Put writes a key.
func Put[K comparable, V any](key K, value V) MapIn[K, V] {
	return MapIn[K, V]{Op: OpPut, Key: key, Value: value}
}

// Delete removes a key.
func Delete[K comparable, V any](key K) MapIn[K, V] { return MapIn[K, V]{Op: OpDelete, Key: key} }

// Map is the model of a map from keys to values, each key of which is on its own.
func Map[K comparable, V any]() Model[MapIn[K, V], MapOut[V], MapOut[V]] {
	return Model[MapIn[K, V], MapOut[V], MapOut[V]]{
		Apply: func(held MapOut[V], in MapIn[K, V]) (MapOut[V], MapOut[V]) {
			switch in.Op {
			case OpPut:
				return MapOut[V]{in.Value, true}, MapOut[V]{}
			case OpDelete:
				return MapOut[V]{}, MapOut[V]{}
			}
			return held, held
		},
		Key: func(in MapIn[K, V]) string { return fmt.Sprint(in.Key) },
	}
}
