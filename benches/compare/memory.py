#!/usr/bin/env python3
"""(e) Memory at rest with 1,000,000 features: after the start, after one tile, after 1,000 tiles.

Resident memory counts the pages of the mapped file that happen to be in the page cache; private memory does not.
"""
import random
import time

from common import Client, onemap_server, save, say, tile_at
from data import METRE_X, METRE_Y, MIDDLE, PLOT_X, PLOT_Y, city_store

COUNT, TILES, REST = 1_000_000, 1000, 10


def main():
    store, _ = city_store(COUNT)
    dice, half = random.Random(5), COUNT ** 0.5 / 2
    found = {"features": COUNT}
    with onemap_server(store) as server:
        def note(when):
            time.sleep(REST)
            found[when] = server.memory()
            say(f"{when}: {found[when]}")
        note("start")
        client = Client(server.address, "gzip")
        client.ask("/tiles/buildings/{}/{}/{}".format(14, *tile_at(*MIDDLE, 14)))
        note("one_tile")
        client = Client(server.address, "gzip")  # The server has hung up on the idle one.
        for _ in range(TILES):
            z = dice.randint(10, 16)
            lon = MIDDLE[0] + dice.uniform(-half, half) * PLOT_X * METRE_X
            lat = MIDDLE[1] + dice.uniform(-half, half) * PLOT_Y * METRE_Y
            status, _, _ = client.ask("/tiles/buildings/{}/{}/{}".format(z, *tile_at(lon, lat, z)))
            if status not in (200, 204):
                raise SystemExit(f"z{z} {lon} {lat}: {status}")
        note("thousand_tiles")
    save("e", found)


if __name__ == "__main__":
    main()
