# Everything is built in the one `release` profile, so that the C libraries are compiled once.
SERVERS := tests/servers/servers.py
# On CI the versions in the lock file are used as they are.
CARGO_FLAGS := $(if $(filter true,$(CI)),--locked)

# The C library's features.
FEATURES ?= capi
# Those of the tests, which look into the crate's private modules.
TEST_FEATURES := capi,internals

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
PREFIX ?= /usr/local

# What lints the Python package; `make test` runs it as one of the package's tests.
RUFF := $(CURDIR)/target/python/bin/python -m ruff

# A quick build of vecsink itself, over the dependencies that the other targets have built.
CHECK_FLAGS := --release $(CARGO_FLAGS) --config tests/check.toml --features $(TEST_FEATURES)

LINK_LIBRARY = bindings/c/link.sh $(TARGET_DIR)/release/libvecsink.a $(TARGET_DIR)/library $(VERSION)

.DEFAULT_GOAL := help
.PHONY: help build library install header demo check test test-python test-long torture fuzz bench bench-push bench-decode fmt servers-up servers-down

help: ## this list
	@echo "vecsink: streams vectors from Kafka into PostgreSQL, pgvector and AnalyticDB for PostgreSQL"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1                    \2/; s/^\(  make .\{15\}\) */\1/p' $(MAKEFILE_LIST)

build: ## the vecsink command, target/release/vecsink
	@tests/servers/tools.sh build
	cargo build --release $(CARGO_FLAGS)

library: ## the C library, target/library/libvecsink.so.* and libvecsink.a, with its header include/vecsink.h
	@tests/servers/tools.sh build
	cargo build --release $(CARGO_FLAGS) --package vecsink-c --features $(FEATURES)
	$(LINK_LIBRARY)

# With the library's features, so that the crate is built once.
install: library ## libraries, headers, pkg-config and CMake files and the command, under PREFIX (/usr/local; also DESTDIR)
	cargo build --release $(CARGO_FLAGS) --bin vecsink --features $(FEATURES)
	bindings/c/install.sh $(TARGET_DIR)/library $(TARGET_DIR)/release/vecsink $(VERSION) $(PREFIX) $(DESTDIR)

header: ## make include/vecsink.h again from src/ffi
	bindings/c/header.sh $(FEATURES) $(CARGO_FLAGS)

demo: ## Kafka to pgvector on this machine: 20,000 rows and a search
	@tests/servers/tools.sh demo
	cargo build --release $(CARGO_FLAGS) --bin vecsink --example demo
	@target/release/examples/demo

# The command of this build is slow, so it is removed: `make build` puts the right one back.
check: target/python ## formatting, lints and most tests that need no server, in a minute; for every commit
	cargo fmt --check
	cd bindings/python && $(RUFF) check --no-cache --quiet src tests setup.py
	cd bindings/python && $(RUFF) format --check --no-cache --quiet src tests setup.py
	cargo clippy $(CHECK_FLAGS) --all-targets -- -D warnings
	cargo test $(CHECK_FLAGS) --quiet --lib --test structure --test api --test job_files --test formats
	@rm -f $(TARGET_DIR)/release/vecsink

# The tests and the C library come from one build. In two builds cargo would choose other features for the dependencies, and compile the
# crate twice.
test: target/python ## formatting, lints, and all tests on real servers but those of test-long
	@tests/servers/tools.sh test
	cargo fmt --check
	cargo clippy --release $(CARGO_FLAGS) --all-targets --features $(TEST_FEATURES) -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --bins --features capi -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features --features arrow -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features --features job -- -D warnings
	cargo clippy --release $(CARGO_FLAGS) --lib --no-default-features --features ffi -- -D warnings
	$(SERVERS) fetch
	cargo build --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --package vecsink --package vecsink-c --lib --bins --examples --tests
	$(LINK_LIBRARY)
	$(SERVERS) run -- cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --no-fail-fast

test-python: target/python library ## the Python package's tests alone, on real servers (PYTEST='-k wheel')
	$(SERVERS) fetch
	cd bindings/python && PYTHONPATH=src PYTHONDONTWRITEBYTECODE=1 VECSINK_LIBRARY=$(CURDIR)/target/release/libvecsink.so \
	  $(CURDIR)/$(SERVERS) run -- $(CURDIR)/target/python/bin/python -m pytest -p no:cacheprovider $(PYTEST)

test-long: ## the tests that take minutes
	@tests/servers/tools.sh test-long
	$(SERVERS) fetch
	cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --no-run
	$(SERVERS) run -- cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --lib --test it --test hosts --test interleavings -- --ignored --nocapture --test-threads=1

TORTURE_SECONDS ?= 600

torture: ## processes, broker, database and network fail by turns, and no record is lost (TORTURE_SECONDS=60 SEED=7 GUARANTEE=exactly-once)
	@tests/servers/tools.sh test
	$(SERVERS) fetch
	cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --test it --no-run
	VECSINK_TORTURE_SECONDS=$(TORTURE_SECONDS) VECSINK_TORTURE_SEED=$(SEED) VECSINK_TORTURE_GUARANTEE=$(GUARANTEE) \
	  $(SERVERS) run -- cargo test --release $(CARGO_FLAGS) --features $(TEST_FEATURES) --test it -- --ignored --exact --nocapture torture::minutes_of_faults_lose_nothing

FUZZ_SECONDS ?= 60

fuzz: ## look for inputs that break something (TARGET=json FUZZ_SECONDS=3600)
	fuzz/run.sh $(FUZZ_SECONDS) $(TARGET)

bench: target/bench-python ## throughput, compared with psql's own COPY, and freshness, on real servers (BENCH='--dims 128 --only throughput')
	@tests/servers/tools.sh test
	$(SERVERS) fetch
	cargo build --release $(CARGO_FLAGS) --bin vecsink --example cars
	$(SERVERS) run -- target/bench-python/bin/python benches/run.py $(BENCH)

bench-push: target/bench-push-python library ## pushing from Rust, C, C++ and Python, compared with \copy and psycopg (BENCH='--dims 128 --rows 5000 --runs 1')
	@tests/servers/tools.sh test
	$(SERVERS) fetch
	$(SERVERS) run -- target/bench-push-python/bin/python benches/push/run.py $(BENCH)

target/python: bindings/python/tests/requirements.txt
target/bench-python: benches/requirements.txt
target/bench-push-python: benches/push/requirements.txt
target/python target/bench-python target/bench-push-python:
	tests/python_environment.sh $@ $<

bench-decode: ## nanoseconds for decoding a message, compared with the usual crates
	cargo bench $(CARGO_FLAGS) --profile release --features internals --bench decode_csv --bench decode_json --bench decode_avro

fmt: ## format the code
	cargo fmt

servers-up: ## start the test servers and leave them up, for `cargo test --release`
	@$(SERVERS) up

servers-down: ## stop them
	@$(SERVERS) down
