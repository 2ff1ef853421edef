"""Walks all tiles of a layer and checks what must hold for each (see CHECKS), with two decoders that we did not write,
GEOS for the validity of polygons, and GDAL for what the source holds.

    python3 every_tile.py BASE LAYER [--source FILE --table NAME --where SQL --id-field NAME]

Tiles are asked from the top down, children of tiles that are not empty; each with the usual margin and without
(`buffer=0`). At zooms with more tiles than --limit a sample is taken, in blocks of four neighbours, most of them
where something has a border; the table says so. Prints a table on standard error and a summary as JSON on standard
output; exits with 1 if something failed.

CHECKS
  status     every answer is 200 or 204
  size       a tile has at most 500,000 bytes, not compressed
  decode     @mapbox/vector-tile (decode_tile.mjs: winding, closure, repeated points, keys, values) and
             mapbox-vector-tile read the same shapes from it, without a complaint
  valid      polygons are valid as GEOS sees it
  ids        no id twice in a tile, but for squares that stand for several features (`_count`)
  seam       where neighbours meet they draw the same in their margins, feature by feature: within half a STRIP
             of the edge nothing differs that is thicker than twice SLACK
  seam owner the same, where all features together are drawn the same, but one as another; not for
             lines below the last zoom, which are merged by what a tile shows of them
  seam without margin
             without margins, polygons cover the same stretches of the edge in both tiles, and lines meet it at the same
             places; or else (something ends there, or runs along the edge) each draws what the other has in its margin;
             below the last zoom HALF_PIXEL may be missing
  lost       at the layer's last zoom and below it, all features of the source are there
  mass       at the layer's last zoom and below it, nothing stands for several features
  area       polygons cover the area that they cover in the source, within 10 %, summed over the zoom, where that is 200
             units and more; what overlaps counts twice in both
"""

import argparse
import collections
import http.client
import itertools
import json
import math
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse

import mapbox_vector_tile
import numpy as np
import shapely

EXTENT = 4096
BUDGET = 500_000
WORLD = 2 * math.pi * 6_378_137.0
SIDES = ("west", "east", "north", "south")
OPPOSITE = {"west": "east", "east": "west", "north": "south", "south": "north"}
NODE_JUDGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "decode_tile.mjs")
# Units on both sides of an edge that are looked at. Farther away tiles may differ: each simplifies what it shows, and
# only where it leaves the tile it must agree with the neighbour.
STRIP = 4
# Half of what drawings may differ by: a unit, and half of one for where a crossing is rounded.
SLACK = 0.75
# What tiles without margin may differ by at their edge below the last zoom, where each is simplified on its own.
HALF_PIXEL = 4
# Zooms with fewer tiles are judged in one batch: the other decoder takes longer to start than to decode them.
FEW = 16
# Failures of one kind that are told with their address.
TOLD = 200

options = None  # of the command line
source = None  # Source, shared with the workers by fork


# -- What the source holds ---------------------------------------------------------------------------------------


