# onemap: everything a person types. `make help` lists it.
#
# Every target first runs scripts that install what is missing, or say what is missing and how to get it.

SHELL := /bin/bash
.DEFAULT_GOAL := help
ONEMAP_DATA ?= $(CURDIR)/onemap-data
export ONEMAP_DATA

.PHONY: help demo test build lint fmt deny bench judge clean-data setup

help: ## Lists the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## Installs what building and testing need (cmake, sqlite3, gdal, chromium, ...)
	@tests/setup.sh build test

demo: ## Builds onemap, imports the sample city, serves it at http://127.0.0.1:8080
	@tests/setup.sh build
	cargo run --release --package onemap -- demo

build: ## Builds the release binary
	@tests/setup.sh build
	cargo build --release --package onemap

test: ## Runs every test (what CI runs)
	@tests/setup.sh build test
	tests/run.sh

lint: ## Checks formatting and lints, as CI does
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings

fmt: ## Formats the code
	cargo fmt --all

deny: ## Checks licences, banned crates and duplicates
	@tests/setup.sh deny
	cargo deny --offline check bans licenses sources

bench: ## Runs the benches and rewrites benches/RESULTS.md
	@tests/setup.sh build test
	benches/run.sh

clean-data: ## Removes the demo's store
	rm -rf "$(ONEMAP_DATA)"
