package wire

import "encoding/json"

// A Greeting is the first thing that either end says.
type Greeting struct {
	Version     int             `json:"version"`
	Slot        int             `json:"slot,omitempty"`
	Incarnation int             `json:"incarnation,omitempty"`
	Crash       json.RawMessage `json:"crash,omitempty"`     // of the predecessor, if it crashed
	Inherited   []Inherited     `json:"inherited,omitempty"` // what the guard got from the service manager
}

// An Inherited socket was open when the guard was started.
type Inherited struct {
	Key     string `json:"key"` // to claim it by
	Name    string `json:"name"`
	Network string `json:"network"`
	Address string `json:"address"`
}

// A Socket travels as Claim, Granted and Offer.
type Socket struct {
	ID   uint64 `json:"id"`             // of the claim; the answer repeats it
	Key  string `json:"key"`            // network, address and which of several
	Make bool   `json:"make,omitempty"` // of Granted: there is none yet, and it is for this ward to make it
	Path string `json:"path,omitempty"` // of Offer: the file of a Unix socket
	// Error, of Granted: the guard keeps no such socket.
	Error string `json:"error,omitempty"`
}

// An Order is what Stop carries.
type Order struct {
	Reason  string `json:"reason"`
	Profile string `json:"profile,omitempty"` // write a heap profile to this file first
}

// A Request is what Upgrade carries, and Upgraded back.
type Request struct {
	ID    uint64 `json:"id"`
	Error string `json:"error,omitempty"`
}

// A Note is a text.
type Note struct {
	Text string `json:"text"`
}
