# Every module of the workspace, the core first.
MODULES := . backend/bounded backend/pglog cache/observe/prom examples internal/bench internal/check \
	invalidate/bunhook invalidate/enthook invalidate/gormplugin invalidate/pgxtx

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOTESTSUM   := gotest.tools/gotestsum@v1.13.0

# How long each scenario of make torture runs.
TORTURE ?= 2m

# What -race needs: cgo and a C compiler. Where there is none, tests run without
# both, and say so; with CI=true it stays, and its absence is a failure.
RACE = $(shell [ "$$CI" = true ] || $(GO) build -race runtime/cgo 2>/dev/null && echo -race)
NO_RACE := no C compiler: tests run without -race, which would find data races
PICK_RACE = race=$(RACE); [ -n "$$race" ] || { echo "$(NO_RACE)"; export CGO_ENABLED=0; }

.PHONY: all lint test torture bench fuzz

all: lint test

lint:
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "gofmt these files"; exit 1; }
	@for m in $(MODULES); do echo "lint $$m"; \
		(cd $$m && GOWORK=off $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...) || exit 1; \
	done
	$(GO) run ./internal/lint

# The packages of internal/check start many processes, in which visitors wait for a
# backend 50 ms at most: one after another, or they would keep each other waiting.
ONE_BY_ONE = $$([ $$m = internal/check ] && echo -p 1)

# With -race; gotestsum counts, and names what was skipped and why. What the race
# detector would distort, allocations, is skipped there and runs without it.
test:
	@$(PICK_RACE); \
	for m in $(MODULES); do echo "test $$m"; \
		(cd $$m && $(GO) run $(GOTESTSUM) --format pkgname -- $$race $(ONE_BY_ONE) $(TESTFLAGS) ./...) || exit 1; \
	done; \
	cd internal/check/integration && $(GO) run $(GOTESTSUM) --format pkgname -- -run Allocat . || exit 1; \
	[ -n "$$race" ] || echo "$(NO_RACE)"

# The race tests, for minutes instead of seconds.
torture:
	@$(PICK_RACE); \
	for m in internal/check/integration internal/check/killing; do \
		(cd $$m && UNCACHE_TORTURE=$(TORTURE) $(GO) test $$race -v -timeout 0 -run Torture ./...) || exit 1; \
	done

bench:
	@for m in $(MODULES); do (cd $$m && $(GO) test -run '^$$' -bench . -benchmem ./...) || exit 1; done

# Every fuzz target, for FUZZTIME each.
FUZZTIME ?= 30s
fuzz:
	@for m in $(MODULES); do (cd $$m && for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
		done; \
	done) || exit 1; done