class Source:
    """The features of a file as GDAL reads them, in Web Mercator scaled to the unit square."""

    def __init__(self, file, table, where, id_field, encoding):
        command = ["ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", "-t_srs", "EPSG:4326"]
        command += ["-lco", "COORDINATE_PRECISION=9", file, *([table] if table else [])]
        command += ["-where", where] if where else []
        command += ["-oo", f"ENCODING={encoding}"] if encoding else []
        text = subprocess.run(command, capture_output=True, check=True).stdout
        # GDAL hands the text of tables through as it is.
        lines = text.decode(encoding if encoding and file.endswith(".csv") else "utf-8").split("\n")
        features = [json.loads(line.lstrip("\x1e")) for line in lines if line.strip()]
        self.count = len(features)
        self.ids = None
        if id_field:
            self.ids = {str(f["properties"].get(id_field)) for f in features}
        # Tables have none that GDAL would know.
        shapes = shapely.from_geojson([json.dumps(f["geometry"]) for f in features if f["geometry"]])
        shapes = shapely.transform(shapely.force_2d(shapes), self.project)
        wrong = ~shapely.is_valid(shapes)
        shapes[wrong] = shapely.make_valid(shapes[wrong])
        self.is_polygon = bool(np.any(shapely.get_dimensions(shapes) == 2))
        if self.is_polygon:
            self.shapes = shapes
            self.areas = shapely.area(shapes)
            self.boxes = shapely.bounds(shapes)
            self.tree = shapely.STRtree(shapes)
            self.tree.query(shapely.box(0, 0, 1, 1))  # built now, before the fork

    @staticmethod
    def project(at):
        lat = np.radians(np.clip(at[:, 1], -85.0511287, 85.0511287))
        return np.column_stack((at[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * math.pi)))

    def area_in(self, z, x, y):
        """Square units of 4096 that the source covers in a tile; what overlaps counts twice."""
        side = 1 / (1 << z)
        w, n = x * side, y * side
        e, s = w + side, n + side
        near = self.tree.query(shapely.box(w, n, e, s))
        boxes = self.boxes[near]
        inside = (boxes[:, 0] >= w) & (boxes[:, 1] >= n) & (boxes[:, 2] <= e) & (boxes[:, 3] <= s)
        total = self.areas[near[inside]].sum()
        if not inside.all():
            total += shapely.area(shapely.clip_by_rect(self.shapes[near[~inside]], w, n, e, s)).sum()
        return float(total) * (EXTENT << z) ** 2


# -- Asking ------------------------------------------------------------------------------------------------------


class Client:
    """One keep-alive connection."""

    def __init__(self, base):
        self.address = urllib.parse.urlsplit(base).netloc
        self.connection = None

    def get(self, path):
        for attempt in (0, 1):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.address, timeout=120)
            try:
                self.connection.request("GET", path)
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, ConnectionError):
                self.connection = None
                if attempt:
                    raise


# -- A tile as decoded -------------------------------------------------------------------------------------------


def parts_of(geometry):
    """Lines, rings or points of a decoded geometry, all as lists of points, and the polygon of each ring."""
    kind, at = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return [[at]], None
    if kind == "MultiPoint":
        return [[point] for point in at], None
    if kind == "LineString":
        return [at], None
    if kind == "MultiLineString":
        return at, None
    polygons = [at] if kind == "Polygon" else at
    parts = [ring for polygon in polygons for ring in polygon]
    return parts, [i for i, polygon in enumerate(polygons) for _ in polygon]


class Shapes:
    """All features of one dimension in a tile as flat arrays."""

    def __init__(self, keys, parts, polygons):
        self.keys = keys  # of each feature
        self.feature_of_part = np.repeat(np.arange(len(keys)), [len(p) for p in parts])
        lines = list(itertools.chain.from_iterable(parts))
        self.part_of_point = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
        flat = list(itertools.chain.from_iterable(lines))
        self.at = np.array(flat, dtype=np.float64).reshape(-1, 2)
        self.shapes = None
        if not lines:
            self.shapes = np.array([])
        elif polygons is None:
            lines = shapely.linestrings(self.at, indices=self.part_of_point)
            self.shapes = shapely.multilinestrings(lines, indices=self.feature_of_part)
        else:
            rings = shapely.linearrings(self.at, indices=self.part_of_point)
            # Numbers the polygons of all features one after the other.
            counts = [max(p) + 1 for p in polygons]
            firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
            polygon_of_ring = np.concatenate([np.array(p) + f for p, f in zip(polygons, firsts)])
            solids = shapely.polygons(rings, indices=polygon_of_ring)
            self.shapes = shapely.multipolygons(solids, indices=np.repeat(np.arange(len(keys)), counts))


