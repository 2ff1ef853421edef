#!/usr/bin/env python3
"""Measures import rate (beside ogr2ogr, same data, same run) and tile latency; writes RESULTS.md.

Medians of several rounds; CPU seconds count all threads. Needs ONEMAP_TEST_DATA and gdal-bin.
"""

import gzip
import http.client
import json
import math
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ONEMAP = TARGET / "release" / "onemap"
DATA = Path(os.environ["ONEMAP_TEST_DATA"])
ROUNDS = 5


def run(command):
    """Runs a command; returns wall seconds, CPU seconds and peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"failed: {command}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(rows):
    return [statistics.median(column) for column in zip(*rows)]


def compare_import(name, ours, theirs, features, folder):
    """Imports `ours` and converts `theirs` to FlatGeobuf with ogr2ogr, in turns."""
    store, out = folder / "store", folder / "out.fgb"
    rows = {"onemap": [], "ogr2ogr": []}
    for _ in range(ROUNDS):
        shutil.rmtree(store, ignore_errors=True)
        rows["onemap"].append(run([ONEMAP, "--data", store, "--json", "import", ours, "--layer", "bench"]))
        out.unlink(missing_ok=True)
        rows["ogr2ogr"].append(run(["ogr2ogr", "-f", "FlatGeobuf", out, theirs]))
    lines = []
    result = {tool: median(found) for tool, found in rows.items()}
    for tool, (wall, cpu, memory) in result.items():
        lines.append(
            f"| {name} | {tool} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {features / wall:,.0f} |"
        )
    ratio = result["ogr2ogr"][0] / result["onemap"][0]
    lines.append(f"| {name} | **ratio** | **{ratio:.2f}x faster** | | | |")
    return lines


def tile_at(lon, lat, z):
    n = 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * n), int(y * n)


def tile_latency(folder):
    """Asks for the same random tiles twice: the first time cold, the second from the cache."""
    store = folder / "tiles"
    source = DATA / "big/tokyo_central_buildings_210k.parquet"
    run([ONEMAP, "--data", store, "--json", "import", source, "--layer", "tokyo"])
    server = subprocess.Popen(
        [str(ONEMAP), "--data", str(store), "serve", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "ONEMAP_LOG": "warn"},
    )
    address = server.stdout.readline().strip().split("http://")[1]
    connection = http.client.HTTPConnection(address)

    def ask(path):
        started = time.perf_counter()
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        return (time.perf_counter() - started) * 1000, len(body), answer.status

    ask("/api/layers")
    west, south, east, north = json.loads(
        http_get(address, "/api/layers/tokyo"))["bounds"]
    choose = random.Random(7)
    lines = []
    for z in (0, 8, 10, 12, 14, 16):
        tiles = set()
        for _ in range(300):
            lon, lat = choose.uniform(west, east), choose.uniform(south, north)
            tiles.add((z, *tile_at(lon, lat, z)))
        paths = [f"/tiles/tokyo/{z}/{x}/{y}" for z, x, y in sorted(tiles)]
        for state in ("cold", "warm"):
            times, sizes = [], []
            for path in paths:
                took, size, status = ask(path)
                if status not in (200, 204):
                    sys.exit(f"{path}: {status}")
                times.append(took)
                sizes.append(size)
            times.sort()
            p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
            lines.append(
                f"| z{z} | {len(paths)} | {state} | {statistics.median(times):.2f} | {p99:.2f} "
                f"| {statistics.mean(sizes) / 1024:.1f} |"
            )
    usage = Path(f"/proc/{server.pid}/status").read_text()
    memory = next(line for line in usage.splitlines() if line.startswith("VmRSS")).split()[1]
    server.terminate()
    server.wait()
    return lines, int(memory) / 1024


def http_get(address, path):
    connection = http.client.HTTPConnection(address)
    connection.request("GET", path)
    return connection.getresponse().read()


def criterion():
    """Collects what `cargo bench` measured just before."""
    lines = []
    for file in sorted((TARGET / "criterion").glob("**/new/estimates.json")):
        estimate = json.loads(file.read_text())["median"]["point_estimate"]
        name = "/".join(file.relative_to(TARGET / "criterion").parts[:-2])
        lines.append(f"| {name} | {estimate / 1000:,.1f} |")
    return lines


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokyo = DATA / "big/tokyo_central_buildings_210k.parquet"
        geojson = folder / "tokyo.geojson"
        store = folder / "export"
        # GDAL of Debian reads no Parquet: the same features as GeoJSON, out of our own segment.
        run([ONEMAP, "--data", store, "--json", "import", tokyo, "--layer", "tokyo"])
        segment = next((store / "segments").glob("**/*.fgb"))
        subprocess.run(["ogr2ogr", "-f", "GeoJSON", geojson, segment], check=True)
        china = folder / "china.geojson"
        china.write_bytes(gzip.decompress((DATA / "big/cn_provinces_amap.geojson.gz").read_bytes()))
        imports = compare_import("Tokyo, 210,000 buildings, Parquet (ogr2ogr: GeoJSON)", tokyo, geojson, 210_000, folder)
        imports += compare_import("Tokyo, both from GeoJSON", geojson, geojson, 210_000, folder)
        imports += compare_import("China, 34 provinces, 786,496 vertices, GeoJSON", china, china, 34, folder)
        tiles, memory = tile_latency(folder)
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    ram = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    text = f"""# Results

Measured {date.today()} with `make bench` on {os.cpu_count()} cores ({cpu}), {ram:.0f} GiB, {platform.system()} {platform.release()}.
Medians of {ROUNDS} rounds, tools in turns; CPU seconds count all threads. Shared machine: trust the ratios.

## Import, beside ogr2ogr (GDAL {subprocess.check_output(['ogr2ogr', '--version'], text=True).split()[1].rstrip(',')}) writing FlatGeobuf

onemap also checks validity, builds the drop order and the id index, and fsyncs; ogr2ogr does not.

| data | tool | wall s | CPU s | peak MB | features/s |
|---|---|---|---|---|---|
{chr(10).join(imports)}

## Tiles of 210,000 buildings over HTTP, one connection, gzip

| zoom | tiles | cache | median ms | p99 ms | mean KiB |
|---|---|---|---|---|---|
{chr(10).join(tiles)}

Server's memory at the end: {memory:.0f} MB.

## Functions (criterion, median)

| bench | µs |
|---|---|
{chr(10).join(criterion())}
"""
    page = ROOT / "benches/RESULTS.md"
    # The rest is written by benches/compare.
    _, mark, compared = page.read_text().partition("<!-- compare: begin -->\n")
    page.write_text(f"{text}\n{mark}{compared}" if mark else text)
    print(text)


if __name__ == "__main__":
    main()
