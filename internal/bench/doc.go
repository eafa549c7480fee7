// Bench measures uncache against the floor, which is the same work without a
// cache, and against its peers, and writes docs/performance.md:
//
//	cd internal/bench
//	go run .                              # every case, tables to standard output
//	go run . -case hit,redis -rounds 40   # some of them, longer
//	go run . -docs ../../docs             # tables and graphs into docs/performance.md
//	go run . -lines new.txt               # lines for benchstat
//	go run . -case hit -cpuprofile cpu.out
//	go tool pprof -tagfocus 'contestant=^uncache$' -top cpu.out   # where one contestant's time goes
//
// A machine that others use too is slower at one moment than at the next, by
// more than what there is to see. Hence nothing is measured alone: the
// contestants of a case take turns, in many short rounds, and what counts is the
// ratio of two of them within a round. The median of these ratios is given with
// the interval that holds it in 95 of 100 cases, whatever their distribution.
//
// Time is CPU time of the whole process (getrusage), which includes what
// allocating costs later; where waiting is what matters, as for Redis, it is the
// median of the durations of single calls. Unix only.
package main
