# Every target's help is the comment behind it. Plain `make` prints them.
SEEDS ?= 50
OTP_CASES ?= 20000
PROOFS ?= 10000
FUZZTIME ?= 10s
COUNT ?= 6
MUTANTS ?= all
STORM ?= 1000000
ORDEAL ?= 10000
export LC_ALL = C

.DEFAULT_GOAL := help
.PHONY: help demo demo-fort test race seeds storm proofs mutants otp numa ordeal fuzz arch golden lint staticcheck fmt tidy bench savina cover examples cross ci

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the key-value service under load and chaos, for twenty seconds
	go run ./cmd/bastion demo --for 20s

demo-fort: ## the same service in a fort, where the whole program dies
	go run ./cmd/bastion demo --fort --for 20s

test: ## all tests of all modules
	go test work

race: ## the core under the race detector with 1, 2 and 8 procs, then the other modules
	ONLY='^race' .ci/run

seeds: ## the stress test under the race detector (SEEDS=50)
	SEEDS=$(SEEDS) ONLY='^stress$$' .ci/run

storm: ## STORM=1000000 failures of every kind, on 10,000 processes, while messages flow
	STORM=$(STORM) RACE= ONLY='^crash storm$$' .ci/run

numa: ## the executor on emulated machines with several memory nodes (fetches qemu and a kernel, once)
	ONLY='^emulated NUMA$$' .ci/run

ordeal: ## the fort under load through ORDEAL=10000 crashes of every kind, and a tenth as many upgrades
	ORDEAL=$(ORDEAL) ONLY='^ordeal' .ci/run

mutants: ## plant bugs into the runtime, one after the other, and want simulation to find each (MUTANTS=pattern)
	BASTION_MUTANTS=$(MUTANTS) go test -count=1 -timeout 1h -v -run '^TestMutants_' ./bastiontest/internal/mutants

proofs: ## every contract, and the demo, as a property of PROOFS=10000 simulated runs
	go test -count=1 -timeout 3h -run '^TestSim_' ./bastiontest -bastion.seeds=$(PROOFS) -bastion.time=2h
	go test -count=1 -timeout 3h -run '^TestSim_' ./cmd/bastion/internal/demo -bastion.seeds=$(PROOFS) -bastion.time=2h

otp: ## a long comparison with the real Erlang/OTP, over new random trees each time (OTP_CASES=20000)
	BASTION_OTP_SEED=$${BASTION_OTP_SEED:-$$(date +%s)} OTP_CASES=$(OTP_CASES) ONLY='^as OTP$$' .ci/run

fuzz: ## every fuzz target for a while (FUZZTIME=10s)
	FUZZ_EACH=$(FUZZTIME:s=) FUZZ_TOTAL=100000 ONLY='^fuzz$$' .ci/run

arch: ## only the tests that hold the house rules: arrows, sizes, names, docs, examples
	go test -count=1 -run '^TestHouse' .

golden: ## rewrite the golden transcripts; commit only what you can explain
	go test ./internal/supervise/... ./executor/topology ./cmd/bastion/internal/floorplan -update

lint: ## golangci-lint with the short list of .golangci.yml (install it yourself)
	for dir in $$(go list -m -f '{{.Dir}}'); do (cd $$dir && golangci-lint run ./...) || exit 1; done

staticcheck: ## the linter that the gate runs, in the version that the gate pins
	ONLY='^staticcheck$$' .ci/run

fmt: ## format everything
	gofmt -w .

tidy: ## tidy go.mod of every module
	for dir in $$(go list -m -f '{{.Dir}}'); do (cd $$dir && go mod tidy) || exit 1; done

bench: ## microbenchmarks, in the form that benchstat reads (COUNT=6)
	go test -run '^$$' -bench . -benchmem -count $(COUNT) ./...

savina: ## the Savina suite on Bastion, protoactor-go and Erlang, in turn (a few minutes; the machine should be quiet)
	go run ./cmd/bastion bench savina

cover: ## coverage of the root module by its own tests, as a page
	go test -coverpkg=./... -coverprofile=cover.out ./...
	go tool cover -func=cover.out | tail -n 1
	go tool cover -html=cover.out -o cover.html

examples: ## run every example
	ONLY='^examples$$' .ci/run

cross: ## build and vet for other systems and processors
	ONLY='^cross' .ci/run

ci: ## the whole gate, as it runs before a landing
	.ci/run
