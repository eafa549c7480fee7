package integration_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/cache/coherent"
	"github.com/uncache/uncache/internal/redistest"
)

// The ways in which a Redis can be away. In each, others may be able to purge
// while this process can't; where not, they do as soon as it is over, before
// anybody asks for a page.
var outages = []struct {
	name       string
	bed        bedOptions
	begin, end func(b *bed)
	others     bool   // can purge meanwhile
	passes     bool   // it may be over before its end
	says       string // what a purge's error has in it
}{
	{
		name:  "killed",
		bed:   bedOptions{direct: true},
		begin: func(b *bed) { b.must(b.srv.Kill()) },
		end:   func(b *bed) { b.must(b.srv.Start(b.t.Context())) },
		says:  "connection refused",
	},
	{
		name:  "killed, and back with older data",
		bed:   bedOptions{direct: true},
		begin: func(b *bed) { b.must(b.ctl.Save(b.t.Context()).Err(), b.save(b.other), b.srv.Kill()) },
		end:   func(b *bed) { b.must(b.srv.Start(b.t.Context())) },
		says:  "connection refused",
	},
	{
		name:  "hung",
		begin: func(b *bed) { b.must(b.srv.Pause()) },
		end:   func(b *bed) { b.must(b.srv.Resume()) },
		says:  "deadline exceeded",
	},
	{
		name:   "a network that is stuck",
		begin:  func(b *bed) { b.proxy.Freeze() },
		end:    func(b *bed) { b.proxy.Thaw() },
		others: true,
		says:   "deadline exceeded",
	},
	{
		// The connections that wait in the client's pool are dead afterwards.
		name: "a network that loses everything",
		begin: func(b *bed) {
			for range 16 {
				conn := b.rdb.(*redis.Client).Conn()
				b.must(conn.Ping(b.t.Context()).Err())
				defer conn.Close()
			}
			b.proxy.Lose()
		},
		end:    func(b *bed) { b.proxy.Thaw() },
		others: true,
		says:   "deadline exceeded",
	},
	{
		name: "a password",
		begin: func(b *bed) {
			b.must(b.ctl.ConfigSet(b.t.Context(), "requirepass", "secret").Err())
			b.must(b.ctl.Do(b.t.Context(), "client", "kill", "type", "normal", "laddr", b.srv.Addr, "skipme", "yes").Err())
			b.other = b.otherWith("secret")
		},
		end:    func(b *bed) { b.must(b.ctl.ConfigSet(b.t.Context(), "requirepass", "").Err()) },
		others: true,
		says:   "uthenticat", // "NOAUTH Authentication required" is for short commands
	},
	{
		// The master was replaced and is a replica now, and later the master
		// again.
		name: "a replica",
		begin: func(b *bed) {
			successor := redistest.New(b.t, redistest.Config{ReplicaOf: b.srv})
			ctl := redis.NewClient(successor.Options())
			b.t.Cleanup(func() { ctl.Close() })
			host, port, err := net.SplitHostPort(successor.Addr)
			b.must(err, ctl.ReplicaOf(b.t.Context(), "no", "one").Err(), b.ctl.ReplicaOf(b.t.Context(), host, port).Err())
			b.must(b.srv.WaitSynced(b.t.Context()))
			b.other = b.otherOn(successor)
			b.after = func() { // what the others have purged there has got here
				if n, err := ctl.Wait(b.t.Context(), 1, 0).Result(); n != 1 || err != nil {
					b.t.Fatalf("WAIT 1 0 = %d, %v; want 1", n, err)
				}
				b.other = b.otherOn(b.srv)
			}
		},
		end: func(b *bed) {
			b.after()
			b.must(b.ctl.ReplicaOf(b.t.Context(), "no", "one").Err())
		},
		others: true,
		says:   "READONLY",
	},
	{
		// A thousand keys take two milliseconds each to load.
		name: "loading",
		bed:  bedOptions{args: []string{"--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024"}},
		begin: func(b *bed) {
			for i := range 1000 {
				b.must(b.ctl.Set(b.t.Context(), fmt.Sprint("load", i), strings.Repeat("x", 100), 0).Err())
			}
			b.must(b.ctl.Save(b.t.Context()).Err(), b.save(b.other))
			done := make(chan error, 1)
			go func() { done <- b.srv.Restart(b.t.Context()) }()
			b.after = func() { b.must(<-done) }
			eventually(b.t, "Redis is loading", func() bool {
				err := b.ctl.Get(b.t.Context(), "load0").Err()
				return err != nil && strings.HasPrefix(err.Error(), "LOADING")
			})
		},
		end:    func(b *bed) { b.after() },
		passes: true, // and may be too busy to say LOADING
	},
	{
		name: "loading, for ever",
		begin: func(b *bed) {
			b.proxy.Intercept(refuse("-LOADING Redis is loading the dataset in memory\r\n"))
		},
		end:    func(b *bed) { b.proxy.Intercept(nil) },
		others: true,
		says:   "LOADING",
	},
	{
		name: "a storm of MOVED",
		bed:  bedOptions{cluster: true},
		begin: func(b *bed) {
			moved := refuse("-MOVED 1 " + b.proxy.Addr + "\r\n")
			b.proxy.Intercept(func(command []string) string {
				if reply := b.asCluster(command); reply != "" {
					return reply
				}
				return moved(command)
			})
		},
		end:    func(b *bed) { b.proxy.Intercept(b.asCluster) },
		others: true,
		says:   "MOVED",
	},
	{
		name: "a cluster that is down",
		bed:  bedOptions{cluster: true},
		begin: func(b *bed) {
			down := refuse("-CLUSTERDOWN The cluster is down\r\n")
			b.proxy.Intercept(func(command []string) string {
				if reply := b.asCluster(command); reply != "" {
					return reply
				}
				return down(command)
			})
		},
		end:    func(b *bed) { b.proxy.Intercept(b.asCluster) },
		others: true,
		says:   "CLUSTERDOWN",
	},
}

