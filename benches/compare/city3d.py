"""3D tiles beside tyler: the Tokyo buildings as CityJSONSeq, imported and written as a whole tileset.

    ONEMAP_TEST_DATA=FOLDER python city3d.py [--limit N]

Needs `tyler` 0.4.1 (`cargo install tyler`; cmake libtiff-dev libcurl4-openssl-dev libsqlite3-dev clang) in PATH or TYLER.
Prints JSON: CPU seconds, wall seconds, peak memory, bytes, tiles, and what gltf-validator says of each.
"""

import argparse
import json
import os
import shutil
import subprocess
from pathlib import Path

from common import BENCH, ONEMAP, ROOT, run, say
from data import tokyo_lines

TYLER = os.environ.get("TYLER", "tyler")
# JGD2011, plane rectangular zone 9: metres. Both programs transform it to the earth's centre.
CRS = "EPSG:6677"
FOLDER = BENCH / "city3d"


def city_json_lines(limit):
    """Writes the footprints as blocks of their measured height, CityJSONSeq 2.0, coordinates in millimetres."""
    from pyproj import Transformer

    path = FOLDER / f"tokyo-{limit or 'all'}.city.jsonl"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    transform = Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform
    origin = [-7000.0, -36000.0, 0.0]
    head = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": origin},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/6677"},
        "CityObjects": {},
        "vertices": [],
    }
    made = path.with_suffix(".part")
    count = 0
    with open(tokyo_lines()) as lines, open(made, "w") as out:
        out.write(json.dumps(head, separators=(",", ":")) + "\n")
        for line in lines:
            feature = json.loads(line)
            properties = feature["properties"]
            height = properties.get("measuredHeight") or 3.0
            geometry = feature["geometry"]
            polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
            vertices, shells = [], []
            for polygon in polygons:
                tops, bottoms, walls = [], [], []
                for at, ring in enumerate(polygon):
                    places = [transform(x, y) for x, y, *_ in ring[:-1]]
                    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(places, places[1:] + places[:1]))
                    if (area > 0) != (at == 0):
                        places.reverse()
                    low = len(vertices)
                    for z in (0.0, height):
                        vertices += [[round((v - o) * 1000) for v, o in zip((*p, z), origin)] for p in places]
                    n = len(places)
                    bottoms.append([low + i for i in reversed(range(n))])
                    tops.append([low + n + i for i in range(n)])
                    for i in range(n):
                        j = (i + 1) % n
                        walls.append([[low + i, low + j, low + n + j, low + n + i]])
                shells.append([[bottoms, tops, *walls]])
            attributes = {name: value for name, value in properties.items() if isinstance(value, (int, float, str))}
            name = f"b{count}"
            solids = [
                {"type": "Solid", "lod": "1.2", "boundaries": shell} for shell in shells
            ]
            if len(solids) > 1:
                solids = [{"type": "MultiSolid", "lod": "1.2", "boundaries": [s["boundaries"] for s in solids]}]
            out.write(json.dumps({
                "type": "CityJSONFeature", "id": name,
                "CityObjects": {name: {"type": "Building", "attributes": attributes, "geometry": solids}},
                "vertices": vertices,
            }, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
            if limit and count >= limit:
                break
    made.rename(path)
    say(f"{count} buildings, {path.stat().st_size / 1e6:.0f} MB of CityJSONSeq")
    return path


def judge(folder):
    """Returns what gltf-validator says of all contents, and how large they are."""
    script = ROOT / "tests/judges/glbs.mjs"
    return json.loads(subprocess.run(["node", script, folder], capture_output=True, text=True, check=True).stdout)


def onemap(source):
    store, tiles = FOLDER / "store", FOLDER / "onemap.3dtiles"
    shutil.rmtree(store, ignore_errors=True)
    shutil.rmtree(tiles, ignore_errors=True)
    steps = [
        run([ONEMAP, "--data", store, "--json", "import", source, "--layer", "buildings"]),
        run([ONEMAP, "--data", store, "--json", "export", "buildings", "-o", tiles]),
    ]
    return summed(steps), tiles


def tyler(source):
    tiles = FOLDER / "tyler"
    shutil.rmtree(tiles, ignore_errors=True)
    # tyler wants its features in a folder.
    inputs = FOLDER / "tyler-input"
    shutil.rmtree(inputs, ignore_errors=True)
    inputs.mkdir()
    os.link(source, inputs / "tokyo.city.jsonl")
    # All that the source has, as our tiles do.
    depth = "洪水浸水想定区域（想定最大規模）>浸水深"
    names = ["measuredHeight", "buildingRoofEdgeArea", f"神田川流域{depth}", f"荒川水系荒川{depth}"]
    kinds = {"建物ID": "string", "区市町村_町丁目コード": "string", **dict.fromkeys(names, "float")}
    attributes = ",".join(f"{name}:{kind}" for name, kind in kinds.items())
    command = [TYLER, inputs, "--output", tiles, "--object-type", "Building", "--lod-building", "1.2"]
    return summed([run([*command, "--object-attributes", attributes])]), tiles


def summed(steps):
    return {
        "cpu_s": sum(step["cpu_s"] for step in steps),
        "wall_s": sum(step["wall_s"] for step in steps),
        "peak_mb": max(step["peak_mb"] for step in steps),
        "steps": steps,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--limit", type=int, default=0)
    arguments = parser.parse_args()
    source = city_json_lines(arguments.limit)
    results = {"bytes_of_source": source.stat().st_size}
    for name, program in [("onemap", onemap), ("tyler", tyler)]:
        say(name)
        took, tiles = program(source)
        results[name] = {**took, **judge(tiles)}
    ours, theirs = results["onemap"], results["tyler"]
    results["cpu_ratio"] = theirs["cpu_s"] / ours["cpu_s"]
    results["bytes_ratio"] = theirs["bytes"] / ours["bytes"]
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
