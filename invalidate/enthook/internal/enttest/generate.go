// Package enttest holds what ent generates from a small schema, for the tests of
// enthook. Everything in gen is generated.
package enttest

//go:generate go run -mod=mod entgo.io/ent/cmd/ent generate --feature sql/upsert --target ./gen ./schema