// Whatever is wrong with Redis: every page is served, one visitor waits and
// nobody after that, a purge that fails says so, and when it is over hits come
// back by themselves, with nothing that others have purged in the meantime.
func TestOutages(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, o.bed)
			b.visit("/blog/", 1, outageTimeout)
			b.wantHit("/blog/", 1)

			o.begin(b)
			_, first := b.visit("/blog/", 1, outageTimeout)
			eventually(t, "the breaker is open", func() bool {
				b.visit("/blog/", 1, outageTimeout)
				return b.seen.away()
			})

			before, fills := b.asked.byVisitor.Load(), b.fills.Load()
			const visits = 200
			for range visits {
				b.visit("/blog/", 1, 0)
			}
			sent, filled := b.asked.byVisitor.Load()-before, b.fills.Load()-fills
			switch away := b.seen.away(); {
			case !away && o.passes:
				t.Skip("the machine is too slow: the outage was over before it was looked at")
			case !away:
				t.Error("the breaker has closed in the outage")
			case sent != 0:
				t.Errorf("%d visits in an outage sent %d commands to Redis, want 0", visits, sent)
			case filled != visits:
				t.Errorf("%d visits in an outage were answered by the handler %d times", visits, filled)
			}

			err := b.save(b.pages)
			if err == nil || !strings.Contains(err.Error(), "path:/blog/") || !strings.Contains(err.Error(), o.says) {
				t.Errorf("a purge in the outage: got %v; want an error that says %q, and of what", err, o.says)
			}
			if o.others {
				b.must(b.save(b.other))
			}
			o.end(b)
			if !o.others {
				eventually(t, "others can purge", func() bool { return b.save(b.other) == nil })
			}
			purged := b.version.Load()
			probes, over := b.asked.probes.Load(), time.Now()
			eventually(t, "the breaker is closed", func() bool {
				b.visit("/blog/", purged, outageTimeout)
				return !b.seen.away()
			})
			probes = b.asked.probes.Load() - probes
			back := time.Since(over)
			b.visit("/blog/", purged, outageTimeout)
			b.version.Add(1)
			b.wantHit("/blog/", purged)
			t.Logf("the first waited for %v (%v); purge: %v; back %v after the end, by %d probes",
				first, outageTimeout, err, back, probes)
			if probes > maxProbes {
				t.Errorf("it took %d probes to find out that Redis is back, want %d at most", probes, maxProbes)
			}
		})
	}
}

// maxProbes is how often Redis may be asked, once it is back: go-redis answers
// some by what it remembers, and has connections that are dead.
const maxProbes = 5

func (b *bed) must(errs ...error) {
	b.t.Helper()
	for _, err := range errs {
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// otherWith is otherOn the bed's server, with a password.
func (b *bed) otherWith(password string) *coherent.Cache {
	b.t.Helper()
	opts := b.srv.Options()
	opts.Password = password
	return b.otherBy(redis.NewClient(opts))
}

// refuse answers every command for data with a line.
func refuse(line string) func([]string) string {
	return func(command []string) string {
		switch strings.ToLower(command[0]) {
		case "hello", "client", "auth", "ping", "command":
			return ""
		}
		return line
	}
}

// asCluster makes of the bed's server a cluster of one.
func (b *bed) asCluster(command []string) string {
	switch strings.ToLower(command[0]) {
	case "cluster":
		host, port, _ := net.SplitHostPort(b.proxy.Addr)
		return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$" + strconv.Itoa(len(host)) + "\r\n" + host + "\r\n:" + port + "\r\n"
	case "readonly", "readwrite":
		return "+OK\r\n"
	}
	return ""
}

// A herd that comes when Redis is back makes one fill of a page that nobody has
// asked for yet.
func TestHerdAfterAnOutage(t *testing.T) {
	b := newBed(t, bedOptions{timeout: 2 * time.Second})
	b.visit("/blog/", 1, 2*time.Second)
	b.must(b.srv.Pause())
	b.visit("/blog/", 1, 2*time.Second)
	eventually(t, "the breaker is open", b.seen.away)
	b.must(b.srv.Resume())
	eventually(t, "others can purge", func() bool { return b.save(b.other) == nil })
	eventually(t, "the breaker is closed", func() bool { return !b.seen.away() })

	fills, purged := b.fills.Load(), b.version.Load()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { b.visit("/more/cold/", purged, 2*time.Second) })
	}
	wg.Wait()
	if n := b.fills.Load() - fills; n != 1 {
		t.Errorf("100 visitors after an outage made %d fills of a page, want 1", n)
	}
}
