# The commands of the project. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO ?= cargo
WEB := console/web

.PHONY: help demo build dist test test-program nextest lint fmt bench bench-live long mutated fuzz suricata-verify incident-kills e2e web web-test deps-demo deps-test deps-dist deny captures clean openapi

help: ## list the commands
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

deps-demo: ## check (or, as root, install) what the demo needs
	@tests/harness/install.sh demo

deps-test: ## check (or, as root, install) what the tests need
	@tests/harness/install.sh test

deps-dist: ## check (or, as root, install) what the shipped build needs
	@tests/harness/install.sh dist

web: $(WEB)/dist/index.html ## build the web app

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.installed $(shell find $(WEB)/src $(WEB)/public $(WEB)/*.html $(WEB)/*.ts -type f 2>/dev/null)
	cd $(WEB) && npm run build

build: web ## release binary at target/release/fengsui with the web app inside
	$(CARGO) build --release --locked -p fengsui

# Our own code and what is built into it, for the program that is shipped.
SOURCES := $(shell find Cargo.lock sensors analyzer dlp console rules -path '*/node_modules' -prune -o -type f -not -path '$(WEB)/*' -print)

dist: target/dist/fengsui ## the program as it is shipped: built, run on our captures, built again by what ran often

target/dist/fengsui: $(WEB)/dist/index.html $(SOURCES) | deps-dist
	tests/harness/dist.py

demo: deps-demo build ## build and start everything on real captures; ARGS="--port N --data DIR"
	exec target/release/fengsui demo $(ARGS)

lint: web ## formatting, clippy, types and style of the web app
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	cd $(WEB) && npm run lint

test: ## everything: lint, unit, property, scenario, tidy and browser tests
	MAKE="$(MAKE)" tests/harness/stages.sh deps-test web-test lint nextest suricata-verify incident-kills openapi e2e

nextest: web ## unit, property, scenario and tidy tests
	$(CARGO) nextest run --workspace --tests --locked --no-fail-fast

web-test: web ## unit tests and size budget of the web app
	cd $(WEB) && npm run check:generated && npm test && npm run sizes

# The program that the tests below run is the one nextest built: `-p fengsui` alone would build half of the libraries again,
# with fewer of their features.
test-program: web
	$(CARGO) build --workspace --tests --locked

suricata-verify: test-program ## hold the sensor against cases of suricata-verify, where ../shared has them; ARGS=--update writes the list
	tests/harness/suricata_verify.py $(ARGS)

incident-kills: test-program ## kill -9 of the analyzer at random points; the incidents stay the same; ARGS="--kills N --seed N"
	tests/harness/incident_kills.py $(ARGS)

openapi: test-program ## ask every operation of the interface as every role; ARGS="EXAMPLES ROLE..."
	tests/harness/openapi.py $(ARGS)

e2e: test-program ## the story in a real browser against the real binary
	tests/harness/browser.sh

deny: ## licences, bans and sources of the dependencies
	$(CARGO) deny --all-features check licenses bans sources

bench: dist ## measurements of the shipped program and of parts; never part of the tests; ARGS="--capture FILE --rules FILE"
	$(CARGO) build --release --locked -p fengsui-dlp-engine --examples
	tests/harness/bench.py $(ARGS)
	tests/harness/bench_relay.sh
	$(CARGO) run --release --locked -p fengsui --example scan_cost
	$(CARGO) run --release --locked -p fengsui-detect --example sigma_bench
	$(CARGO) run --release --locked -p fengsui-pipeline --example triage -- --seeds 200..240 --quiet
	$(CARGO) run --release --locked -p fengsui-detect --example correlation
	$(CARGO) run --release --locked -p fengsui-pipeline --example throughput -- --seconds 120 --queries
	$(CARGO) run --release --locked -p fengsui-pipeline --example receivers
	$(CARGO) run --release --locked -p fengsui-api --example audit_bench
	$(CARGO) run --release --locked -p fengsui-api --example console_bench

bench-live: dist ## replay over a veth pair into the sensor (root); ARGS="--capture FILE --rules FILE --rate MBIT"
	$(CARGO) build --release --locked -p fengsui-capture --example ring
	tests/harness/bench_live.py $(ARGS)

long: ## hour-long runs: kills, mutated packets, overload
	tests/harness/long.sh

mutated: ## a million mutated packets for decoding and for every parser, with counts and times; N=COUNT
	FENGSUI_MUTATIONS=$(or $(N),1000000) $(CARGO) test --release --locked -p fengsui-protocols --test mutated -- --nocapture

FUZZ := tests/fuzz/libfuzzer
FUZZ_TARGETS := $(basename $(notdir $(wildcard $(FUZZ)/fuzz_targets/*.rs)))

fuzz: ## fuzz every target with libFuzzer; TARGET=app_parser for one; SECONDS_EACH=60
	RUSTC_WRAPPER=$(CURDIR)/tests/fuzz/instrument.sh $(CARGO) build --release --locked --manifest-path $(FUZZ)/Cargo.toml
	status=0; for target in $(or $(TARGET),$(FUZZ_TARGETS)); do \
	  mkdir -p $(FUZZ)/corpus/$$target $(FUZZ)/artifacts/$$target; \
	  $(FUZZ)/target/release/$$target $(FUZZ)/corpus/$$target tests/fuzz/corpus/$$target -artifact_prefix=$(FUZZ)/artifacts/$$target/ \
	    -timeout=2 -rss_limit_mb=512 -max_len=65536 -max_total_time=$(or $(SECONDS_EACH),60) -print_final_stats=1 || status=1; \
	done; exit $$status

captures: ## make the captures of tests/pcaps again (root; see tests/pcaps/README.md)
	tests/pcaps/make_captures.py

fmt: ## format
	$(CARGO) fmt --all

clean: ## remove what was built
	$(CARGO) clean
	rm -rf $(WEB)/dist $(WEB)/node_modules