def read(data):
    """Returns what mapbox-vector-tile sees: for each layer the features with id, properties and parts."""
    tile = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    layers = {}
    for name, layer in sorted(tile.items()):
        features = []
        for feature in layer["features"]:
            parts, polygons = parts_of(feature["geometry"])
            kind = feature["geometry"]["type"].removeprefix("Multi")
            features.append((feature["id"], kind, feature["properties"], parts, polygons))
        layers[name] = features
    return layers


def shapes_of(layers, kind, are_merged):
    """The features of a kind; lines that are merged lose their ids, since a group has the id of one that is in the tile."""
    is_group = are_merged and kind == "LineString"
    chosen = [
        ((name, "all" if is_group else f[0], "_count" in f[2]), f[3], f[4])
        for name, features in layers.items()
        for f in features
        if f[1] == kind
    ]
    keys, parts, polygons = (list(column) for column in zip(*chosen)) if chosen else ([], [], [])
    return Shapes(keys, parts, polygons if kind == "Polygon" else None)


# -- Edges -------------------------------------------------------------------------------------------------------


def axis_of(side):
    """Index of the coordinate that is fixed on a side, and its value."""
    return (0 if side in ("west", "east") else 1), (EXTENT if side in ("east", "south") else 0)


def union(intervals):
    """Joins intervals that meet."""
    joined = []
    for low, high in sorted(intervals):
        if joined and low <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], high)
        else:
            joined.append([low, high])
    return joined


def stretches(shapes, side):
    """The stretches of an edge on which the borders of polygons run, by feature."""
    axis, edge = axis_of(side)
    on = shapes.at[:, axis] == edge
    both = np.flatnonzero(on[:-1] & on[1:] & (shapes.part_of_point[:-1] == shapes.part_of_point[1:]))
    found = collections.defaultdict(list)
    a, b = shapes.at[both, 1 - axis], shapes.at[both + 1, 1 - axis]
    features = shapes.feature_of_part[shapes.part_of_point[both]]
    for i, low, high in zip(features, np.minimum(a, b), np.maximum(a, b)):
        found[shapes.keys[i]].append((float(low), float(high)))
    return {key: union(intervals) for key, intervals in found.items()}


def places(shapes, side):
    """The places on an edge where lines have a point, by feature."""
    axis, edge = axis_of(side)
    on = np.flatnonzero(shapes.at[:, axis] == edge)
    found = collections.defaultdict(set)
    for i, at in zip(shapes.feature_of_part[shapes.part_of_point[on]], shapes.at[on, 1 - axis]):
        found[shapes.keys[i]].add(float(at))
    return {key: [[at, at] for at in sorted(set_)] for key, set_ in found.items()}


class Edge:
    """What a tile says about one of its edges.

    `at` holds the stretches or places of the edge that features of the tile without margin touch; `bare` and `full`
    hold what the tile draws near the edge, without and with its margin, from the edge's own origin."""

    def __init__(self, bare, full, side):
        self.at, self.bare, self.full = {}, {}, {}
        for kind, touched in (("Polygon", stretches), ("LineString", places)):
            self.at |= {(kind, *key): v for key, v in touched(bare[kind], side).items()}
            self.bare |= {(kind, *key): v for key, v in strips(bare[kind], side).items()}
            self.full |= {(kind, *key): v for key, v in strips(full[kind], side).items()}


def strips(shapes, side):
    """What features show within STRIP of an edge, by feature; the edge is the axis."""
    if not len(shapes.shapes):
        return {}
    axis, edge = axis_of(side)
    bounds = shapely.bounds(shapes.shapes)
    near = np.flatnonzero((bounds[:, axis] <= edge + 1) & (bounds[:, axis + 2] >= edge - 1))
    shift = np.array([edge, 0] if axis == 0 else [0, edge])
    found = collections.defaultdict(list)
    moved = shapely.transform(shapes.shapes[near], lambda at: at - shift)
    wrong = ~shapely.is_valid(moved)
    moved[wrong] = shapely.make_valid(moved[wrong])
    for i, shape in zip(near, shapely.intersection(moved, strip_box(axis, 0))):
        found[shapes.keys[i]].append(shape)
    return {key: parts[0] if len(parts) == 1 else shapely.union_all(parts) for key, parts in found.items()}


