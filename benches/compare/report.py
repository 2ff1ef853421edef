#!/usr/bin/env python3
"""Writes what the comparisons found (target/bench/results.json) into its section of benches/RESULTS.md."""

import json

from common import RESULTS, ROOT

PAGE = ROOT / "benches" / "RESULTS.md"
BEGIN, END = "<!-- compare: begin -->\n", "<!-- compare: end -->\n"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def verdict(holds):
    return "holds" if holds else "**does not hold**"


def when(part):
    machine = part["machine"]
    return f"{machine['date']}, commit {machine['commit']}, load of the machine at the end {machine['load']:.1f}"


def cold(part):
    rows, ratios = [], {}
    for z, ours in part["onemap"].items():
        theirs = part["martin"][z]
        for encoding in ("identity", "browser"):
            a, b = ours[encoding], theirs[encoding]
            ratio = b["cpu_s_per_1000"] / a["cpu_s_per_1000"]
            names = "none" if encoding == "identity" else f"{a['encoding']}, {b['encoding']}"
            named = "unpacked" if encoding == "identity" else "packed"
            ratios[z, named] = ratio
            rows.append([
                f"z{z}", names, f"{a['cpu_s_per_1000']:.2f}", f"{b['cpu_s_per_1000']:.2f}", f"**{ratio:.1f}x**",
                f"{a['median_ms']:.2f} / {a['p99_ms']:.2f}", f"{b['median_ms']:.2f} / {b['p99_ms']:.2f}",
                f"{sum(ours['features'].values()):,.0f}", f"{sum(theirs['features'].values()):,.0f}",
                f"{a['mean_kib']:.0f}", f"{b['mean_kib']:.0f}"])
    lost = ", ".join(f"z{z} {named} ({ratio:.1f}x)" for (z, named), ratio in ratios.items() if ratio < 10)
    note = f"Not reached at {lost}." if lost else "Reached at every zoom."
    return f"""### (a) Cold tiles, beside martin and PostGIS

{when(part)}. The same random tiles that are not empty, no cache in either, one connection; each server alone on one core (martin with
PostgreSQL), the client on the other. PostGIS holds the features of onemap's own segment along a Hilbert curve, as {part['table'].rsplit('_', 1)[1]}
(the faster of 4326 and 3857) with a GiST index, 1 GB of shared buffers, no JIT. Both use a margin of 64. martin thins nothing: at low
zooms it sends every building that is not smaller than the grid, while onemap sends the largest ones and squares of built-up mass.

{table(["zoom", "packed (onemap, martin)", "onemap CPU s / 1,000", "martin CPU s / 1,000", "ratio", "onemap ms, median / p99", "martin ms, median / p99",
        "features a tile, onemap", "martin", "KiB a tile, onemap", "martin"], rows)}
At least 10x fewer CPU seconds: {verdict(not lost)}. {note}
"""


def warm(part):
    rows = []
    for encoding, servers in part["by_encoding"].items():
        for name, found in servers.items():
            rows.append([
                encoding, name, f"{found['per_second']:,.0f}", f"{1000 * found['cpu_s_per_1000']:.1f}", f"{found['p99_ms']:.1f}",
                f"{found['bytes_each'] / 1024:.0f}", f"{found['per_second'] / servers['bare']['per_second']:.0%}"])
    served = part["by_encoding"]
    bare = {name: found["onemap"]["per_second"] / found["bare"]["per_second"] for name, found in served.items()}
    martin = all(
        found["onemap"]["per_second"] >= max(found["martin, PostGIS"]["per_second"], found["martin, archive"]["per_second"])
        for found in served.values())
    each = ", ".join(f"{name} {part:.0%}" for name, part in bare.items())
    return f"""### (b) Warm tiles, beside martin and a bare hyper

{when(part)}. wrk, 32 keep-alive connections, a mix of {part['tiles']} tiles of z14 to z16 that all lie in the cache; medians of {part['rounds']} rounds in turns; each
server alone on one core. The bare hyper sends onemap's bytes and headers. martin keeps PostGIS's tiles unpacked and packs them for
each answer; its second row serves an archive of onemap's own tiles.

{table(["accepted", "server", "requests/s", "CPU ms / 1,000", "p99 ms", "KiB an answer", "of bare"], rows)}
At least martin's rate: {verdict(martin)}. At least 85 % of the bare hyper: {verdict(min(bare.values()) >= 0.85)} ({each}).
"""


