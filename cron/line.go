package cron

import (
	"time"
)

// A Line is a parsed expression in a time zone. It is a bastion.Schedule. Only
// Parse makes one.
type Line struct {
	text                                   string
	zone                                   *time.Location
	second, minute, hour, day, month, week uint64 // a bit for each value
	either                                 bool   // both day fields are given: one of them is enough
}

// String is the expression as it was given to Parse.
func (l *Line) String() string { return l.text }

// Zone is the time zone in which the expression is meant.
func (l *Line) Zone() *time.Location { return l.zone }

// horizon is how many years ahead a time is looked for: eight lie between the leap
// years before and after 1900, 2100 and their like.
const horizon = 9

const everyHour = 1<<24 - 1

// Next is the first time after the one given, in the zone of the Line; the zero
// Time if there is none within nine years. See the package on daylight saving.
func (l *Line) Next(after time.Time) time.Time {
	after = after.In(l.zone)
	if l.hour&everyHour == everyHour {
		return l.nextPassing(after)
	}
	for face := faceOf(after); ; face = face.Add(time.Second) {
		if face = l.match(face); face.IsZero() {
			return time.Time{}
		}
		if at := firstShown(face, l.zone); at.After(after) {
			return at
		}
	}
}

// nextPassing goes from one change of the zone's clocks to the next: between them
// time passes on the clock as it passes.
func (l *Line) nextPassing(after time.Time) time.Time {
	from := after.Truncate(time.Second).Add(time.Second)
	for {
		_, offset := from.Zone()
		_, end := from.ZoneBounds()
		face := l.match(faceOf(from))
		if face.IsZero() {
			return time.Time{}
		}
		at := instant(face, offset, l.zone)
		if end.IsZero() || at.Before(end) {
			return at
		}
		from = end
	}
}

// A face is what a clock on the wall shows, kept as if it were UTC, where every
// time is there once.
func faceOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func instant(face time.Time, offset int, zone *time.Location) time.Time {
	return face.Add(-time.Duration(offset) * time.Second).In(zone)
}

// firstShown is the first moment at which a clock of the zone shows that face, or,
// if it jumps over it, the moment of the jump.
func firstShown(face time.Time, zone *time.Location) time.Time {
	near := time.Date(face.Year(), face.Month(), face.Day(), face.Hour(), face.Minute(), face.Second(), 0, zone)
	start, end := near.ZoneBounds()
	_, offset := near.Zone()
	at := instant(face, offset, zone)
	shown := faceOf(at).Equal(face)
	for _, change := range [...]time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		before := change.Add(-time.Second)
		if faceOf(before).Before(face) && !faceOf(change).Before(face) && !shown {
			return change
		}
		_, offset := before.Zone()
		if other := instant(face, offset, zone); faceOf(other).Equal(face) && (!shown || other.Before(at)) {
			at, shown = other, true
		}
	}
	return at
}

// match is the first face that fits and is not earlier; zero if there is none.
func (l *Line) match(face time.Time) time.Time {
	for last := face.Year() + horizon; face.Year() <= last; {
		y, mo, d := face.Date()
		switch {
		case !has(l.month, int(mo)):
			face = time.Date(y, mo+1, 1, 0, 0, 0, 0, time.UTC)
		case !l.onDay(face):
			face = time.Date(y, mo, d+1, 0, 0, 0, 0, time.UTC)
		case !has(l.hour, face.Hour()):
			face = face.Truncate(time.Hour).Add(time.Hour)
		case !has(l.minute, face.Minute()):
			face = face.Truncate(time.Minute).Add(time.Minute)
		case !has(l.second, face.Second()):
			face = face.Add(time.Second)
		default:
			return face
		}
	}
	return time.Time{}
}

func has(set uint64, n int) bool { return set&(1<<n) != 0 }

func (l *Line) onDay(face time.Time) bool {
	day, week := has(l.day, face.Day()), has(l.week, int(face.Weekday()))
	if l.either {
		return day || week
	}
	return day && week
}
