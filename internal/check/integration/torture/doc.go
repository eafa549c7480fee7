// Package torture races purges against fills, and looks for one stale answer.
//
// Some nodes serve a small site from a [Register] of records with versions.
// Writers commit a new version of a record, purge what was made from it through
// any node, by path, URI, prefix, route, group or all, and note when the purge
// returned. Readers ask any node for any page, and compare the versions that it
// shows with the newest ones whose purge had returned before they asked. An
// older version is a stale answer.
//
// Handlers read first and then dawdle, so that a fill is often under way while
// its record is saved and purged, and they name their groups at the very end.
// Meanwhile a [Fault] may harm what the nodes share.
//
// The harness knows a node by what it answers to HTTP and by a function that
// purges. What it counts it reads from Cache-Status. A node may thus be a
// process of its own.
//
// A run that found nothing proves something only if fills raced purges and
// pages were served from the cache: see [Result.Check].
package torture
