#!/usr/bin/env bash
# Runs every test: unit, behaviour, documentation, foreign judges. `make test` calls it after setup.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

target=${CARGO_TARGET_DIR:-$root/target}
judges=$target/judges
mkdir -p "$judges"

# Foreign decoders of vector tiles, at pinned versions.
npm_ci() { # npm_ci FOLDER: installs once for each lock file
    local stamp
    stamp=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
    if [ ! -e "$1/node_modules/.stamp-$stamp" ]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --silent)
        touch "$1/node_modules/.stamp-$stamp"
    fi
}
npm_ci tests/judges
npm_ci tests/portal
if ! "$judges/venv/bin/python" -c 'import cjio, epanet, mapbox_vector_tile, networkx, pmtiles, pyproj' 2>/dev/null; then
    python3 -m venv "$judges/venv"
    "$judges/venv/bin/pip" install --quiet --requirement tests/judges/requirements.txt
fi
export ONEMAP_JUDGE_PYTHON=$judges/venv/bin/python

# A PostGIS of our own on the loopback, for the PostGIS reader.
if ONEMAP_TEST_POSTGRES=$(tests/postgres.sh start "$judges/postgres"); then
    export ONEMAP_TEST_POSTGRES
    trap 'tests/postgres.sh stop "$judges/postgres"' EXIT
else
    echo "******** PostGIS could not be started: its tests say that they are skipped ********" >&2
    unset ONEMAP_TEST_POSTGRES
fi

if [ -n "${CI:-}" ]; then
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --quiet -- --deny warnings
fi

# One build with one set of features for the binary and all tests.
cargo build --workspace --bins --tests
export ONEMAP_BIN=$target/debug/onemap
cargo nextest run --workspace
cargo test --workspace --doc --quiet
