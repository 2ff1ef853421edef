#!/usr/bin/env python3
"""Cost grows as it should: cold tiles of the middle of cities of 10,000 to 5,000,000 buildings, opening, import.

The cities are the same around their middle, so that from z14 on the tiles hold the same. One server at a time on one
core, the client on the other, no cache.
"""
import os
import shutil
import statistics
import sys

import common
from common import Client, layer_counts, onemap_server, save, say, tile_at, wait_for
from data import MIDDLE, city_store

SIZES = [10_000, 100_000, 1_000_000, 5_000_000]
ZOOMS = [6, 10, 12, 14, 16]
# CPU seconds are counted in hundredths: so many at least for each zoom.
LEAST_CPU = 0.7


def around(z):
    """Tiles that touch the middle: at high zooms several, at low ones the one."""
    x, y = tile_at(*MIDDLE, z)
    reach = 2 if z >= 16 else 0
    return [(z, x + dx, y + dy) for dx in range(-reach, reach + 1) for dy in range(-reach, reach + 1)]


def tiles_of(server):
    client, found = Client(server.address), {}
    for z in ZOOMS:
        paths = ["/tiles/buildings/{}/{}/{}".format(*tile) for tile in around(z)]
        counts = []
        for path in paths:  # Touches the pages, as any server that has run for a minute has.
            status, _, body = client.ask(path)
            if status not in (200, 204):
                raise SystemExit(f"{path}: {status}")
            counts.append(sum(layer_counts(body).values()))
        taken, before = [], server.cpu()
        while server.cpu() - before < LEAST_CPU:
            for path in paths:
                started = common.time.perf_counter()
                client.ask(path)
                taken.append((common.time.perf_counter() - started) * 1000)
        cpu = 1000 * (server.cpu() - before) / len(taken)
        found[z] = {"median_ms": statistics.median(taken), "cpu_ms": cpu, "features": statistics.mean(counts)}
    return found


def opening(store):
    """Median seconds from the start of the program until it is ready."""
    port, taken = common.free_port(), []
    for _ in range(5):
        started = common.time.perf_counter()
        with common.Server([common.ONEMAP, "--data", store, "serve", "--listen", f"127.0.0.1:{port}"], core=None, log="onemap.log"):
            wait_for(("127.0.0.1", port), "/readyz")
            taken.append(common.time.perf_counter() - started)
    return statistics.median(taken)


def main():
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    results = {}
    for count in sizes:
        store, took = city_store(count)
        mb = sum(file.stat().st_size for file in store.rglob("*") if file.is_file()) / 2**20
        affinity = os.sched_getaffinity(0)
        opened = opening(store)
        common.pin_client()
        with onemap_server(store, "--cache", "0") as server:
            tiles = tiles_of(server)
        os.sched_setaffinity(0, affinity)
        results[count] = {"import": took, "store_mb": mb, "open_s": opened, "tiles": tiles}
        say(f"{count:,}: {results[count]}")
        if count not in (1_000_000,):  # Others measure with that one.
            shutil.rmtree(store)
    save("scale", {"sizes": results})


if __name__ == "__main__":
    main()
