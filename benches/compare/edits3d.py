#!/usr/bin/env python3
"""From an edit to the 3D tile that shows it, with 1,000,000 buildings in the layer; and how long the first viewer waits.

    python edits3d.py [--edits N] [--features N] [--store FOLDER]

Edits of random buildings, one after the other (height, and a word that is looked for in the bytes of the tile). A viewer has
the tile and all above it; after the edit it reads the tilesets down to the leaf again, then the content that they name now.
Server on one core, client on the other; edits are on disk (fsync) before they are answered. Every tenth time the nodes above
are read, too.
"""
import argparse
import json
import os
import random
import shutil
import time
from pathlib import Path

import common
from common import BENCH, Client, onemap_server, percentile, save, say
from data import city_store

# Most that is waited for the server to have prepared itself.
PREPARATION_S = 30


def middle_of(client, number):
    """The middle of a building's box, by which it belongs to a tile."""
    [ring, *_] = client.json(f"/features/buildings/{number}")["geometry"]["coordinates"]
    return [(min(values) + max(values)) / 2 for values in zip(*ring)]


def cell_of(uri):
    """The cell in the address of a content or of a tileset: level, column, row."""
    return tuple(int(part) for part in uri.split("?")[0].rsplit(".", 1)[0].split("/")[-3:])


def holds(cell, point):
    level, x, y = cell
    n = 1 << level
    return int((point[0] + 180) / 360 * n) == x and int((point[1] + 90) / 180 * n) == y


def way_to(client, layer, point):
    """Reads tilesets from the root down to the leaf that holds a point; returns the addresses of the contents on the way."""
    contents, name = [], "tileset.json"
    while name:
        tile, name = client.json(f"/3dtiles/{layer}/{name}")["root"], None
        while tile:
            uri = tile["content"]["uri"].replace("../", "")
            if uri.startswith("n/"):
                name, tile = uri, None
                continue
            contents.append(f"/3dtiles/{layer}/{uri}")
            inside = [child for child in tile.get("children", []) if holds(cell_of(child["content"]["uri"]), point)]
            tile = inside[0] if inside else None
    return contents


def spread(milliseconds):
    return {f"p{share}_ms": round(percentile(milliseconds, share), 1) for share in (50, 90, 99)} | {"max_ms": round(max(milliseconds), 1)}


def timed(work):
    started = time.perf_counter()
    found = work()
    return found, (time.perf_counter() - started) * 1000


def first_look(store):
    """How long the first viewer waits for the tileset: at once after the start, and after a while."""
    waits = {}
    for name, pause in (("at_once", 0), ("later", PREPARATION_S)):
        with onemap_server(store) as server:
            before = server.cpu()
            for _ in range(pause):
                time.sleep(1)
                cpu, before = server.cpu() - before, server.cpu()
                if cpu < 0.05:
                    break
            client = Client(server.address)
            _, waits[f"{name}_ms"] = timed(lambda: client.json("/3dtiles/buildings/tileset.json"))
            waits[f"{name}_cpu_s"] = round(server.cpu(), 2)
    return waits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--edits", type=int, default=300)
    parser.add_argument("--features", type=int, default=1_000_000)
    parser.add_argument("--store", type=Path, help="a store of such a city, which is copied; made when not given")
    arguments = parser.parse_args()
    made = arguments.store or city_store(arguments.features)[0]
    store = BENCH / "edits3d"
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(made, store)
    common.pin_client()
    waits = first_look(store)
    say(f"first look: {waits}")
    dice = random.Random(3)
    taken = {"edit": [], "tilesets": [], "leaf": [], "both": [], "above": []}
    with onemap_server(store) as server:
        client = Client(server.address)
        client.json("/3dtiles/buildings/tileset.json")
        before, load = server.cpu(), os.getloadavg()[0]
        for turn in range(arguments.edits):
            number, word = dice.randint(1, arguments.features), f"edit-{turn:05}"
            point = middle_of(client, number)
            for address in way_to(client, "buildings", point):
                client.ask(address)  # The viewer has them all: they lie in the cache.
            body = json.dumps({"properties": {"use": word, "height": 3 + turn % 90}}).encode()
            (status, _, answer), edit_ms = timed(lambda: client.ask(f"/features/buildings/{number}", "PATCH", body))
            contents, tilesets_ms = timed(lambda: way_to(client, "buildings", point))
            (leaf_status, headers, leaf), leaf_ms = timed(lambda: client.ask(contents[-1]))
            is_final = "immutable" in headers.get("cache-control", "")
            if status != 200 or leaf_status != 200 or word.encode() not in leaf or not is_final:
                raise SystemExit(f"edit {turn} of {number}: {status} {answer[:300]!r}; {contents[-1]}: {leaf_status}, shown: {word.encode() in leaf}, final: {is_final}")
            taken["edit"].append(edit_ms)
            taken["tilesets"].append(tilesets_ms)
            taken["leaf"].append(leaf_ms)
            taken["both"].append(edit_ms + tilesets_ms + leaf_ms)
            if turn % 10 == 0:
                taken["above"] += [timed(lambda address=address: client.ask(address))[1] for address in contents[:-1]]
        cpu = server.cpu() - before
        memory = server.memory()
    shutil.rmtree(store)
    found = {
        "features": arguments.features, "edits": arguments.edits, "load": [load, os.getloadavg()[0]], "first": waits,
        **{name: spread(times) for name, times in taken.items()}, "cpu_s": round(cpu, 1), "memory": memory}
    say(str(found))
    save("edits3d", found)


if __name__ == "__main__":
    main()
