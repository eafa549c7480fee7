package main

const help = `Uncache shows what a page cache does, and purges by hand.

usage: uncache COMMAND [flags] [arguments]

  purge      purge URLs, paths, prefixes, routes, groups, or all
  resolve    what saving a model would purge
  explain    why a URL is cached, or not
  events     who purged what, when and why
  stats      figures of one process
  outbox     purges that wait, and dead letters
  help       this text, or that of a command: uncache help purge

Where to ask, once for all commands:

  -url URL             where invalidate/admin is mounted, as in https://example.com/admin/cache/
                       (or UNCACHE_URL)
  -token-file FILE     the token for it (or UNCACHE_TOKEN_FILE, or the token in UNCACHE_TOKEN)
  -plaintext           allow a token over http to another machine

  -redis ADDR          host:port, redis:// or rediss:// of the Redis that the application
                       uses, for purge and events without an application (or UNCACHE_REDIS)
  -redis-user USER     for ACL; the password is in UNCACHE_REDIS_PASSWORD or in
  -redis-password-file FILE
  -redis-prefix P      rediscache.Options.Prefix (default "uncache:")
  -tls-ca FILE, -tls-cert FILE, -tls-key FILE    for rediss://

  -json                print JSON
  -timeout D           give up after that time (default 30s)

No token and no password is ever an argument: other users of the machine can read those.

Exit codes: 0 done, and for explain a hit; 1 explain: no hit, outbox: there are dead
letters; 2 the command is wrong; 3 it could not be done.
`

const helpPurge = `usage: uncache purge [-page URL] [-path P] [-prefix P] [-route R] [-group G] [-all] [-soft] [-reason TEXT]

Each flag may be given many times. All of it is checked first: after one mistake nothing
is purged. The purge has reached all processes when the command ends with 0.

  uncache purge -path /blog/hello/                 that page, with every query string
  uncache purge -page 'https://example.com/?a=1'   one URL (not over Redis)
  uncache purge -prefix /blog/ -reason 'new layout'
  uncache purge -route 'GET /blog/{slug}/'         every page that a route served
  uncache purge -group author:ada -soft            may be served while it is rendered again
  uncache purge -redis 127.0.0.1:6379 -all         no application needed
`

const helpResolve = `usage: uncache resolve MODEL ID

Says what saving a model would purge, and by the rule of which model. Nothing is purged.

  uncache resolve post 42
`

const helpExplain = `usage: uncache explain [-header 'Name: value'] URL

Says what a request for a URL, or a path, would find, and why. Exit code 0 is a hit, 1 is
none.

  uncache explain /blog/hello/
  uncache explain -header 'Accept-Language: de' https://example.com/blog/hello/
  until uncache explain /blog/hello/ >/dev/null; do sleep 1; done
`

const helpEvents = `usage: uncache events [-path P] [-page URL] [-prefix P] [-route R] [-group G] [-n N] [-after POSITION]

Prints the newest events, newest first. With -after it prints those that came later than
a position, oldest first. Events about a path or a page are those that purged it.

  uncache events
  uncache events -path /blog/hello/ -n 5
  uncache events -redis rediss://10.0.0.5:6379 -redis-user ops -group author:ada
`

const helpStats = `usage: uncache stats

Figures of the process that answers, since it began.

  uncache stats
  uncache stats -json | jq .pages.store.available
`

const helpOutbox = `usage: uncache outbox [-revive ID] [-revive-all] [-drop ID]

Without flags it lists what waits, and the dead letters; exit code 1 says that there are
dead letters. Revive lets a relay try them again. Drop gives them up.

  uncache outbox
  uncache outbox -revive 0F3A...
  uncache outbox -revive-all
`
