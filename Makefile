# Needed: Linux, Go 1.26, a C compiler. `make` alone lists the targets.

# The packages that hold goroutines; scripts/house sees to it that none is
# forgotten. The parsers' C is foreign to the race detector and slow to build
# for it, so the packages around it stand here only if they must.
RACE = ./scanner/budget ./scanner/journal ./scanner/limiter/... ./scanner/mapped ./scanner/observe/... ./scanner/pipeline \
	./scanner/pool/... ./scanner/source \
	./workloads/interference ./workloads/storage ./harness/lab ./harness/machine/doctor ./harness/plant ./harness/search/replay ./harness/store ./harness/trial

# To be set from outside: make soak COUNT=100.
COUNT    ?= 20
KILLS    ?= 100
OPS      ?= 10000000
FUZZTIME ?= 30s
BENCH    ?= ./...
ROUNDS   ?= 10
LAUNCHES ?= 300
NOISE    ?= 0.03
PROBLEMS ?= E,M
PLAYERS  ?=

# Where our code is; .sluice holds corpora, whose code is nobody's to format.
CODE    = main.go experiments harness reports scanner scripts workloads
TOOL    = go tool -modfile=scripts/tools.mod
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# Our version comes from git describe above; Go's own stamp fails in a checkout
# that belongs to somebody else, as in many a CI.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)

.PHONY: help build tune test check format bench bench-peers bench-search-peers tables golden fuzz soak
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build bin/sluice
	go build -trimpath -ldflags '-X sluice/harness/cli.Version=$(VERSION)' -o bin/sluice .

tune: build ## Tune the scanner for this machine: sluice.yaml and sluice-report/
	bin/sluice tune corpus:goroot --storage local,nfs --reference naive --also go-idiom --budget 3m

test: check ## All that CI runs: check, every test, race detector, browser
	scripts/browser
	go test ./...
	go test -race $(RACE)

check: ## The quick part of test: format, vet, staticcheck, house rules, links
	@bad=$$($(TOOL) gofumpt -l $(CODE)) && { test -z "$$bad" || { echo "not formatted, run make format:" $$bad >&2; exit 1; }; }
	go vet ./...
	$(TOOL) staticcheck ./...
	go test ./scripts/house

format: ## Format every Go file
	$(TOOL) gofumpt -w $(CODE)

bench: ## Benchmarks of BENCH (./...), six times over, as benchstat wants them
	go test -run='^$$' -bench=. -benchmem -count=6 $(BENCH)

bench-peers: ## Our limiters' cost beside other people's (experiments/peers), in ROUNDS (10) passes
	cd experiments/peers && go vet ./... && go test ./...
	cd experiments/peers && for round in $$(seq $(ROUNDS)); do go test -run='^$$' -bench=. -benchtime=0.1s ./limiters || exit; done >cost.txt
	cd experiments/peers && go run ./ratios cost.txt

bench-search-peers: SEEDS ?= 50
bench-search-peers: ## Our searches beside Optuna and goptuna (experiments/peers): SEEDS (50) each, LAUNCHES (300), NOISE (0.03), PROBLEMS (E,M), PLAYERS (all)
	cd experiments/peers && go vet ./search && go test ./search
	cd experiments/peers && go run ./search -seeds $(SEEDS) -launches $(LAUNCHES) -noise $(NOISE) -problems '$(PROBLEMS)' -only '$(PLAYERS)' -out searches

tables: build ## Record the tables of experiments/tables anew, 10 to 40 min each on a quiet machine
	@for e in experiments/tables/*.yaml; do bin/sluice run --dry-run "$$e" | tail -1 || exit; done
	@for e in experiments/tables/*.yaml; do echo "$$e"; \
	  bin/sluice run --format json "$$e" >/dev/null && bin/sluice search table "$$(sed -n 's/^name: *//p' "$$e")" --out "$${e%.yaml}.table" || exit; done

golden: ## Rewrite the golden files; read the diff before committing it
	go test ./reports ./harness/plant -update

fuzz: ## Fuzz every parser, for FUZZTIME (30s) each
	scripts/fuzz $(FUZZTIME)

soak: SEEDS ?= 2000
soak: ## Repeat the concurrent packages' tests COUNT (20) times, raced; scan SEEDS (2000) corpora; kill a run KILLS (100) times; OPS (10000000) operations of the limiters
	go test -race -shuffle=on -count=$(COUNT) -timeout 60m $(RACE)
	go test -race -run RandomOperations -timeout 60m ./scanner/limiter -ops=$(OPS)
	go test -race -run TestRandomConfigurations -timeout 30m ./scanner -seeds=$(SEEDS)
	go test -run TestARunKilled -timeout 30m -v ./harness/cli -kills=$(KILLS)
