"""What the far contents of 3D tiles spare: CesiumJS over ten fixed views of the Tokyo buildings, from 20 km down to a street.

    cargo build --profile dist -p onemap
    (cd tests/judges && npm ci)
    ONEMAP_TEST_DATA=FOLDER python3 benches/compare/hlod.py [--shots FOLDER]

The same path is flown over the tileset as it is, and over its leaves alone: their contents in the same tree, where nothing stands
in for them from afar. Screen-space error 16 in both, headless Chromium. Prints bytes over the wire, tiles on the screen and the
part of the picture that shows something, for each view; and the ratio of the bytes.
"""

import argparse
import json
import subprocess
import sys
import tempfile

from common import BENCH, ONEMAP, ROOT, onemap_server, output, save, say
from data import import_layer, is_older, source_folder

# Near Iidabashi, among all kinds of houses.
PLACE = "139.7444,35.6888"
# Name, metres from the eye to the place, heading and pitch in degrees.
VIEWS = [
    ["20 km", {"metres": 20_000}, 0, -80],
    ["12 km", {"metres": 12_000}, 0, -60],
    ["7 km", {"metres": 7_000}, 30, -50],
    ["4 km", {"metres": 4_000}, 60, -40],
    ["2.5 km", {"metres": 2_500}, 90, -35],
    ["1.5 km", {"metres": 1_500}, 120, -35],
    ["700 m", {"metres": 700}, 150, -30],
    ["350 m", {"metres": 350}, 180, -25],
    ["150 m", {"metres": 150}, 210, -20],
    ["aside", {"metres": 200, "east": 400}, 240, -15],
]


def tokyo_in_3d():
    """The Tokyo layer with heights in a store of its own, made anew when the program is."""
    store = BENCH / "tokyo-3d"
    if is_older(store / "STORE", ONEMAP):
        say("importing Tokyo with its heights")
        source = source_folder() / "big/tokyo_central_buildings_210k.parquet"
        import_layer(store, source, "buildings", "--height-field", "measuredHeight")
    return store


def fly(address, *options):
    """Flies the path; what goes wrong ends the comparison."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as views:
        json.dump(VIEWS, views)
        views.flush()
        script = ROOT / "tests/judges/cesium.mjs"
        said = json.loads(output(["node", script, address, "--at", PLACE, "--views", views.name, *options]))
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", help="keep pictures here")
    arguments = parser.parse_args()
    found = {}
    with onemap_server(tokyo_in_3d(), core=None) as server:
        host, port = server.address
        address = f"http://{host}:{port}/3dtiles/buildings/tileset.json"
        for name, options in [("whole", []), ("leaves", ["--leaves"])]:
            say(f"flying over {name}")
            shots = ["--shots", f"{arguments.shots}/{name}"] if arguments.shots else []
            found[name] = fly(address, *options, *shots)
    whole, leaves = found["whole"], found["leaves"]
    print(f"{'view':8} {'kB':>8} {'tiles':>6} {'shown':>6}   {'kB':>8} {'tiles':>6} {'shown':>6}  (leaves alone)")
    for a, b in zip(whole["views"], leaves["views"]):
        print("{:8} {:8.0f} {:6} {:6.2f}   {:8.0f} {:6} {:6.2f}".format(
            a["name"], *(v for x in (a, b) for v in (x["bytes"] / 1000, x["tiles"], x["cover"]))))
    ratio = whole["bytes"] / leaves["bytes"]
    print(f"bytes {whole['bytes']} and {leaves['bytes']}: {ratio:.3f}; requests {whole['requests']} and {leaves['requests']}")
    for name, said in found.items():
        for error in said["errors"]:
            print(f"{name}: {error}")
    save("hlod", {"ratio": ratio, **{name: {"views": said["views"], "bytes": said["bytes"]} for name, said in found.items()}})
    if whole["errors"] or len(whole["views"]) < len(VIEWS):
        sys.exit("the path over the whole tileset was not flown without a complaint")


if __name__ == "__main__":
    main()
