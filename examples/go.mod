module github.com/uncache/uncache/examples

go 1.25.0

require github.com/uncache/uncache v0.0.0

replace github.com/uncache/uncache => ..
