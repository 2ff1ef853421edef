#!/usr/bin/env python3
"""(a) Cold tiles: onemap beside martin and PostGIS, the same tiles of the same layer, no cache in either.

One server at a time on one core (with PostgreSQL, for martin), the client on another. CPU seconds are those of the
whole server side.
"""
import gzip
import json
import random
import statistics
import subprocess

import common
from common import BROWSER, Client, layer_counts, onemap_server, save, say, tile_at, times
from data import tokyo_lines, tokyo_store
from postgis import Martin, Postgres, faster_table, load_tokyo, sql

ZOOMS = range(10, 17)
MOST = 200
# So many tiles, and so many CPU seconds (which are counted in hundredths), at least at each zoom: all tiles are
# asked again until then.
LEAST_TILES, LEAST_CPU = 20, 1.0
ENCODINGS = {"identity": None, "browser": BROWSER}


def non_empty_tiles():
    """At each zoom, some of the tiles in which a building begins, in random order."""
    tiles = {z: set() for z in ZOOMS}
    with open(tokyo_lines()) as lines:
        for line in lines:
            at = json.loads(line)["geometry"]["coordinates"]
            while isinstance(at[0], list):
                at = at[0]
            for z in ZOOMS:
                tiles[z].add(tile_at(*at[:2], z))
    chosen = {}
    for z, found in tiles.items():
        all_of_zoom = [(z, *at) for at in sorted(found)]
        chosen[z] = random.Random(z).sample(all_of_zoom, min(MOST, len(all_of_zoom)))
    return chosen


def unpack(headers, body):
    encoding = headers.get("content-encoding", "identity")
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding != "identity":
        raise ValueError(encoding)
    return body


def measure(server, path, tiles, encoding):
    """Asks for each tile of a zoom, in rounds; returns what it took."""
    client = Client(server.address, encoding)
    # Connections of the pool, code and pages that nobody has touched are not what is measured.
    client.ask(path(tiles[0]))
    taken, sizes, used, began = [], [], set(), server.cpu()
    while len(taken) < LEAST_TILES or server.cpu() - began < LEAST_CPU:
        for tile in tiles:
            started = common.time.perf_counter()
            status, headers, body = client.ask(path(tile))
            taken.append((common.time.perf_counter() - started) * 1000)
            if status != 200:
                raise SystemExit(f"{path(tile)}: {status} {body[:200]!r}")
            sizes.append(len(body))
            used.add(headers.get("content-encoding", "identity"))
    cpu = server.cpu() - began
    return {
        "tiles": len(taken), "cpu_s_per_1000": 1000 * cpu / len(taken), **times(taken), "mean_kib": statistics.mean(sizes) / 1024,
        "encoding": "/".join(sorted(used))}


def counted(server, path, tiles):
    """Mean number of features in a tile, of some tiles."""
    client = Client(server.address, "gzip")
    some = tiles[:20]
    counts = [layer_counts(unpack(*client.ask(path(tile))[1:])) for tile in some]
    return {name: sum(found.get(name, 0) for found in counts) / len(some) for name in sorted(set().union(*counts))}


def measure_all(server, path, tiles):
    found = {}
    for z, of_zoom in tiles.items():
        found[z] = {name: measure(server, path, of_zoom, encoding) for name, encoding in ENCODINGS.items()}
        found[z]["features"] = counted(server, path, of_zoom)
        say(f"z{z}: {found[z]['identity']['cpu_s_per_1000']:.2f} CPU s per 1,000, features {found[z]['features']}")
    return found


def main():
    tiles = non_empty_tiles()
    store = tokyo_store()
    common.pin_client()
    say("onemap")
    with onemap_server(store, "--cache", "0") as server:
        # martin's own margin, so that both send the same part of the neighbours.
        ours = measure_all(server, lambda tile: "/tiles/buildings/{}/{}/{}?buffer=64".format(*tile), tiles)
    say("martin and PostGIS")
    with Postgres() as postgres:
        load_tokyo()
        versions = {
            "martin": subprocess.run([common.MARTIN, "--version"], capture_output=True, text=True).stdout.strip(),
            "postgis": "PostGIS " + sql("select postgis_lib_version()").strip(),
            "postgres": "PostgreSQL " + sql("show server_version").strip()}
        with Martin(postgres, 0) as martin:
            table, by_table = faster_table(martin, tiles[14] + tiles[16])
            theirs = measure_all(martin, lambda tile: "/{}/{}/{}/{}".format(table, *tile), tiles)
    save("a", {"onemap": ours, "martin": theirs, "table": table, "cpu_by_table": by_table, "versions": versions})


if __name__ == "__main__":
    main()
