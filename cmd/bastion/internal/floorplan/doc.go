// Package floorplan shows a machine to people, as boxes inside boxes with the workers in them, and to programs, as JSON.
//
// Everything here is a pure function of a topology and a number of workers; nothing is ordered by chance, so the same
// machine gives the same text.
package floorplan
