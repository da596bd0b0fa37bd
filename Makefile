# Everything is built in the one `release` profile, so that the C libraries are compiled once.
SERVERS := tests/servers/servers.py
# On CI the lock file is the law.
CARGO_FLAGS := $(if $(filter true,$(CI)),--locked)

# The C library's features.
FEATURES ?= capi
# Those of the tests, which look into the crate's private modules.
TEST_FEATURES := capi,internals

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
PREFIX ?= /usr/local

.DEFAULT_GOAL := help
.PHONY: help build library install header demo test test-python test-long fuzz bench bench-push bench-decode fmt servers-up servers-down

help: ## this list
	@echo "vecsink: streams vectors from Kafka into PostgreSQL, pgvector and AnalyticDB for PostgreSQL"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-22s%s\n", $$1, $$2 }'

build: ## the vecsink command, target/release/vecsink
	@tests/servers/tools.sh build
	cargo build --release $(CARGO_FLAGS)

library: ## the C library, target/library/libvecsink.so.* and libvecsink.a, with its header include/vecsink.h
	@tests/servers/tools.sh build
	cargo rustc --release $(CARGO_FLAGS) --lib --features $(FEATURES) --crate-type cdylib,staticlib
	bindings/c/link.sh $(TARGET_DIR)/release/libvecsink.a $(TARGET_DIR)/library $(VERSION)

# With the library's features, so that the crate is built once.
install: library ## libraries, headers, pkg-config and CMake files and the command, under PREFIX (/usr/local; also DESTDIR)
	cargo build --release $(CARGO_FLAGS) --bin vecsink --features $(FEATURES)
	bindings/c/install.sh $(TARGET_DIR)/library $(TARGET_DIR)/release/vecsink $(VERSION) $(PREFIX) $(DESTDIR)

header: ## include/vecsink.h anew from src/ffi
	cargo build --release $(CARGO_FLAGS) --lib --features $(FEATURES) --message-format json \
	  | python3 -c 'import json, shutil, sys; [shutil.copy(m["out_dir"] + "/vecsink.h", "include") for m in map(json.loads, sys.stdin) \
	    if m["reason"] == "build-script-executed" and "/vecsink-" in m["out_dir"]]'

demo: ## Kafka to pgvector on this machine: 20,000 rows and a search
	@tests/servers/tools.sh demo
	cargo build --release $(CARGO_FLAGS) --bin vecsink --example demo
	@target/release/examples/demo

test: target/python ## formatting, lints, and all tests on real servers
	@tests/servers/tools.sh test
	cargo fmt --check
	cargo clippy --release $(CARGO_FLAGS) --all-targets --features $(TEST_FEATURES) -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --bins --features capi -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features --features arrow -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features --features job -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features --features ffi -- -D warnings
	$(SERVERS) fetch
	cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --no-run
	@$(MAKE) --no-print-directory library FEATURES=$(TEST_FEATURES)
	$(SERVERS) run -- cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --no-fail-fast

test-python: target/python library ## the Python package's tests alone, on real servers (PYTEST='-k wheel')
	$(SERVERS) fetch
	cd bindings/python && PYTHONPATH=src PYTHONDONTWRITEBYTECODE=1 VECSINK_LIBRARY=$(CURDIR)/target/release/libvecsink.so \
	  $(CURDIR)/$(SERVERS) run -- $(CURDIR)/target/python/bin/python -m pytest -p no:cacheprovider $(PYTEST)

test-long: ## the tests that take minutes
	@tests/servers/tools.sh test-long
	$(SERVERS) fetch
	cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --no-run
	$(SERVERS) run -- cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --test it --test hosts --test interleavings -- --ignored --nocapture --test-threads=1

# What 'cargo fuzz' would pass for code without unsafe: coverage and no sanitizer, so the stable compiler will do.
FUZZ_RUSTFLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_SECONDS ?= 60
# Without TARGET all but 'properties', for which librdkafka is built as well.
TARGET ?= $(filter-out properties,$(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs))))

fuzz: ## look for inputs that break something (TARGET=json FUZZ_SECONDS=3600)
	cd fuzz && RUSTFLAGS='$(FUZZ_RUSTFLAGS)' cargo build --release --target $(FUZZ_HOST) \
		$(if $(filter properties,$(TARGET)),--features kafka) $(TARGET:%=--bin %)
	@cd fuzz && for target in $(TARGET); do \
		mkdir -p target/found/$$target artifacts && echo "$$target: $(FUZZ_SECONDS) s" && \
		target/$(FUZZ_HOST)/release/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
			-print_final_stats=1 -artifact_prefix=artifacts/$$target- target/found/$$target corpus/$$target || exit 1; \
	done

bench: target/bench-python ## throughput beside psql's own COPY, and freshness, on real servers (BENCH='--dims 128 --only throughput')
	@tests/servers/tools.sh test
	$(SERVERS) fetch
	cargo build --release $(CARGO_FLAGS) --bin vecsink --example cars
	$(SERVERS) run -- target/bench-python/bin/python benches/run.py $(BENCH)

bench-push: target/bench-push-python library ## pushing from Rust, C, C++ and Python beside \copy and psycopg (BENCH='--dims 128 --rows 5000 --runs 1')
	@tests/servers/tools.sh test
	$(SERVERS) fetch
	$(SERVERS) run -- target/bench-push-python/bin/python benches/push/run.py $(BENCH)

# What the rivals and the DataFrame need.
target/bench-push-python:
	python3 -m venv $@.partial
	$@.partial/bin/pip install --quiet --disable-pip-version-check 'psycopg[binary]>=3.2,<4' 'pgvector>=0.3,<1' 'numpy>=1.26,<3' \
	  'pandas>=2.2,<4' 'pyarrow>=16,<30'
	mv $@.partial $@

# For the Python package's tests.
target/python: bindings/python/tests/requirements.txt
	rm -rf $@ $@.partial
	python3 -m venv $@.partial
	$@.partial/bin/pip install --quiet --disable-pip-version-check --requirement $<
	mv $@.partial $@

# For the plots.
target/bench-python:
	python3 -m venv $@.partial
	$@.partial/bin/pip install --quiet --disable-pip-version-check 'matplotlib>=3.8,<4'
	mv $@.partial $@

bench-decode: ## nanoseconds a message takes to become a row, beside the usual crates
	cargo bench $(CARGO_FLAGS) --profile release --features internals --bench decode_csv --bench decode_json --bench decode_avro

fmt: ## format the code
	cargo fmt

servers-up: ## start the test servers and leave them up, for `cargo test --release`
	@$(SERVERS) up

servers-down: ## stop them
	@$(SERVERS) down
