// Package cron makes schedules of cron expressions, for the timers of
// github.com/bastion-go/bastion, in any time zone.
//
// # How to use it
//
//	nightly, err := cron.Parse("CRON_TZ=Europe/Berlin 30 2 * * *", nil)
//	timer, err := ctx.SetTimer(bastion.TimerSpec{To: ctx.Self(), Message: Nightly{}, On: nightly})
//
// An expression has five fields (minute, hour, day of month, month, day of week),
// or six with seconds before them: numbers, names of months and days, *, ranges
// (also over the end: fri-mon), lists and steps. @yearly, @monthly, @weekly, @daily and @hourly are short for
// some. If both day fields are given, a day that fits either counts, as in every
// cron. What comes every so many minutes whatever the clock says is SendEvery.
//
// A zone is known by its name only where there are tables of zones; a program that
// may run without them imports time/tzdata.
//
// # Daylight saving
//
// A Line that names hours is about the clock on the wall, once for each time named.
// What lies in a gap comes at the end of the gap, once, whatever number of its
// times are in there; what is there twice comes the first time. So nothing is left
// out, and nothing comes twice.
//
// A Line of every hour (the field is *, or comes to that) is about time as it
// passes: it comes in both of the hours that the clock shows twice, and there is
// nothing to be made up for in a gap.
//
// # What is ordered
//
// Next is always later than the time it is given.
//
// # What may be lost
//
// The timers that use a Line let at most one message wait, and count what was due
// meanwhile as missed. Nothing is remembered across the end of the program.
//
// # Who may call
//
// A Line never changes; any goroutine may use it.
//
// # How it stops
//
// With its timer. A Line whose dates are over, or never come, is refused by Parse or
// ends its timer.
package cron
