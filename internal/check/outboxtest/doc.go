// Package outboxtest holds the tests of package invalidate/outbox against real
// databases: it is a module of its own, so that their drivers are no
// requirements of uncache. There is nothing to import here.
package outboxtest
