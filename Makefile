# Two commands do everything on a machine that has Rust: `make run` and `make test`. The others are their parts.
# The work is done by the scripts in .ci/, so that it reads as shell and not as make.
.DEFAULT_GOAL := help
.PHONY: run test plugins bench lint fmt clean help soak
SHELL := /bin/bash

run: ## set up what is missing, build plugins and host, serve on loopback with SQLite (ARGS="…" are flags of `serve`)
	@.ci/setup rust cc guest
	@.ci/plugins
	@cargo run --locked --bin mnemosyne -- serve $(ARGS)

test: ## set up what is missing, format, lint, every suite on SQLite and PostgreSQL (ARGS="name" filters)
	@.ci/test $(ARGS)

plugins: ## build the bundled plugins into target/plugins
	@.ci/setup rust cc guest
	@.ci/plugins

bench: ## the figures this project answers for, both sides in one run (ARGS="award" picks sections, ARGS=--list names them)
	@.ci/setup rust cc guest
	@.ci/plugins
	@cargo bench --locked --workspace --bench figures -- $(ARGS)
	@cargo bench --locked --workspace --bench allocations

soak: ## the long figures in full: a thousand swaps, twenty kills, rising load (takes its time)
	@.ci/test --soak $(ARGS)

lint: ## format, clippy with warnings as errors, supply chain where cargo-deny is installed
	@.ci/setup rust lint cc
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --locked check; else echo "    cargo-deny is not installed: supply chain not checked (cargo install --locked cargo-deny)"; fi

fmt: ## format everything
	@cargo fmt --all

clean: ## remove what was built, test caches included
	@cargo clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'
