package cron

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

const minutes = "01-02 15:04 -0700"

func TestT5_DaylightSaving(t *testing.T) {
	for _, c := range []struct{ what, zone, line, from, want string }{
		{"a gap: at its end", "Europe/Berlin", "30 2 * * *", "2026-03-28 12:00", "03-29 03:00 +0200, 03-30 02:30 +0200"},
		{"a gap: once", "Europe/Berlin", "*/10 2 * * *", "2026-03-29 01:00", "03-29 03:00 +0200, 03-30 02:00 +0200"},
		{"a gap: not twice at its end", "Europe/Berlin", "30 2,3 * * *", "2026-03-29 01:00", "03-29 03:00 +0200, 03-29 03:30 +0200"},
		{"a gap: its end itself", "Europe/Berlin", "0 2,3 * * *", "2026-03-29 01:00", "03-29 03:00 +0200, 03-30 02:00 +0200"},
		{"a gap: every hour", "Europe/Berlin", "30 * * * *", "2026-03-29 01:00", "03-29 01:30 +0100, 03-29 03:30 +0200, 03-29 04:30 +0200"},
		{"twice: once", "Europe/Berlin", "30 2 * * *", "2026-10-24 12:00", "10-25 02:30 +0200, 10-26 02:30 +0100"},
		{"twice: every hour, both", "Europe/Berlin", "30 * * * *", "2026-10-25 01:45", "10-25 02:30 +0200, 10-25 02:30 +0100, 10-25 03:30 +0100"},
		{"twice: after it", "Europe/Berlin", "0 3 * * *", "2026-10-24 12:00", "10-25 03:00 +0100, 10-26 03:00 +0100"},
		{"no midnight", "America/Sao_Paulo", "0 0 * * *", "2018-11-03 12:00", "11-04 01:00 -0200, 11-05 00:00 -0200"},
		{"two midnights", "America/Sao_Paulo", "30 23 * * *", "2018-02-16 12:00", "02-16 23:30 -0200, 02-17 23:30 -0200, 02-18 23:30 -0300"},
		{"half an hour's gap", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03 12:00", "10-04 02:30 +1100, 10-05 02:15 +1100"},
		{"half an hour twice", "Australia/Lord_Howe", "45 1 * * *", "2026-04-04 12:00", "04-05 01:45 +1100, 04-06 01:45 +1030"},
		{"no such day there", "Pacific/Apia", "0 12 30 * *", "2011-12-28 12:00", "12-31 00:00 +1400, 01-30 12:00 +1400"},
		{"the other side of it", "Pacific/Apia", "0 0 31 12 *", "2011-12-28 12:00", "12-31 00:00 +1400, 12-31 00:00 +1400"},
		{"seconds", "UTC", "15 30 2 * * *", "2026-10-24 12:00", "10-25 02:30 +0000, 10-26 02:30 +0000"},
		{"either day", "UTC", "0 0 13 * fri", "2026-11-01 12:00", "11-06 00:00 +0000, 11-13 00:00 +0000, 11-20 00:00 +0000"},
		{"Sunday is 7", "UTC", "0 0 * * 7", "2026-11-01 12:00", "11-08 00:00 +0000, 11-15 00:00 +0000"},
		{"short", "UTC", "@monthly", "2026-11-01 12:00", "12-01 00:00 +0000, 01-01 00:00 +0000"},
		{"eight years", "UTC", "0 0 29 2 *", "2096-03-01 00:00", "02-29 00:00 +0000"},
	} {
		t.Run(c.what, func(t *testing.T) {
			l, err := Parse("CRON_TZ="+c.zone+" "+c.line, nil)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.ParseInLocation("2006-01-02 15:04", c.from, l.Zone())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range strings.Split(c.want, ", ") {
				at = l.Next(at)
				got = append(got, at.Format(minutes))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("%s\n\tgot  %s\n\twant %s", c.line, s, c.want)
			}
		})
	}
}

func TestT5_SaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                       `column 1: 0 fields`,
		"* * * *":                `column 8: 4 fields`,
		"* * * * * * *":          `column 13: more than six`,
		"61 * * * *":             `column 1, minute`,
		"*  25 * * *":            `column 4, hour`,
		"* * 32 * *":             `column 5, day of month`,
		"* * 0 * *":              `column 5, day of month`,
		"* * * foo *":            `column 7, month`,
		"* * * * 8":              `column 9, day of week`,
		"61 * * * * *":           `column 1, second`,
		"*/0 * * * *":            `column 1, minute`,
		"1/2/3 * * * *":          `column 1, minute`,
		"-1 * * * *":             `column 1, minute`,
		"0 0 30 2 *":             `column 5, day of month`,
		"CRON_TZ=No/Where * * *": `column 1, time zone`,
		"TZ= * * * * *":          `column 1, time zone`,
		"TZ=0":                   `column 1, time zone`,
		"TZ=UTC":                 `column 7: 0 fields`,
		"TZ=UTC 61 * * * *":      `column 8, minute`,
		"@never":                 `column 1: unknown name`,
		"@every 5m":              `2 fields`,
		"@every":                 `column 1: unknown name; an interval`,
		"\x00 * * * *":           `column 1, minute`,
	} {
		_, err := Parse(text, nil)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := Parse(strings.Repeat("1,", 1000)+" * * * *", nil); err == nil {
		t.Error("no limit")
	}
}

