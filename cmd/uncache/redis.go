package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/uncache/uncache/backend/rediscache"
	"github.com/uncache/uncache/cache/coherent"
)

// A store is the cache of an application, over Redis alone.
type store struct {
	*coherent.Cache
	rdb *redis.Client
}

// quiet is the log of go-redis, which would write to the terminal.
type quiet struct{}

// Printf implements the logger of go-redis.
func (quiet) Printf(context.Context, string, ...any) {}

func (s *store) close() { _, _ = s.Close(), s.rdb.Close() }

// overRedis reports whether the command goes to Redis.
func (c *call) overRedis() bool {
	if c.redis.addr == "" && c.url == "" {
		c.redis.addr = c.getenv("UNCACHE_REDIS")
	}
	return c.redis.addr != ""
}

// open connects to the Redis of an application. It is an error if no log is there: a purge
// under a wrong prefix would reach nobody.
func (c *call) open(ctx context.Context) (*store, error) {
	opts, err := c.redisOptions()
	if err != nil {
		return nil, err
	}
	rdb := redis.NewClient(opts)
	// This command must not trim what the options of the application let stay.
	backend, err := rediscache.New(rdb, &rediscache.Options{Prefix: c.redis.prefix, MaxEvents: 1 << 30, MaxBytes: 1 << 40})
	if err == nil {
		if err = rdb.Get(ctx, c.redis.prefix+"{log}:head").Err(); errors.Is(err, redis.Nil) {
			err = fmt.Errorf("there is no log under the prefix %q in this Redis: no application has used it, or -redis-prefix is another's", c.redis.prefix)
		}
	}
	var cache *coherent.Cache
	if err == nil {
		cache, err = coherent.New(backend, &coherent.Options{NoBreaker: true, Timeout: c.timeout, Origin: who()})
	}
	if err != nil {
		_ = rdb.Close()
		return nil, err
	}
	return &store{cache, rdb}, nil
}

// redisOptions returns the options of the client.
func (c *call) redisOptions() (*redis.Options, error) {
	fromFlag := c.redis.addr != c.getenv("UNCACHE_REDIS")
	opts := &redis.Options{Addr: c.redis.addr}
	if strings.Contains(c.redis.addr, "://") {
		if u, err := url.Parse(c.redis.addr); err == nil && u.User != nil && fromFlag {
			if _, set := u.User.Password(); set {
				return nil, usage("-redis: a password is in it, which others can read: put it into UNCACHE_REDIS_PASSWORD or -redis-password-file")
			}
		}
		var err error
		if opts, err = redis.ParseURL(c.redis.addr); err != nil {
			return nil, usage("-redis: it is no redis:// or rediss:// URL") // the error might show a password
		}
	}
	password, err := c.secret(c.redis.passwordFile, "UNCACHE_REDIS_PASSWORD")
	if err != nil {
		return nil, fmt.Errorf("the password of Redis: %w", err)
	}
	if password != "" {
		opts.Password = password
	}
	if c.redis.user != "" {
		opts.Username = c.redis.user
	}
	opts.ContextTimeoutEnabled = true
	opts.MaxRetries = 1
	return opts, c.trust(opts)
}

// trust reads the certificates for TLS.
func (c *call) trust(opts *redis.Options) error {
	if c.redis.ca == "" && c.redis.cert == "" && c.redis.key == "" {
		return nil
	}
	if opts.TLSConfig == nil {
		return usage("-tls-ca, -tls-cert and -tls-key are for -redis rediss://")
	}
	if c.redis.ca != "" {
		pem, err := os.ReadFile(c.redis.ca)
		if err != nil {
			return err
		}
		opts.TLSConfig.RootCAs = x509.NewCertPool()
		if !opts.TLSConfig.RootCAs.AppendCertsFromPEM(pem) {
			return errors.New("-tls-ca: there is no certificate in it")
		}
	}
	if c.redis.cert != "" || c.redis.key != "" {
		cert, err := tls.LoadX509KeyPair(c.redis.cert, c.redis.key)
		if err != nil {
			return err
		}
		opts.TLSConfig.Certificates = []tls.Certificate{cert}
	}
	return nil
}

// who is the person at this machine, for the log.
func who() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
