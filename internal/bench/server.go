package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/uncache/uncache/cache/coherent"
)

// benchServer is a hit through net/http's server on loopback.
func benchServer(b *bench) {
	b.printf(`The same page through net/http's server on loopback, over connections that stay
open. The client is in the same process and does little: it writes a request that
it has prepared, and reads as many bytes as the answer says.`)
	floor := b.serve(http.HandlerFunc(bare))
	cached := b.serve(b.handler(b.memory(), coherent.Options{}))
	all := b.race(
		contestant{name: "floor", worker: b.clientOf(floor)},
		contestant{name: "uncache", worker: b.clientOf(cached)},
		contestant{name: "floor, 16 connections", worker: b.clientOf(floor), workers: manyVisitors},
		contestant{name: "uncache, 16 connections", worker: b.clientOf(cached), workers: manyVisitors},
	)
	b.compare(all, "floor", "CPU ns", cpu)
	b.bar("a hit through a server, CPU over the floor's", ratio(named(all, "uncache"), named(all, "floor"), cpu), 1.03)
	b.bar("the same over 16 connections", ratio(named(all, "uncache, 16 connections"), named(all, "floor, 16 connections"), cpu), 1.03)
}

// serve starts a server and returns its address.
func (b *bench) serve(h http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // ends when it is closed
	}()
	b.cleanup(func() { _ = s.Close(); <-done })
	return l.Addr().String()
}

// clientOf makes a worker that asks a server over a connection of its own.
func (b *bench) clientOf(addr string) func() func(int) {
	return func() func(int) {
		conn, err := net.Dial("tcp", addr)
		b.must(err)
		b.cleanup(func() { _ = conn.Close() })
		var request bytes.Buffer
		b.must(newRequest(pageURL).Write(&request))
		in := bufio.NewReaderSize(conn, 16<<10)
		get := func() error {
			if _, err := conn.Write(request.Bytes()); err != nil {
				return err
			}
			return readResponse(in)
		}
		b.must(get())
		return func(n int) {
			for range n {
				if get() != nil {
					panic("bench: the server has closed the connection")
				}
			}
		}
	}
}

var lengthField = []byte("Content-Length: ")

// readResponse reads a response that says how long it is.
func readResponse(in *bufio.Reader) error {
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if value, ok := bytes.CutPrefix(line, lengthField); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if n, err := in.Discard(length); err != nil || n < pageSize {
		return io.ErrUnexpectedEOF
	}
	return nil
}