def archive(part):
    ours, theirs = part["onemap"], part["tippecanoe"]
    rows = [[
        name, f"{found['wall_s']:.1f}", f"{found['cpu_s']:.1f}", f"{found['peak_mb']:.0f}", f"{found['bytes'] / 1e6:.2f}",
        f"{found['zooms']['14']['bytes'] / 1e6:.2f}", f"{found['missing_at_last_zoom']:,}"] for name, found in (("onemap", ours), ("tippecanoe", theirs))]
    steps = ours["cpu_s_by_step"]
    ratio, size = theirs["cpu_s"] / ours["cpu_s"], ours["bytes"] / theirs["bytes"]
    whole = part["tippecanoe_whole_last_zoom"]
    return f"""### (c) Archives, beside tippecanoe

{when(part)}. {part['features']:,} buildings of Tokyo from the same GeoJSON lines to PMTiles, z0 to z14, medians of {part['rounds']} rounds in turns on all
cores. {part['version']} with `-z14 -Z0 --drop-densest-as-needed -l buildings`; onemap: `import`, `set buildings maxzoom=14`, `export`
({steps['import']:.2f} + {steps['set']:.2f} + {steps['export']:.2f} CPU s). Decoded with `pmtiles` and `mapbox-vector-tile`; ids are values of 建物ID ({part['different_ids']:,} different,
{part['without_id']:,} features without).

{table(["tool", "wall s", "CPU s", "peak MB", "MB", "of these z14", "ids missing at z14"], rows)}
At least 3x fewer CPU seconds: {verdict(ratio >= 3)} ({ratio:.1f}x; {theirs['cpu_s'] / steps['export']:.0f}x without import). Size within 10 %: {verdict(size <= 1.1)} ({size - 1:+.1%}).
No feature missing at z14: {verdict(ours['missing_at_last_zoom'] == 0)}. Told to leave nothing out of z14 (`--no-feature-limit
--no-tile-size-limit`), tippecanoe keeps {whole['different_ids']:,} ids there in {whole['bytes'] / 1e6:.2f} MB; onemap's z14 is {ours['zooms']['14']['bytes'] / whole['bytes'] - 1:+.1%} beside it.
"""


def edits(part):
    rows = [[name, f"{found['median_ms']:.2f}", f"{found['p99_ms']:.2f}", f"{found['max_ms']:.2f}"] for name, found in (
        ("edit, on disk", part["edit"]), ("tile", part["tile"]), ("both", part["both"]),
        *((f"both, z{z}", found) for z, found in part["both_by_zoom"].items()))]
    return f"""### (d) From an edit to the tile that shows it

{when(part)}. {part['features']:,} features; {part['edits']} edits of one feature each (PATCH), each followed by a tile of z14, z15 or z16 in which the new value
was found; one server core.

{table(["step", "median ms", "p99 ms", "most ms"], rows)}
p99 under 50 ms: {verdict(part['both']['p99_ms'] < 50)}.
"""


def memory(part):
    rows = [[name, *(f"{part[key][kind]:.0f}" for kind in ("rss_mb", "anonymous_mb"))] for key, name in (
        ("start", "after the start"), ("one_tile", "after one tile"), ("thousand_tiles", "after 1,000 tiles of z10 to z16"))]
    return f"""### (e) Memory at rest

{when(part)}. {part['features']:,} features, cache of 256 MB. Resident memory includes the pages of the mapped store that were read, which the system takes
back when it needs them; anonymous memory is the program's own.

{table(["10 s", "resident MB", "anonymous MB"], rows)}
Under 300 MB at rest: {verdict(part['start']['rss_mb'] < 300)}.
"""


def growth(part):
    sizes = part["sizes"]
    rows, worst = [], {}
    for z in next(iter(sizes.values()))["tiles"]:
        cells = [found["tiles"][z] for found in sizes.values()]
        rows.append([f"z{z}", *(f"{cell['cpu_ms']:.2f} ({cell['features']:,.0f})" for cell in cells)])
        # Sizes at which the tile is about as full.
        most = max(cell["features"] for cell in cells)
        alike = [cell["cpu_ms"] for cell in cells if cell["features"] >= 0.8 * most]
        if len(alike) > 1:
            worst[z] = max(alike) / min(alike)
    names = [f"{int(count):,}" for count in sizes]
    told = [["import, s", *(f"{found['import']['wall_s']:.1f}" for found in sizes.values())],
            ["import, CPU s", *(f"{found['import']['cpu_s']:.1f}" for found in sizes.values())],
            ["import, peak MB", *(f"{found['import']['peak_mb']:.0f}" for found in sizes.values())],
            ["store, MB", *(f"{found['store_mb']:.0f}" for found in sizes.values())],
            ["start until ready, s", *(f"{found['open_s']:.3f}" for found in sizes.values())]]
    each = ", ".join(f"z{z} {ratio:.2f}x" for z, ratio in worst.items())
    opened = max(found["open_s"] for found in sizes.values())
    return f"""### Cost by number of features

{when(part)}. Cities made by rule, equally dense and the same around their middle; cold tiles of the middle, no cache, one core. CPU ms a tile
(features in it).

{table(["zoom", *names], rows)}
{table(["", *names], told)}
Within 2x where tiles are as full (at least 80 % of the fullest): {verdict(max(worst.values(), default=1) <= 2)} ({each}). Opening under 2 s: {verdict(opened < 2)}.
"""


def main():
    results = json.loads(RESULTS.read_text())
    first = next(iter(results.values()))["machine"]
    versions = results.get("a", {}).get("versions", {})
    said = "; ".join(versions.values())
    writers = {"a": cold, "b": warm, "c": archive, "d": edits, "e": memory, "scale": growth}
    sections = "\n".join(write(results[part]) for part, write in writers.items() if part in results)
    text = f"""{BEGIN}## Beside others

Measured with `benches/compare/run.sh all` on {first['cores']} cores ({first['cpu']}), {first['memory_gib']} GiB, {first['system']}.
Versions: {said}. Losses stand here like wins; raw figures in `target/bench/results.json`.

{sections}{END}"""
    page = PAGE.read_text()
    if BEGIN in page:
        before, _, rest = page.partition(BEGIN)
        page = before + text + rest.partition(END)[2]
    else:
        page = page.rstrip("\n") + "\n\n" + text
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