def strip_box(axis, half, width=STRIP):
    """The strip around an edge (0), or its half on the lower (-1) or upper (1) side."""
    low, high = (-width if half <= 0 else 0), (width if half >= 0 else 0)
    return shapely.box(low, 0, high, EXTENT) if axis == 0 else shapely.box(0, low, EXTENT, high)


def thickness(ours, theirs, kind, axis):
    """How far two drawings differ: the thickest difference of polygons, the longest of lines beside the edge itself; 0
    within twice SLACK."""
    # Not at the ends of the strip, where one drawing is cut before the other.
    inner = strip_box(axis, 0, STRIP / 2)
    if kind == "Polygon":
        rest = shapely.intersection(shapely.symmetric_difference(ours, theirs), inner)
        rest = shapely.buffer(rest, -SLACK)
        return 0.0 if rest.is_empty else 2 * (SLACK + shapely.maximum_inscribed_circle(rest).length)
    rest = [
        shapely.difference(shapely.intersection(a, inner), shapely.union(strip_box(axis, 0, 1), shapely.buffer(b, 2 * SLACK)))
        for a, b in ((ours, theirs), (theirs, ours))
    ]
    off = max(line.length for line in rest)
    return off if off > 1 else 0.0


NOTHING = shapely.Polygon()


def apart(ours, theirs, axis, pick):
    """How far the drawings of two neighbours differ near their edge: each without margin against the other with."""
    here, there = (strip_box(axis, half) for half in (-1, 1))
    return max(
        thickness(pick(ours.bare), shapely.intersection(pick(theirs.full), here), pick.kind, axis),
        thickness(pick(theirs.bare), shapely.intersection(pick(ours.full), there), pick.kind, axis),
    )


class One:
    """Picks a feature out of a strip."""

    def __init__(self, key):
        self.key, self.kind = key, key[0]

    def __call__(self, strip):
        return strip.get(self.key, NOTHING)


class All:
    """Picks all features of a kind out of a strip, as one shape."""

    def __init__(self, kind):
        self.kind = kind

    def __call__(self, strip):
        return shapely.union_all([shape for key, shape in strip.items() if key[0] == self.kind])


def compare_edges(ours, theirs, axis, is_simplified, tally):
    """Compares two sides of an edge: yields (kind, key, units apart) for what does not continue."""
    for key in ours.full.keys() | theirs.full.keys():
        tally["margin features"] += 1
        a, b = One(key)(ours.full), One(key)(theirs.full)
        if shapely.equals_exact(a, b, 1e-6, normalize=True) or shapely.equals(a, b):
            continue
        off = thickness(a, b, key[0], axis)
        if off == 0:
            tally["margin near"] += 1
            continue
        everything = [All(key[0])(side.full) for side in (ours, theirs)]
        yield ("seam owner" if thickness(*everything, key[0], axis) == 0 else "seam"), key, off
    for key in ours.at.keys() | theirs.at.keys():
        tally["edge features"] += 1
        if ours.at.get(key) == theirs.at.get(key):
            continue
        long = longest_difference(ours.at.get(key, []), theirs.at.get(key, []))
        if long <= 1:
            tally["edge near"] += 1
            continue
        # One side may end at the very edge, or run along it, or be less than a unit in the other.
        off = apart(ours, theirs, axis, One(key))
        if off == 0:
            tally["edge near"] += 1
        elif is_simplified and min(off, long) <= HALF_PIXEL:
            tally["edge half a pixel"] += 1
        else:
            yield "seam without margin", key, min(off, long)


