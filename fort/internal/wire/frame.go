package wire

// Version is what this package speaks. Oldest is the oldest that it understands.
const (
	Version = 1
	Oldest  = 1
)

// Max is the longest payload.
const Max = 1 << 20

// A Kind says what a frame is.
type Kind uint8

// Kinds keep their numbers for ever.
const (
	Welcome  Kind = 1  // guard: first, a Greeting
	Hello    Kind = 2  // ward: Main was entered, a Greeting with the version only
	Ready    Kind = 3  // ward: it serves
	Ping     Kind = 4  // guard: a Beat is due
	Beat     Kind = 5  // ward: it is alive
	Stop     Kind = 6  // guard: an Order to end
	Claim    Kind = 7  // ward: wants a Socket
	Granted  Kind = 8  // guard: the Socket, with its descriptor, or word that the ward shall make it
	Offer    Kind = 9  // ward: the Socket that it made, with its descriptor, or the word that it could not
	Upgrade  Kind = 10 // ward: a Request
	Upgraded Kind = 11 // guard: the Request's outcome
	Failed   Kind = 12 // ward: the error that its function returned, a Note
)

// A Frame is one message.
type Frame struct {
	Kind    Kind
	Payload []byte
	FDs     []int // the receiver's, to be closed by it
}
