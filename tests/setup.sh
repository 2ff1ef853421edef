#!/usr/bin/env bash
# Installs what is missing, or says exactly what is missing and how to get it.
#   tests/setup.sh build        what building onemap needs
#   tests/setup.sh build test   and what the tests judge it with
#   tests/setup.sh deny         cargo-deny
set -euo pipefail

missing=()
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
need_file() { # need_file FILE PACKAGE
    [ -e "$1" ] || missing+=("$2")
}

for what in "$@"; do
    case "$what" in
    build)
        # PROJ is built from source: CMake, a C++ compiler, and sqlite3 to make its database.
        need cmake cmake
        need g++ g++
        need make make
        need pkg-config pkg-config
        need sqlite3 sqlite3
        need_file /usr/include/sqlite3.h libsqlite3-dev
        ;;
    test)
        need ogrinfo gdal-bin
        need cs2cs proj-bin
        need chromium chromium
        need curl curl
        need python3 python3
        python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
        need_file /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc fonts-noto-cjk
        need_file /usr/lib/postgresql/15/bin/postgres postgresql-15
        need_file /usr/share/postgresql/15/extension/postgis.control postgresql-15-postgis-3
        ;;
    esac
done

if [ ${#missing[@]} -gt 0 ]; then
    if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
        sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo -n)
        echo "installing: ${missing[*]}"
        "${sudo[@]}" apt-get update -qq
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
    else
        echo "missing on this machine: ${missing[*]}" >&2
        echo "install them first:      sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
fi

if ! command -v cargo >/dev/null; then
    echo "missing: Rust. Get it from https://rustup.rs, then run this again." >&2
    exit 1
fi

for what in "$@"; do
    case "$what" in
    build)
        if ! command -v npm >/dev/null; then
            echo "note: npm is missing, so the portal page will only say how to build it (install Node 20 or newer)" >&2
        fi
        ;;
    test)
        cargo nextest --version >/dev/null 2>&1 || cargo install cargo-nextest --locked --quiet
        ;;
    deny)
        cargo deny --version >/dev/null 2>&1 || cargo install cargo-deny --locked --quiet
        ;;
    esac
done