def longest_difference(ours, theirs):
    """The longest stretch of the edge that one side has and the other has not; for places the farthest one."""
    if all(low == high for low, high in ours + theirs):
        points = [[low for low, _ in side] for side in (ours, theirs)]
        if not (points[0] and points[1]):
            return math.inf
        far = [max(min(abs(p - q) for q in b) for p in a) for a, b in (points, points[::-1])]
        return max(far)
    ends = sorted({v for pair in ours + theirs for v in pair})
    worst = run = 0.0
    for low, high in zip(ends, ends[1:]):
        middle = (low + high) / 2
        inside = [any(a < middle < b for a, b in side) for side in (ours, theirs)]
        run = run + high - low if inside[0] != inside[1] else 0.0
        worst = max(worst, run)
    return worst


# -- A batch of tiles --------------------------------------------------------------------------------------------


class Findings:
    """What one worker found."""

    def __init__(self):
        self.tiles = {}  # address: what later steps need
        self.failures = []  # (kind, address, text)

    def fail(self, kind, address, text):
        self.failures.append((kind, "/".join(map(str, address)), text))


def node(files):
    """Starts the other decoder."""
    command = ["node", "--max-old-space-size=2048", NODE_JUDGE, *files]
    out = tempfile.TemporaryFile()
    return subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE), out


def judge(job):
    """Checks a batch of tiles; the edges of each are given back for its neighbours."""
    addresses, last_zoom, with_ids = job
    found = Findings()
    client = clients.setdefault(os.getpid(), Client(options.base))
    with tempfile.TemporaryDirectory() as folder:
        tiles = []
        for z, x, y in addresses:
            pair = ask(client, z, x, y, lambda text: found.fail("status", (z, x, y), text))
            if not any(pair):
                continue
            if len(pair[0]) > BUDGET:
                found.fail("size", (z, x, y), f"{len(pair[0])} bytes")
            tiles.append(((z, x, y), pair))
        files = []
        for address, pair in tiles:
            for name, data in zip(("full", "bare"), pair):
                if data:
                    files.append(os.path.join(folder, "-".join(map(str, (*address, name)))))
                    with open(files[-1], "wb") as f:
                        f.write(data)
        process, out = node(files) if files else (None, None)
        decoded = {}
        for address, pair in tiles:
            for name, data in zip(("full", "bare"), pair):
                try:
                    decoded[*address, name] = read(data) if data else {}
                except Exception as error:  # noqa: BLE001: whatever a decoder raises is a complaint
                    found.fail("decode", address, f"{name}: {type(error).__name__}: {error}")
                    decoded[*address, name] = {}
        if process:
            complaints = process.communicate()[1].decode()
            for line in complaints.splitlines():
                name, _, text = os.path.basename(line).partition(":")
                found.fail("decode", name.split("-")[:3], f"{name.split('-')[-1]}:{text}")
            if process.returncode and not complaints:
                found.fail("decode", addresses[0], f"node ended with {process.returncode}")
            compare_decoders(found, decoded, out)
        for address, pair in tiles:
            layers = decoded[*address, "full"], decoded[*address, "bare"]
            tile = judge_tile(found, address, *layers, address[0] < last_zoom)
            tile["bytes"] = len(pair[0])
            if with_ids:
                features = list(itertools.chain.from_iterable(layers[0].values()))
                tile["ids"] = {f[0] for f in features}
                tile["names"] = {str(f[2].get(options.id_field)) for f in features} if options.id_field else set()
            found.tiles[address] = tile
    return found


def ask(client, z, x, y, complain=print):
    """Asks for a tile with its usual margin and without."""
    pair = []
    for query in (options.query, f"{options.query}&buffer=0"):
        path = f"/tiles/{options.layer}/{z}/{x}/{y}?{query.lstrip('&')}"
        status, data = client.get(path)
        if status not in (200, 204):
            complain(f"{path}: {status} {data[:200]!r}")
            data = b""
        pair.append(data)
    return pair


clients = {}


