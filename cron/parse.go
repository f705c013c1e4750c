package cron

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// A SyntaxError says where an expression does not parse, and why.
type SyntaxError struct {
	Text   string // the expression
	Column int    // where in Text, in bytes from 1
	Field  string // "minute", "day of week", "time zone" and so on; empty: the whole
	Reason string
}

func (e *SyntaxError) Error() string {
	where := fmt.Sprintf("column %d", e.Column)
	if e.Field != "" {
		where += ", " + e.Field
	}
	return fmt.Sprintf("cron: %q: %s: %s", e.Text, where, e.Reason)
}

// names are the fields in their order.
var names = []string{"second", "minute", "hour", "day of month", "month", "day of week"}

// short are the expressions that have a name.
var short = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// maxLength is how long an expression may be.
const maxLength = 1000

// Parse reads an expression; see the package for its form. It is meant in zone,
// unless it begins with CRON_TZ= or TZ= and the name of another one. A nil zone is
// UTC, as everywhere in package time: for that of the machine say time.Local. What
// does not parse, or describes a date that never comes, is a *SyntaxError.
func Parse(text string, zone *time.Location) (*Line, error) {
	if len(text) > maxLength {
		return nil, &SyntaxError{Text: text, Column: maxLength + 1, Reason: fmt.Sprintf("longer than %d bytes", maxLength)}
	}
	if zone == nil {
		zone = time.UTC
	}
	words := split(text)
	if len(words) > 0 {
		if _, name, ok := strings.Cut(words[0].text, "TZ="); ok && (strings.HasPrefix(words[0].text, "TZ=") || strings.HasPrefix(words[0].text, "CRON_TZ=")) {
			var err error
			if zone, err = time.LoadLocation(name); err != nil || name == "" {
				return nil, words[0].wrong(text, "time zone", fmt.Sprintf("no time zone is called %q", name))
			}
			words = words[1:]
		}
	}
	words, err := spelledOut(text, words)
	if err != nil {
		return nil, err
	}
	l := &Line{text: text, zone: zone}
	for i, set := range []*uint64{&l.second, &l.minute, &l.hour, &l.day, &l.month, &l.week} {
		if *set, err = field(i, words[i].text); err != nil {
			return nil, words[i].wrong(text, names[i], err.Error())
		}
	}
	if has(l.week, 7) {
		l.week |= 1 // Sunday
	}
	l.either = !open(words[3].text) && !open(words[5].text)
	if l.match(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, words[3].wrong(text, names[3], "there is no such day in such a month")
	}
	return l, nil
}

// open reports whether a day field leaves the choice to the other one.
func open(field string) bool { return field[0] == '*' || field[0] == '?' }

// A word is a part of an expression, and where it begins.
type word struct {
	text string
	at   int
}

func (w word) wrong(text, field, reason string) error {
	return &SyntaxError{Text: text, Column: w.at + 1, Field: field, Reason: reason}
}

func split(text string) (words []word) {
	for at := 0; at < len(text); {
		rest := text[at:]
		blank := len(rest) - len(strings.TrimLeft(rest, " \t"))
		at += blank
		if n := strings.IndexAny(text[at:]+" ", " \t"); n > 0 {
			words = append(words, word{text[at : at+n], at})
			at += n
		}
	}
	return words
}

// spelledOut returns the six fields.
func spelledOut(text string, words []word) ([]word, error) {
	if len(words) == 1 && strings.HasPrefix(words[0].text, "@") {
		long, ok := short[words[0].text]
		if !ok {
			return nil, words[0].wrong(text, "", "unknown name; an interval (@every) is for SendEvery")
		}
		at := words[0].at
		words = nil
		for _, f := range strings.Fields(long) {
			words = append(words, word{f, at})
		}
	}
	switch {
	case len(words) < 5:
		return nil, word{at: len(text)}.wrong(text, "", fmt.Sprintf("%d fields are too few: five, or six with seconds", len(words)))
	case len(words) > 6:
		return nil, words[6].wrong(text, "", "more than six fields")
	case len(words) == 5:
		words = slices.Insert(words, 0, word{"0", words[0].at})
	}
	return words, nil
}

// parser reads single fields. What the library makes of whole expressions is not
// used: see docs/decisions/cron.md.
var parser = cron.MustNewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// field reads the i-th field, alone, so that it is known which one is wrong.
func field(i int, text string) (set uint64, err error) {
	all := []string{"*", "*", "*", "*", "*", "*"}
	all[i] = text
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("cannot be read: %q", text)
		}
	}()
	s, err := parser.Parse(strings.Join(all, " "))
	if err != nil {
		return 0, err
	}
	spec, ok := s.(*cron.SpecSchedule)
	if !ok {
		return 0, fmt.Errorf("cannot be read: %q", text)
	}
	const values = 1<<60 - 1 // the bits above are the library's own
	set = [...]uint64{spec.Second, spec.Minute, spec.Hour, spec.Dom, spec.Month, spec.Dow}[i] & values
	if set == 0 {
		return 0, fmt.Errorf("stands for nothing: %q", text)
	}
	return set, nil
}
