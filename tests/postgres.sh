#!/usr/bin/env bash
# Starts or stops a PostgreSQL with PostGIS in a folder of its own, on the loopback only.
#   tests/postgres.sh start FOLDER    prints its address, postgres://...
#   tests/postgres.sh stop FOLDER
set -euo pipefail

action=$1
folder=$2
port=${ONEMAP_TEST_POSTGRES_PORT:-54329}
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)")
[ -x "$bin/initdb" ] || { echo "PostgreSQL is not installed: apt-get install postgresql postgresql-15-postgis-3" >&2; exit 1; }

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
# The owner must be able to reach its folder, whatever the rights of the project's.
if [ "$(id -u)" = 0 ]; then
    folder=/tmp/onemap-test-postgres
fi

case "$action" in
start)
    if as_owner "$bin/pg_ctl" -D "$folder" status >/dev/null 2>&1; then
        as_owner "$bin/pg_ctl" -D "$folder" -m immediate stop >/dev/null
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    as_owner "$bin/initdb" -D "$folder" -U gis -A trust -E UTF8 --no-locale >/dev/null
    options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    (cd "$folder" && as_owner "$bin/pg_ctl" -D "$folder" -w -o "$options" -l "$folder/log" start >/dev/null)
    "$bin/psql" -q -h 127.0.0.1 -p "$port" -U gis -d postgres -c 'create database city' >/dev/null
    "$bin/psql" -q -h 127.0.0.1 -p "$port" -U gis -d city -c 'create extension postgis' >/dev/null
    echo "postgres://gis@127.0.0.1:$port/city"
    ;;
stop)
    as_owner "$bin/pg_ctl" -D "$folder" -m immediate stop >/dev/null || true
    rm -rf "$folder"
    ;;
esac
