package demo

import (
	"fmt"
	"strconv"
	"strings"
)

// An answer is one line from the service, taken apart.
type answer struct {
	word string // OK, VALUE, NONE, KEYS, ERR, BYE
	life uint64 // the incarnation that answered; of OK, VALUE and NONE
	text string // the rest
}

// refused tells whether the service said that it did not, or does not know whether it did.
func (a answer) refused() bool { return a.word == "ERR" }

func parseAnswer(line string) (answer, error) {
	var a answer
	a.word, a.text, _ = strings.Cut(line, " ")
	switch a.word {
	case "ERR", "BYE", "KEYS":
		return a, nil
	case "OK", "VALUE", "NONE":
		number, text, _ := strings.Cut(a.text, " ")
		life, err := strconv.ParseUint(number, 10, 64)
		if err != nil || life == 0 {
			return a, fmt.Errorf("an answer without the number of a life: %.80q", line)
		}
		a.life, a.text = life, text
		return a, nil
	}
	return a, fmt.Errorf("not an answer: %.80q", line)
}
