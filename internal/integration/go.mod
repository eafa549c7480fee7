module github.com/uncache/uncache/internal/integration

go 1.25.0

require github.com/uncache/uncache v0.0.0

replace github.com/uncache/uncache => ../..
