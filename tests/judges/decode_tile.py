"""Decodes vector tiles with the `mapbox-vector-tile` package and prints what is in them as canonical JSON, one
line a file, in the same form as decode_tile.mjs. Exits with 1 and says why if something is wrong.

    python3 decode_tile.py FILE...
"""

import json
import sys

import mapbox_vector_tile


def doubled_area(ring):
    """Twice the area by the surveyor's formula (4.3.3.3), positive for exterior rings."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1]))


def parts_of(geometry):
    """The lines or rings of a decoded geometry; rings without the closing point."""
    kind, at = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        return [[at]]
    if kind == "MultiPoint":
        return [[point] for point in at]
    if kind == "LineString":
        return [at]
    if kind == "MultiLineString":
        return at
    polygons = [at] if kind == "Polygon" else at
    return [ring[:-1] if ring[0] == ring[-1] else ring for polygon in polygons for ring in polygon]


def polygons_of(geometry):
    return [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]


def describe(feature, complain):
    geometry = feature["geometry"]
    kind = geometry["type"].removeprefix("Multi")
    parts = [[list(point) for point in part] for part in parts_of(geometry)]
    described = {
        "id": feature.get("id"),
        "type": kind,
        "parts": parts,
        "properties": feature["properties"],
    }
    if described["id"] is None:
        complain("a feature has no id")
    if not parts:
        complain(f"feature {described['id']} has no geometry")
    if kind == "Polygon":
        described["areas"] = [doubled_area(ring) / 2 for ring in parts]
        for polygon in polygons_of(geometry):
            for i, ring in enumerate(polygon):
                if ring[0] != ring[-1]:
                    complain(f"feature {described['id']} has an open ring")
                if (doubled_area([list(p) for p in ring[:-1]]) > 0) != (i == 0):
                    complain(f"feature {described['id']} has a ring wound the wrong way")
    return described


def main(files):
    complaints = 0
    for file in files:

        def complain(text, file=file):
            nonlocal complaints
            complaints += 1
            print(f"{file}: {text}", file=sys.stderr)

        try:
            with open(file, "rb") as f:
                tile = mapbox_vector_tile.decode(f.read(), default_options={"y_coord_down": True})
            layers = {
                name: {
                    "extent": layer["extent"],
                    "features": [describe(feature, complain) for feature in layer["features"]],
                }
                for name, layer in sorted(tile.items())
            }
            print(json.dumps({"file": file, "layers": layers}, ensure_ascii=False, sort_keys=True))
        except Exception as error:  # noqa: BLE001: whatever a decoder raises is a complaint
            complain(f"{type(error).__name__}: {error}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
