// Package savina runs the programs of the bench module's suite, engine by engine, and compares them.
//
// How to use it: Prepare builds what the engines need from a checkout (Find looks for it) into a temporary folder, and says
// which engines there are: Bastion and protoactor-go always, Erlang where erl and erlc are installed. Run then plays each
// program on each engine, in turn, several rounds, each in a process of its own, so that no engine's memory or scheduler
// is in another's way; every answer is compared with the right one. Report prints what came out.
//
// What is ordered: the rounds of one program alternate between the engines; programs run one after the other. What may be
// lost: a program that an engine cannot finish in Patience, or finishes wrongly, has no figure there but the reason.
// One Run at a time, from any goroutine; it ends when its context does, and what it has measured till then is returned.
// Close removes the temporary folder.
package savina