def compare_decoders(found, decoded, out):
    out.seek(0)
    for line in out:
        tile = json.loads(line)
        z, x, y, name = os.path.basename(tile["file"]).split("-")
        ours = decoded[int(z), int(x), int(y), name]
        for layer, theirs in tile["layers"].items():
            mine = ours.get(layer, [])
            same = len(mine) == len(theirs["features"]) and theirs["extent"] == EXTENT and all(
                a[0] == b["id"] and a[1] == b["type"] and same_parts(a, b["parts"])
                for a, b in zip(mine, theirs["features"])
            )
            if not same:
                found.fail("decode", (z, x, y), f"{name}: the two decoders differ in '{layer}'")


def same_parts(feature, theirs):
    if feature[1] == "Polygon":
        return [ring[:-1] for ring in feature[3]] == theirs
    return feature[3] == theirs


def judge_tile(found, address, full, bare, are_merged):
    shapes = {
        name: {kind: shapes_of(layers, kind, are_merged) for kind in ("Polygon", "LineString")}
        for name, layers in (("full", full), ("bare", bare))
    }
    for name, by_kind in shapes.items():
        polygons = by_kind["Polygon"]
        if len(polygons.shapes):
            for i in np.flatnonzero(~shapely.is_valid(polygons.shapes)):
                why = shapely.is_valid_reason(polygons.shapes[i])
                found.fail("valid", address, f"{name}: feature {polygons.keys[i][1]}: {why}")
    for name, layers in (("full", full), ("bare", bare)):
        for layer, features in layers.items():
            seen = collections.Counter((f[0], "_count" in f[2]) for f in features)
            twice = [key[0] for key, n in seen.items() if n > 1 and not key[1]]
            if twice:
                found.fail("ids", address, f"{name}: '{layer}' has {len(twice)} ids more than once: {twice[:5]}")
    polygons = shapes["bare"]["Polygon"]
    return {
        "area": float(shapely.area(polygons.shapes).sum()) if len(polygons.shapes) else 0.0,
        "true": source.area_in(*address) if source is not None and source.is_polygon else None,
        "points": len(shapes["full"]["Polygon"].at) + len(shapes["full"]["LineString"].at),
        "count": sum(map(len, full.values())),
        "mass": sum(1 for features in full.values() for f in features if "_count" in f[2]),
        "edges": {side: Edge(shapes["bare"], shapes["full"], side) for side in SIDES},
    }


# -- The walk ----------------------------------------------------------------------------------------------------


class Verdict:
    def __init__(self):
        self.counts = collections.Counter()
        self.told = []

    def fail(self, kind, address, text):
        self.counts[kind] += 1
        if self.counts[kind] <= TOLD:
            self.told.append({"kind": kind, "tile": address, "what": text})


