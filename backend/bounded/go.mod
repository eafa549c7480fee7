module github.com/uncache/uncache/backend/bounded

go 1.25.0

require (
	github.com/maypok86/otter/v2 v2.4.0
	github.com/uncache/uncache v0.0.0
)

require github.com/patrickmn/go-cache v2.1.0+incompatible // indirect

replace github.com/uncache/uncache => ../..
