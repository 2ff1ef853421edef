#!/usr/bin/env python3
"""(d) From an edit to the tile that shows it, with 1,000,000 features in the layer.

500 edits of random features, one after the other, each followed by a tile of z14, z15 or z16, whose bytes must
hold the new value. Server on one core, client on the other; edits are on disk (fsync) before they are answered.
"""
import json
import random
import shutil

import common
from common import BENCH, Client, onemap_server, save, say, tile_at, times
from data import METRE_X, METRE_Y, MIDDLE, PLOT_X, PLOT_Y, city_store

COUNT, EDITS = 1_000_000, 500


def middle_of(number):
    """Where the plot of a building lies."""
    side = int(COUNT ** 0.5)
    column, row = (number - 1) % side - side // 2, (number - 1) // side - side // 2
    return MIDDLE[0] + (column * PLOT_X + 8) * METRE_X, MIDDLE[1] + (row * PLOT_Y + 8) * METRE_Y


def main():
    made, _ = city_store(COUNT)
    store = BENCH / "edits"
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(made, store)
    common.pin_client()
    dice, edit_ms, tile_ms, both_ms, by_zoom = random.Random(3), [], [], [], {14: [], 15: [], 16: []}
    with onemap_server(store) as server:
        client, before = Client(server.address), server.cpu()
        for turn in range(EDITS):
            number, z, value = dice.randint(1, COUNT), 14 + turn % 3, f"edit-{turn:05}"
            path = "/tiles/buildings/{}/{}/{}".format(z, *tile_at(*middle_of(number), z))
            client.ask(path)  # The map shows the tile before: it lies in the cache.
            body = json.dumps({"properties": {"use": value}}).encode()
            started = common.time.perf_counter()
            status, _, answer = client.ask(f"/features/buildings/{number}", "PATCH", body)
            edited = common.time.perf_counter()
            tile_status, _, tile = client.ask(path)
            seen = common.time.perf_counter()
            if status != 200 or tile_status != 200 or value.encode() not in tile:
                raise SystemExit(f"edit {turn} of {number}: {status} {answer[:300]!r}; {path}: {tile_status}, shown: {value.encode() in tile}")
            edit_ms.append((edited - started) * 1000)
            tile_ms.append((seen - edited) * 1000)
            both_ms.append((seen - started) * 1000)
            by_zoom[z].append((seen - started) * 1000)
        cpu = server.cpu() - before
    shutil.rmtree(store)
    found = {
        "features": COUNT, "edits": EDITS, "edit": times(edit_ms), "tile": times(tile_ms), "both": times(both_ms),
        "both_by_zoom": {z: times(taken) for z, taken in by_zoom.items()}, "cpu_s": cpu}
    say(str(found))
    save("d", found)


if __name__ == "__main__":
    main()
