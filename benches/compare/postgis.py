"""martin with PostGIS: a cluster of its own on the loopback, the Tokyo layer with its index, both on the servers' core."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import common
from common import BENCH, MARTIN, Client, Server, cpu_of, output, run, say
from data import segment, tokyo_fields, tokyo_store

PORT = int(os.environ.get("ONEMAP_BENCH_POSTGRES_PORT", "54377"))
FOLDER = BENCH / "postgres"
# Served beside the tables when it is there.
ARCHIVE = BENCH / "tokyo-14-16.pmtiles"
ADDRESS = f"postgres://gis@127.0.0.1:{PORT}/city"
# Better than the defaults for tiles: memory for the whole layer; one core has nothing to share out, and queries
# of some milliseconds lose by being compiled.
SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "shared_buffers": "1GB",
    "work_mem": "64MB", "jit": "off", "max_parallel_workers_per_gather": "0", "random_page_cost": "1.1",
    "autovacuum": "off",
}


def _bin():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        sys.exit("PostgreSQL is not installed: apt-get install postgresql-15-postgis-3")
    return found[-1]


def _as_owner(*command):
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


def sql(text, database="city"):
    return output([_bin() / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", PORT, "-U", "gis", "-d", database, "-c", text])


class Postgres:
    """The cluster, made once, running until `stop`."""

    def __init__(self):
        new = not (FOLDER / "PG_VERSION").exists()
        if new:
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            if os.geteuid() == 0:
                owner = pwd.getpwnam("postgres")
                os.chown(FOLDER, owner.pw_uid, owner.pw_gid)
            run(_as_owner(_bin() / "initdb", "-D", FOLDER, "-U", "gis", "-A", "trust", "-E", "UTF8", "--no-locale"))
        elif (FOLDER / "postmaster.pid").exists():
            # Left running by a run that was killed.
            subprocess.run(_as_owner(str(_bin() / "pg_ctl"), "-D", str(FOLDER), "stop", "-m", "fast"), cwd="/", stdout=subprocess.DEVNULL)
        options = f"-p {PORT} " + " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        self._control("start", "-w", "-o", options, "-l", str(FOLDER / "log"))
        self.pid = int((FOLDER / "postmaster.pid").read_text().split()[0])
        if new:
            sql("create database city", "postgres")
            sql("create extension postgis")

    def _control(self, action, *arguments):
        command = _as_owner(str(_bin() / "pg_ctl"), "-D", str(FOLDER), action, *arguments)
        pinned = ["taskset", "-c", str(common.SERVER_CORE), *command]
        subprocess.run(pinned, check=True, cwd="/", stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def cpu(self):
        return cpu_of(self.pid, with_children=True)

    def stop(self):
        self._control("stop", "-m", "fast")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def load_tokyo():
    """Loads the very features of onemap's segment, as 4326 and as 3857, along a space-filling curve, with GiST indexes."""
    if sql("select to_regclass('buildings_3857')").strip():
        return
    say("loading Tokyo into PostGIS")
    run([
        "ogr2ogr", "-f", "PostgreSQL", f"PG:host=127.0.0.1 port={PORT} user=gis dbname=city", segment(tokyo_store()), "-nln", "loaded",
        "-lco", "GEOMETRY_NAME=geom", "-lco", "LAUNDER=NO", "-lco", "SPATIAL_INDEX=NONE", "-nlt", "GEOMETRY", "--config", "PG_USE_COPY", "YES"])
    columns = ", ".join(f'"{name}"' for name in tokyo_fields())
    for srid in (4326, 3857):
        sql(f"create table buildings_{srid} as select {columns}, st_transform(geom, {srid})::geometry(Geometry, {srid}) as geom from loaded order by geom")
        sql(f"create index on buildings_{srid} using gist (geom)")
        sql(f"vacuum analyze buildings_{srid}")
    sql("drop table loaded")


def _martin_config(cache_mb, port):
    tables = {}
    for srid in (4326, 3857):
        kinds = sql(
            "select column_name || '|' || udt_name from information_schema.columns "
            f"where table_name = 'buildings_{srid}' and column_name not in ('_id', 'geom') order by ordinal_position")
        tables[f"buildings_{srid}"] = {
            "schema": "public", "table": f"buildings_{srid}", "srid": srid, "geometry_column": "geom", "id_column": "_id",
            "layer_id": "buildings", "geometry_type": "GEOMETRY", "extent": 4096, "buffer": 64, "clip_geom": True,
            "properties": dict(line.rsplit("|", 1) for line in kinds.splitlines())}
    archive = {"pmtiles": {"sources": {"archive": str(ARCHIVE)}}} if ARCHIVE.exists() else {}
    return {
        "listen_addresses": f"127.0.0.1:{port}", "cache": {"size_mb": cache_mb, "tile_size_mb": cache_mb},
        "postgres": {"connection_string": ADDRESS, "auto_publish": False, "tables": tables}, **archive}


class Martin(Server):
    """martin before a running `Postgres`; its CPU time is that of both."""

    def __init__(self, postgres, cache_mb):
        port = common.free_port()
        config = BENCH / "martin.yaml"
        config.write_text(json.dumps(_martin_config(cache_mb, port), ensure_ascii=False, indent=1))
        super().__init__([MARTIN, "--config", config], log="martin.log")
        self.address, self.postgres = ("127.0.0.1", port), postgres
        common.wait_for(self.address, "/health")

    def cpu(self):
        return super().cpu() + self.postgres.cpu()


def faster_table(martin, tiles):
    """Tells which of the two tables martin serves faster, by CPU time; the tiles are asked once to warm up."""
    taken = {}
    for srid in (4326, 3857):
        client = Client(martin.address, "gzip")
        for round in range(2):
            before = martin.cpu()
            for z, x, y in tiles:
                client.ask(f"/buildings_{srid}/{z}/{x}/{y}")
            taken[srid] = martin.cpu() - before
    say(f"martin's CPU seconds for {len(tiles)} tiles by table: {taken}")
    return f"buildings_{min(taken, key=taken.get)}", taken