def choose(parents, is_sample, rng):
    """The children of tiles to ask for, and whether they are a sample."""
    blocks = sorted(parents)
    if 4 * len(blocks) > (options.sample if is_sample else options.limit):
        # Three quarters where something has a border, the rest anywhere.
        rich = [at for at in blocks if parents[at]["points"] > 5 * parents[at]["count"]]
        rng.shuffle(rich)
        chosen = set(rich[: options.sample * 3 // 16])
        rest = [at for at in blocks if at not in chosen]
        rng.shuffle(rest)
        chosen.update(rest[: max(0, options.sample // 4 - len(chosen))])
        blocks = sorted(chosen)
    tiles = children(blocks)
    return tiles, len(tiles) < 4 * len(parents)


def few_tiles():
    """The first zooms, as long as they have few tiles: those to judge at each, and where the walk goes on."""
    client = Client(options.base)
    levels, tiles = [], [(0, 0)]
    while tiles and len(tiles) <= FEW and len(levels) <= options.maxzoom:
        levels.append(tiles)
        full = [at for at in tiles if any(ask(client, len(levels) - 1, *at))]
        tiles = children(full)
    return levels


def children(parents):
    return [(2 * x + i, 2 * y + j) for x, y in parents for j in (0, 1) for i in (0, 1)]


def judge_all(pool, addresses, about, with_ids, verdict):
    """Judges tiles in batches small enough to share the work; children of one parent stay together."""
    size = max(4, min(64, math.ceil(len(addresses) / (4 * options.jobs))))
    batches = [addresses[i : i + size] for i in range(0, len(addresses), size)]
    found = {}
    for part in pool.imap(judge, [(batch, about["maxzoom"], with_ids) for batch in batches]):
        found |= part.tiles
        for failure in part.failures:
            verdict.fail(*failure)
    return found


def walk(about, pool, verdict):
    rng = random.Random(options.seed)
    rows, sampled, parents = [], False, None
    levels = few_tiles()
    first = judge_all(pool, [(z, *at) for z, tiles in enumerate(levels) for at in tiles], about, True, verdict)
    for z in range(options.maxzoom + 1):
        started = time.monotonic()
        has_ids = z >= about["maxzoom"] and not sampled
        if z < len(levels):
            tiles = levels[z]
            found = {at[1:]: tile for at, tile in first.items() if at[0] == z}
        else:
            tiles, is_sample = choose(parents, sampled, rng)
            sampled = sampled or is_sample
            has_ids = has_ids and not sampled
            judged = judge_all(pool, [(z, *at) for at in tiles], about, has_ids, verdict)
            found = {at[1:]: tile for at, tile in judged.items()}
        sizes = [(t["bytes"], f"{z}/{x}/{y}") for (x, y), t in found.items()]
        row = {"z": z, "tiles": len(found), "asked": len(tiles), "sampled": sampled}
        row |= {"bytes": sum(size for size, _ in sizes), "largest": max(sizes, default=(0, ""))[0]}
        row |= {"largest_tile": max(sizes, default=(0, ""))[1]}
        row |= {"features": sum(t["count"] for t in found.values()), "mass": sum(t["mass"] for t in found.values())}
        row |= seams(z, found, z < about["maxzoom"], verdict)
        row |= areas(z, found, verdict)
        if z >= about["maxzoom"]:
            losses(z, found, has_ids, verdict, row)
        row["seconds"] = round(time.monotonic() - started, 1)
        rows.append(row)
        print_row(row)
        parents = {at: {k: t[k] for k in ("points", "count")} for at, t in found.items()}
        if not parents:
            verdict.fail("lost", str(z), "all tiles of this zoom are empty")
            break
    return rows


def seams(z, found, is_simplified, verdict):
    tally = collections.Counter()
    worst = 0.0
    for (x, y), tile in found.items():
        for side, (dx, dy) in (("east", (1, 0)), ("south", (0, 1))):
            other = found.get((x + dx, y + dy))
            if other is None:
                continue
            tally["edges"] += 1
            ours, theirs = tile["edges"][side], other["edges"][OPPOSITE[side]]
            for kind, key, off in compare_edges(ours, theirs, 0 if side == "east" else 1, is_simplified, tally):
                worst = max(worst, off)
                mark = " mass" if key[3] else ""
                at = [edge.at.get(key, [])[:4] for edge in (ours, theirs)]
                text = f"{side}: {key[0]} {key[2]}{mark}: {at[0]} here, {at[1]} in {x + dx}/{y + dy}"
                verdict.fail(kind, f"{z}/{x}/{y}", f"{text}, {off:.1f} apart")
                tally[kind] += 1
    return {
        "edges": tally["edges"],
        "edge_features": tally["edge features"],
        "edge_near": tally["edge near"],
        "edge_half_pixel": tally["edge half a pixel"],
        "margin_features": tally["margin features"],
        "margin_near": tally["margin near"],
        "edge_wrong": tally["seam"] + tally["seam owner"] + tally["seam without margin"],
        "edge_worst": round(worst, 2),
    }


def areas(z, found, verdict):
    if source is None or not source.is_polygon:
        return {}
    drawn = sum(t["area"] for t in found.values())
    true = sum(t["true"] for t in found.values())
    out = {"area": round(drawn), "true_area": round(true, 1)}
    if true < 200:
        return out
    ratio = drawn / true
    out["ratio"] = round(ratio, 4)
    if abs(ratio - 1) > 0.1:
        verdict.fail("area", str(z), f"{drawn:.0f} units drawn of {true:.0f}: {ratio:.3f}")
    each = [(t["area"] / t["true"], f"{z}/{x}/{y}") for (x, y), t in found.items() if t["true"] >= 20_000]
    if each:
        out["least_tile"], out["most_tile"] = min(each), max(each)
    return out


def losses(z, found, has_all, verdict, row):
    if row["mass"]:
        verdict.fail("mass", str(z), f"{row['mass']} squares at the last zoom")
    if not has_all:
        return
    ids = set().union(*(t["ids"] for t in found.values())) if found else set()
    row["ids"] = len(ids)
    if source is None:
        return
    if len(ids) != source.count:
        verdict.fail("lost", str(z), f"{len(ids)} ids of {source.count} features in the source")
    if source.ids is not None:
        names = set().union(*(t["names"] for t in found.values()))
        missing, extra = sorted(source.ids - names), sorted(names - source.ids)
        if missing or extra:
            text = f"{len(missing)} missing: {missing[:5]}, {len(extra)} extra: {extra[:5]}"
            verdict.fail("lost", str(z), text)


COLUMNS = ("z", "tiles", "bytes", "largest", "features", "mass", "edges", "edge_features", "edge_wrong", "ratio", "ids")


def print_row(row):
    if row["z"] == 0:
        print(" ".join(f"{name:>13}" for name in COLUMNS), " seconds", file=sys.stderr)
    cells = [f"{row.get(name, ''):>13}" for name in COLUMNS]
    print(" ".join(cells), f"{row['seconds']:>8}", "sampled" if row["sampled"] else "", file=sys.stderr, flush=True)


def main():
    global options, source
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="address of the server, http://127.0.0.1:PORT")
    parser.add_argument("layer")
    parser.add_argument("--source", help="file that the layer was imported from, as GDAL reads it")
    parser.add_argument("--table", help="layer of a source that holds several")
    parser.add_argument("--where", help="which features of the source are shown (SQL)")
    parser.add_argument("--id-field", help="field of the source that tells features apart")
    parser.add_argument("--encoding", help="of a shapefile that does not say it")
    parser.add_argument("--query", default="", help="what is asked of every tile, as in a URL: datetime=2026-07-01")
    parser.add_argument("--maxzoom", type=int, default=16, help="last zoom walked")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--limit", type=int, default=20_000, help="most tiles at a zoom of which all are taken")
    parser.add_argument("--sample", type=int, default=5_000, help="tiles taken where there are more")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()

    started = time.monotonic()
    status, text = Client(options.base).get(f"/api/layers/{options.layer}")
    if status != 200:
        sys.exit(f"no layer '{options.layer}': {status}")
    about = json.loads(text)
    if options.source:
        source = Source(options.source, options.table, options.where, options.id_field, options.encoding)
    verdict = Verdict()
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        rows = walk(about, pool, verdict)
    summary = {
        "layer": options.layer,
        "geometry": about["geometry"],
        "last_zoom": about["maxzoom"],
        "source_features": source.count if source else None,
        "tiles": sum(r["tiles"] for r in rows),
        "bytes": sum(r["bytes"] for r in rows),
        "largest": max((r["largest"], r.get("largest_tile", "")) for r in rows),
        "sampled_from_zoom": next((r["z"] for r in rows if r["sampled"]), None),
        "zooms": rows,
        "failed": dict(verdict.counts),
        "failures": verdict.told,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(summary, ensure_ascii=False))
    for failure in verdict.told[:20]:
        print(f"{failure['kind']}: {options.layer}/{failure['tile']}: {failure['what']}", file=sys.stderr)
    for kind, count in verdict.counts.items():
        print(f"{options.layer}: {count} x {kind}", file=sys.stderr)
    return 1 if verdict.counts else 0


if __name__ == "__main__":
    sys.exit(main())