// Next is later, in the zone's own time a time that fits or the end of a gap, and leaves none out. Compared with a clock
// that is looked at every minute of some days.
func TestT5_AgainstAClock(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca"}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		zone, err := time.LoadLocation(zones[rng.IntN(len(zones))])
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%d,%d %d-%d * * *", rng.IntN(60), rng.IntN(60), rng.IntN(3), 3+rng.IntN(5))
		hourly := rng.IntN(3) == 0
		if hourly {
			text = fmt.Sprintf("*/%d * * * *", 1+rng.IntN(40))
		}
		l, err := Parse(text, zone)
		if err != nil {
			t.Fatal(text, err)
		}
		from, err := time.Parse(time.DateOnly, []string{ // some days before clocks change in one of the zones
			"2018-02-16", "2018-11-02", "2026-03-27", "2026-10-23", "2026-04-03", "2026-10-02", "2026-02-13", "2026-03-20", "2026-03-06", "2026-10-30",
		}[rng.IntN(10)])
		if err != nil {
			t.Fatal(err)
		}
		to := from.AddDate(0, 0, 4)
		want := watch(l, hourly, from, to)
		var got []time.Time
		for at := l.Next(from); at.Before(to); at = l.Next(at) {
			got = append(got, at.UTC())
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d: %s in %v from %v:\ngot  %v\nwant %v", seed, text, zone, from, got, want)
		}
	}
}

// watch looks at a clock every minute.
func watch(l *Line, hourly bool, from, to time.Time) (due []time.Time) {
	top := faceOf(from.In(l.zone)) // the latest that was ever shown
	for at := from.Add(time.Minute); at.Before(to); at = at.Add(time.Minute) {
		face := faceOf(at.In(l.zone))
		comes := false
		switch {
		case hourly:
			comes = l.match(face).Equal(face)
		case face.After(top):
			comes = !l.match(top.Add(time.Minute)).After(face)
		}
		if comes {
			due = append(due, at)
		}
		if face.After(top) {
			top = face
		}
	}
	return due
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"* * * * *", "CRON_TZ=Europe/Berlin 0 0-6/2 1,15 jan-mar sun", "@daily", "TZ=", "1/2/3 ? L W #"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse(text, nil)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Column < 1 || syntax.Column > len(text)+1 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		from := time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC)
		for range 3 {
			next := l.Next(from)
			if !next.After(from) {
				t.Fatalf("%q: %v after %v", text, next, from)
			}
			from = next
		}
	})
}
