package netproxy

import (
	"bufio"
	"net"
	"strings"
	"testing"
)

// echo answers every line, and says in got what has arrived.
func echo(t *testing.T, got chan<- string) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for in := bufio.NewScanner(c); in.Scan(); {
					got <- in.Text()
					if _, err := c.Write([]byte(strings.ToUpper(in.Text()) + "\n")); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l
}

func TestCutAfter(t *testing.T) {
	got := make(chan string, 10)
	l := echo(t, got)
	defer l.Close()
	p, err := New(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 2 {
		cut := p.CutAfter("Commit")
		c, err := net.Dial("tcp", p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(c)
		for _, line := range []string{"begin", "COMMIT"} {
			if _, err := c.Write([]byte(line + "\n")); err != nil {
				t.Fatal(err)
			}
			if arrived := <-got; arrived != line {
				t.Errorf("the server got %q, want %q", arrived, line)
			}
			answer, err := in.ReadString('\n')
			if line == "begin" && (answer != "BEGIN\n" || err != nil) {
				t.Errorf("%s: got %q, %v, want an answer", line, answer, err)
			}
			if line == "COMMIT" && err == nil {
				t.Errorf("%s: got %q, want to be cut off", line, answer)
			}
		}
		<-cut
		c.Close()
	}
}
