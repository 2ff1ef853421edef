#!/usr/bin/env bash
# Runs the benches and rewrites benches/RESULTS.md. Needs real files: ONEMAP_TEST_DATA=FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${ONEMAP_TEST_DATA:?set ONEMAP_TEST_DATA to the folder of real files}"
cargo build --release --package onemap
cargo bench --package onemap-benches -- --noplot
exec python3 benches/server_and_import.py
