"""The layers that are measured: the Tokyo buildings, and cities of any size that are made by rule."""

import json
import math
import os
import shutil
import sys
from pathlib import Path

from common import BENCH, ONEMAP, output, run, say

TOKYO_ID = "建物ID"


def source_folder():
    folder = os.environ.get("ONEMAP_TEST_DATA")
    if not folder:
        sys.exit("set ONEMAP_TEST_DATA to the folder of real files")
    return Path(folder)


def import_layer(store, source, layer, *arguments):
    """Imports into an empty store; returns what it took."""
    shutil.rmtree(store, ignore_errors=True)
    store.parent.mkdir(parents=True, exist_ok=True)
    return run([ONEMAP, "--data", store, "--json", "import", source, "--layer", layer, *arguments])


def is_older(made, than):
    return not made.exists() or made.stat().st_mtime < Path(than).stat().st_mtime


def tokyo_store():
    """The Tokyo layer in a store of its own, made anew when the program is."""
    store = BENCH / "tokyo"
    if is_older(store / "STORE", ONEMAP):
        say("importing Tokyo")
        import_layer(store, source_folder() / "big/tokyo_central_buildings_210k.parquet", "buildings")
    return store


def segment(store):
    """The layer's own FlatGeobuf file."""
    return max((store / "segments").glob("*/*.fgb"), key=lambda path: path.stat().st_size)


def tokyo_lines():
    """The same features, one GeoJSON object a line, for tools that read no Parquet. Written by ogr2ogr."""
    path = BENCH / "tokyo.geojsonl"
    if not path.exists():
        say("writing Tokyo as GeoJSON lines")
        made = path.with_suffix(".part")
        made.unlink(missing_ok=True)
        fields = [name for name in tokyo_fields() if name != "_id"]
        select = ",".join(fields)
        run(["ogr2ogr", "-f", "GeoJSONSeq", "-select", select, "-lco", "COORDINATE_PRECISION=9", made, segment(tokyo_store())])
        made.rename(path)
    return path


def tokyo_fields():
    """Names of the fields of the segment, in order."""
    lines = output(["ogrinfo", "-so", "-al", segment(tokyo_store())]).splitlines()
    after = lines[next(i for i, line in enumerate(lines) if line.startswith("Data axis")) + 1:]
    return [line.rsplit(": ", 1)[0] for line in after if ": " in line]


# Plots of the made city, metres; about as dense as central Tokyo (1,600 buildings a square kilometre).
PLOT_X, PLOT_Y = 22.0, 28.0
MIDDLE = (139.75, 35.68)
METRE_Y = 1 / 110_950
METRE_X = METRE_Y / math.cos(math.radians(MIDDLE[1]))
USES = ["residential", "retail", "office", "industrial", "school", "warehouse", "mixed"]


def _scattered(number):
    """A number's hash (the finaliser of splitmix64): what a plot holds depends on nothing but its place."""
    number = (number + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return number ^ (number >> 31)


def building(number, column, row):
    """The building of a plot, as one line of GeoJSON. The middle of the city is the same whatever its size."""
    dice = _scattered((column & 0xFFFFFFFF) << 32 | (row & 0xFFFFFFFF))
    lon, lat = MIDDLE
    x, y = column * PLOT_X + 2 + (dice & 3), row * PLOT_Y + 2 + (dice >> 2 & 3)
    wide, deep = 8 + (dice >> 4 & 7), 8 + (dice >> 7 & 15) * 0.7
    turn = ((dice >> 11 & 15) - 8) * 0.02
    west, south = lon + x * METRE_X, lat + y * METRE_Y
    ax, ay = wide * METRE_X, wide * turn * METRE_Y
    bx, by = -deep * turn * METRE_X, deep * METRE_Y
    corners = [(west, south), (west + ax, south + ay)]
    if dice >> 15 & 3 == 0:  # A quarter of them are L-shaped.
        corners += [
            (west + ax + bx * 0.5, south + ay + by * 0.5), (west + ax * 0.6 + bx * 0.5, south + ay * 0.6 + by * 0.5),
            (west + ax * 0.6 + bx, south + ay * 0.6 + by)]
    else:
        corners.append((west + ax + bx, south + ay + by))
    corners += [(west + bx, south + by), (west, south)]
    ring = ",".join(f"[{px:.7f},{py:.7f}]" for px, py in corners)
    floors = 1 + (dice >> 20 & 15) ** 2 // 20
    return (
        f'{{"type":"Feature","properties":{{"number":{number},"code":"B{dice >> 40:06X}-{number}","use":"{USES[(dice >> 24 & 255) % 7]}",'
        f'"floors":{floors},"height":{floors * 3.1 + (dice >> 32 & 7) * 0.1:.1f},"built":{1950 + (dice >> 35 & 63)}}},'
        f'"geometry":{{"type":"Polygon","coordinates":[[{ring}]]}}}}\n')


def city_lines(count):
    """A city of `count` buildings around the same middle, always the same; one GeoJSON object a line."""
    path = BENCH / f"city-{count}.geojsonl"
    if path.exists():
        return path
    say(f"making a city of {count:,} buildings")
    BENCH.mkdir(parents=True, exist_ok=True)
    side = math.ceil(math.sqrt(count))
    made = path.with_suffix(".part")
    with open(made, "w", buffering=1 << 20) as out:
        for number in range(count):
            out.write(building(number + 1, number % side - side // 2, number // side - side // 2))
    made.rename(path)
    return path


def city_store(count, keep_lines=False):
    """Returns the store of such a city, made anew when the program is, and what its import took."""
    store, noted = BENCH / f"city-{count}", BENCH / f"city-{count}.import.json"
    if is_older(store / "STORE", ONEMAP) or not noted.exists():
        lines = city_lines(count)
        say(f"importing {count:,} buildings")
        noted.write_text(json.dumps(import_layer(store, lines, "buildings", "--id-field", "number")))
        if not keep_lines:
            lines.unlink()
    return store, json.loads(noted.read_text())
