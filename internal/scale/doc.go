// Scale simulates a fleet: how many reads the head of the log gets, how long
// requests wait for it, and what crosses the network, when a thousand nodes share
// one log.
//
//	go run ./internal/scale                  # the tables of docs/scale.md
//	go run ./internal/scale -measure         # what commands cost a redis-server here
//	go run ./internal/scale -nodes 200 -hits 100000 -purges 50
//
// A node is what package coherent is: near hits share one read of the log in
// flight, and a request uses one that began after it did; far hits bring the head
// along with the page; with a MaxStale a background reader asks every half of it.
// A Redis master is a queue with one server. What its commands cost in CPU time
// is measured, not guessed: -measure runs a redis-server and divides.
//
// The simulation leaves out what does not bound a fleet: connections, TLS, the
// nodes' own work. The test of this package lets real nodes read a real
// redis-server and compares how many reads they made.
package main
