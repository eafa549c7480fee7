package outbox_test

import (
	"fmt"
	"log"

	"github.com/uncache/uncache/invalidate/outbox"
)

// For a migration of your own. A program that saves and is killed, against a
// real database, is the Example of internal/check/outboxtest.
func ExampleSchema() {
	schema, err := outbox.Schema(outbox.SQLite, "purges")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(schema)
	// Output:
	// CREATE TABLE IF NOT EXISTS "purges_schema" (version INTEGER NOT NULL PRIMARY KEY);
	// CREATE TABLE IF NOT EXISTS "purges" (
	// 	id         TEXT    NOT NULL PRIMARY KEY,
	// 	format     INTEGER NOT NULL, -- of event
	// 	event      BLOB    NOT NULL,
	// 	reason     TEXT    NOT NULL, -- why and who, for people
	// 	origin     TEXT    NOT NULL,
	// 	created    TEXT    NOT NULL, -- UTC
	// 	due        TEXT    NOT NULL, -- UTC, when a relay may try it
	// 	tries      INTEGER NOT NULL, -- that have failed
	// 	last_error TEXT    NOT NULL,
	// 	dead       INTEGER NOT NULL  -- 1: not tried any more
	// );
	// CREATE INDEX IF NOT EXISTS "purges_due" ON "purges" (dead, due);
	// INSERT INTO "purges_schema" (version) VALUES (1);
	// ALTER TABLE "purges" ADD COLUMN repeats TEXT NOT NULL DEFAULT '';
	// ALTER TABLE "purges" ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;
	// INSERT INTO "purges_schema" (version) VALUES (2);
}
