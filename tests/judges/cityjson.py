"""Compares what onemap read of CityJSON files with what cjio and numpy read of them.

    ONEMAP_CITYJSON_DUMP=DIR cargo nextest run -p onemap-city-model real_files_keep
    python3 cityjson.py DIR

Needs `cjio` and `numpy`. For every dump in DIR it reads the source again with cjio (a sequence: line by line) and
compares: the number of objects of each type, the number of objects with a model of each level of detail, the box of each
object at each level, and the volume of each closed solid. Volumes are summed over fans of the rings, so that no triangulation
can err in both. Prints a line a file; exits with 1 if a box is off by more than a centimetre, a volume by more than a
litre and a ten-thousandth (faces that are not flat have no one volume), or a count at all.
"""

import collections
import gzip
import json
import pathlib
import sys

import numpy as np
from cjio import cityjson


def documents(path):
    """The CityJSON objects of a file; each feature of a sequence with the header's transform."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    text = raw.decode()
    if ".jsonl" not in path.name:
        return [json.loads(text)]
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    head = lines[0]
    found = []
    for line in lines:
        line = {**line, "type": "CityJSON", "version": head["version"], "transform": head["transform"]}
        if "geometry-templates" in head:
            line["geometry-templates"] = head["geometry-templates"]
        found.append(line)
    return found


def rings(boundaries):
    """All rings of nested boundaries."""
    if boundaries and isinstance(boundaries[0], list):
        for item in boundaries:
            yield from rings(item)
    elif boundaries:
        yield boundaries


def fan_volume(loops, origin):
    """The volume in closed surfaces: each ring a fan of triangles; holes run the other way and take off."""
    total = 0.0
    for loop in loops:
        p = loop - origin
        if len(p) >= 3:
            total += np.einsum("j,ij->", p[0], np.cross(p[1:-1], p[2:]))
    return total / 6.0


def is_closed(loops):
    """Tells whether the areas of all faces, as vectors, add up to nothing; only then there is a volume."""
    area, total = np.zeros(3), 0.0
    for loop in loops:
        p = loop - loop[0]
        if len(p) >= 3:
            turn = np.cross(p[1:-1], p[2:]).sum(axis=0)
            area, total = area + turn, total + np.linalg.norm(turn)
    return np.linalg.norm(area) <= 1e-6 * total


def shapes(geometry, vertices, templates):
    """Level, loops of coordinates, and whether it is a solid."""
    kind = geometry["type"]
    if kind == "GeometryInstance":
        template = templates["templates"][geometry["template"]]
        matrix = np.array(geometry["transformationMatrix"], float).reshape(4, 4)
        places = np.array(templates["vertices-templates"], float)
        places = places @ matrix[:3, :3].T + matrix[:3, 3] + vertices[geometry["boundaries"][0]]
        return shapes(template, places, None)
    if "Surface" not in kind and "Solid" not in kind:
        return None
    loops = [vertices[ring] for ring in rings(geometry["boundaries"])]
    return str(geometry.get("lod", "")), loops, "Solid" in kind


def main(folder):
    failed = False
    for dump in sorted(pathlib.Path(folder).glob("*.dump")):
        ours = json.loads(dump.read_text())
        path = pathlib.Path(ours["source"])
        ours = ours["objects"]
        types, levels = collections.Counter(), collections.Counter()
        far, off, solids, wrong = 0.0, 0.0, 0, []
        for document in documents(path):
            # cjio's own reading gives the types; the coordinates are decompressed by numpy.
            model = cityjson.CityJSON(j=json.loads(json.dumps(document)))
            transform = document.get("transform", {"scale": [1, 1, 1], "translate": [0, 0, 0]})
            vertices = np.array(document["vertices"] or np.empty((0, 3)), float)
            vertices = vertices * transform["scale"] + transform["translate"]
            for key, thing in model.j["CityObjects"].items():
                types[thing["type"]] += 1
                if key not in ours:
                    wrong.append(f"{key} is missing")
                    continue
                found = ours[key]["levels"]
                wanted = collections.defaultdict(list)
                for geometry in thing.get("geometry", []):
                    shape = shapes(geometry, vertices, document.get("geometry-templates"))
                    if shape and geometry["type"] != "GeometryInstance":
                        wanted[shape[0]].append(shape[1:])
                for level, parts in wanted.items():
                    everything = np.vstack([loop for loops, _ in parts for loop in loops])
                    if np.ptp(everything, axis=0).max() == 0:
                        continue
                    levels[level] += 1
                    if level not in found:
                        wrong.append(f"{key} has no level {level}")
                        continue
                    box = np.array([found[level]["low"], found[level]["high"]])
                    far = max(far, np.abs(box[0] - everything.min(0)).max())
                    far = max(far, np.abs(box[1] - everything.max(0)).max())
                    if all(solid and is_closed(loops) for loops, solid in parts):
                        volume = sum(fan_volume(loops, everything[0]) for loops, _ in parts)
                        apart = abs(volume - found[level]["volume"])
                        off = max(off, apart)
                        solids += 1
                        if apart > 1e-3 + 1e-4 * abs(volume):
                            wrong.append(f"{key} at {level}: {found[level]['volume']} for {volume} m3")
        counted = collections.Counter(thing["type"] for thing in ours.values())
        if counted != types:
            wrong.append(f"types {dict(counted)} for {dict(types)}")
        if far > 0.01:
            wrong.append(f"a box is off by {far} m")
        print(
            f"{'FAILED' if wrong else 'ok':6} {path.name}: {sum(types.values())} objects, levels {dict(levels)}, "
            f"boxes within {far:.1e} m, {solids} solids within {off:.1e} m3",
            *wrong[:5],
            sep="\n       ",
        )
        failed = failed or bool(wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
