package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/uncache/uncache/internal/byhand"
)

// A call is one run of a command.
type call struct {
	getenv func(string) string
	stdout io.Writer

	url, tokenFile string
	plaintext      bool
	redis          redisFlags
	json           bool
	timeout        time.Duration

	names   byhand.Names
	reason  string
	headers list
	n       int
	after   string
	revive  list
	drop    list
	all     bool
}

type redisFlags struct{ addr, user, passwordFile, prefix, ca, cert, key string }

// A list is a flag that may be given many times.
type list []string

func (l *list) String() string { return strings.Join(*l, ", ") }

// Set implements flag.Value.
func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// connection defines the flags of all commands.
func (c *call) connection(f *flag.FlagSet) {
	f.StringVar(&c.url, "url", c.getenv("UNCACHE_URL"), "")
	f.StringVar(&c.tokenFile, "token-file", c.getenv("UNCACHE_TOKEN_FILE"), "")
	f.BoolVar(&c.plaintext, "plaintext", false, "")
	f.StringVar(&c.redis.addr, "redis", "", "")
	f.StringVar(&c.redis.user, "redis-user", "", "")
	f.StringVar(&c.redis.passwordFile, "redis-password-file", "", "")
	f.StringVar(&c.redis.prefix, "redis-prefix", "uncache:", "")
	f.StringVar(&c.redis.ca, "tls-ca", "", "")
	f.StringVar(&c.redis.cert, "tls-cert", "", "")
	f.StringVar(&c.redis.key, "tls-key", "", "")
	f.BoolVar(&c.json, "json", false, "")
	f.DurationVar(&c.timeout, "timeout", 30*time.Second, "")
}

func purgeFlags(c *call, f *flag.FlagSet) {
	nameFlags(c, f)
	f.BoolVar(&c.names.All, "all", false, "")
	f.BoolVar(&c.names.Soft, "soft", false, "")
	f.StringVar(&c.reason, "reason", "", "")
}

func nameFlags(c *call, f *flag.FlagSet) {
	for name, to := range map[string]*[]string{
		"page": &c.names.URLs, "path": &c.names.Paths, "prefix": &c.names.Prefixes, "route": &c.names.Routes, "group": &c.names.Groups,
	} {
		f.Var((*list)(to), name, "")
	}
}

func explainFlags(c *call, f *flag.FlagSet) { f.Var(&c.headers, "header", "") }

func eventFlags(c *call, f *flag.FlagSet) {
	nameFlags(c, f)
	f.IntVar(&c.n, "n", 20, "")
	f.StringVar(&c.after, "after", "", "")
}

func outboxFlags(c *call, f *flag.FlagSet) {
	f.Var(&c.revive, "revive", "")
	f.Var(&c.drop, "drop", "")
	f.BoolVar(&c.all, "revive-all", false, "")
}

// none complains of arguments where there are none.
func none(args []string) error {
	if len(args) > 0 {
		return usage("%q is no flag", args[0])
	}
	return nil
}

// secret reads a secret from a file, or from the environment. It is "" if there is none.
func (c *call) secret(file, variable string) (string, error) {
	if file == "" {
		return c.getenv(variable), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

// printJSON prints a value.
func (c *call) printJSON(v any) error {
	e := json.NewEncoder(c.stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printf prints text without control characters but line feeds.
func (c *call) printf(format string, args ...any) {
	_, _ = io.WriteString(c.stdout, printable(fmt.Sprintf(format, args...)))
}

// printable escapes what a terminal might obey in place of showing it.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// line is text from elsewhere, on one line.
func line(s string) string { return strings.ReplaceAll(s, "\n", `\n`) }
