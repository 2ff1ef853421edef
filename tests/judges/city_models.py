"""Compares city models as onemap serves them with their sources, read by cjio, ElementTree and numpy, placed by pyproj.

    python3 city_models.py JOBS.json           each layer with its source
    python3 city_models.py --same A.json       the layers of the jobs with each other: the same objects and shapes

A job is {"name", "url": ".../3dtiles/LAYER/tileset.json", "source": PATH, "crs": CRS the user stated, or null,
"place": [lon, lat, height, heading] or null, "count": records of the layer, "rejected": records refused}.

All leaves of the tileset are read as plain glTF, their places brought to the earth by the tiles' transforms, and from there by
pyproj into the CRS of the source. For every object, in the finest level that it has: its box, each side within a centimetre;
the volume in its surfaces, where these close (fans over the rings of the source, so that no way of cutting can err in both), within
what a centimetre on all of its surface makes; and 1,000 corners by chance, each within a millimetre of one of the source
(of objects of more than eight kilometres, what 32 bits can tell apart).
Prints a JSON line for each job; `errors` is empty when all agree.
"""

import collections
import json
import pathlib
import random
import re
import sys
import urllib.parse
import urllib.request

import numpy as np
import pyproj

from city_sources import of_path
from glb import Glb

CENTIMETRE, MILLIMETRE = 0.01, 0.001
METRES_PER_DEGREE = 111_195.0
#: Positions of glTF are of 32 bits: by this part of its size an object of many kilometres is rounded.
HALF_STEP = 2.0**-23


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def leaves(url, above=np.eye(4)):
    """The address and the transform of each content that no other refines."""
    todo = [(json.loads(get(url))["root"], above)]
    while todo:
        tile, matrix = todo.pop()
        if "transform" in tile:
            matrix = matrix @ np.array(tile["transform"]).reshape(4, 4).T
        children = tile.get("children", [])
        todo.extend((child, matrix) for child in children)
        uri = tile.get("content", {}).get("uri")
        if uri is None or children:
            continue
        address = urllib.parse.urljoin(url, uri)
        if urllib.parse.urlsplit(address).path.endswith(".json"):
            yield from leaves(address, matrix)
        else:
            yield address, matrix


def served(url):
    """What each feature's id shows: triangles on the earth, and the colour of each."""
    shapes = collections.defaultdict(lambda: ([], []))
    plain = url + ("&" if "?" in url else "?") + "enc=plain"
    for address, transform in leaves(plain):
        glb = Glb(get(address))
        table = glb.json["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
        kind = glb.json["extensions"]["EXT_structural_metadata"]["schema"]["classes"]["feature"]["properties"]["id"]
        kind = {"UINT32": "<u4", "FLOAT64": "<f8"}[kind["componentType"]]
        ids = np.frombuffer(glb.bytes_of(table["properties"]["id"]["values"])[0], kind)[: table["count"]]
        for triangles, primitive, corners in glb.triangles():
            numbers = glb.array(primitive["attributes"]["_FEATURE_ID_0"]).astype(int)[corners[:, 0]]
            material = glb.json["materials"][primitive["material"]]
            looks = material.get("pbrMetallicRoughness", {}).get("baseColorFactor", [1, 1, 1, 1])
            colors = np.tile(np.round(np.array(looks) * 255), (len(corners), 1))
            if "COLOR_0" in primitive["attributes"]:
                colors = colors[:, : 4] * glb.array(primitive["attributes"]["COLOR_0"])[corners[:, 0]][:, :4]
            places = triangles @ transform[:3, :3].T + transform[:3, 3]
            for number in np.unique(numbers):
                mine = numbers == number
                shape = shapes[int(ids[number])]
                shape[0].append(places[mine])
                shape[1].append(colors[mine])
    return {number: (np.vstack(places), np.vstack(colors)) for number, (places, colors) in shapes.items()}


def properties(url, number):
    """What the server says of a feature."""
    parts = urllib.parse.urlsplit(url)
    layer = parts.path.split("/")[2]
    return json.loads(get(f"{parts.scheme}://{parts.netloc}/features/{layer}/{number}"))["properties"]


def ways(crs, place, objects):
    """What brings places of the earth into the axes of the source, and metres for each unit of these."""
    to_place = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
    if place:
        lon, lat, height, heading = place
        there = pyproj.Transformer.from_pipeline(
            f"+proj=pipeline +step +proj=topocentric +ellps=WGS84 +lon_0={lon} +lat_0={lat} +h_0={height}"
        )
        turn = np.radians(heading)

        def from_earth(p):
            east, north, up = there.transform(*p.T)
            return np.stack([east * np.cos(turn) - north * np.sin(turn), east * np.sin(turn) + north * np.cos(turn), up], 1)

        return from_earth, np.ones(3)
    codes = re.findall(r"EPSG\D*?(?:/[\d.]+/|:[\d.]*:|:)(\d+)", crs or "", re.IGNORECASE)
    system = pyproj.CRS(f"EPSG:{codes[0]}" if codes else crs or "EPSG:4979")
    system = (system.sub_crs_list or [system])[0].to_2d()
    there = pyproj.Transformer.from_crs("EPSG:4326", system, always_xy=True)
    rings = (ring for levels in objects.faces.values() for faces in levels.values() for face in faces for ring in face)
    sample = next((ring[0] for ring in rings), np.zeros(3))
    # Whichever order of the axes lies where the system is used; easting first where both do, and latitude where neither.
    back = pyproj.Transformer.from_crs(system, "EPSG:4326", always_xy=True)
    area = system.area_of_use

    def fits(x, y):
        lon, lat = back.transform(x, y)
        return area.west - 1 <= lon <= area.east + 1 and area.south - 1 <= lat <= area.north + 1

    easting_first = fits(sample[0], sample[1]) or not fits(sample[1], sample[0])

    def from_earth(p):
        lon, lat, height = to_place.transform(*p.T)
        x, y = there.transform(lon, lat)
        # PROJ turns a datum back by the same seven numbers, which is some millimetres off: what is lost on a way there and
        # back is put on.
        x_again, y_again = there.transform(*back.transform(x, y))
        x, y = 2 * x - x_again, 2 * y - y_again
        return np.stack([x, y, height] if easting_first else [y, x, height], 1)

    units = np.ones(3)
    if system.is_geographic:
        latitude = sample[1] if easting_first else sample[0]
        units[:2] = METRES_PER_DEGREE * np.cos(np.radians(latitude)), METRES_PER_DEGREE
        units[:2] = units[:2] if easting_first else units[1::-1]
    return from_earth, units


def of_faces(faces, origin, units):
    """Volume about the origin, area, and whether the faces close: their areas as vectors add up to nothing."""
    volume, area, total = 0.0, 0.0, np.zeros(3)
    for face in faces:
        turn = np.zeros(3)
        for ring in face:
            p = (ring - origin) * units
            turn += np.cross(p[1:-1] - p[0], p[2:] - p[0]).sum(axis=0) / 2
            volume += np.einsum("j,ij->", p[0], np.cross(p[1:-1], p[2:])) / 6
        area += np.linalg.norm(turn)
        total += turn
    return volume, area, np.linalg.norm(total) <= 1e-4 * area


def apart(places, others):
    """How far each place is from the nearest of the others, horizontally and vertically."""
    across, up = [], []
    for place in places:
        step = others - place
        nearest = step[np.argmin((step * step).sum(axis=1))]
        across.append(np.hypot(nearest[0], nearest[1]))
        up.append(abs(nearest[2]))
    return max(across, default=0.0), max(up, default=0.0)


def compare(job):
    wrong = []
    objects = of_path(pathlib.Path(job["source"]))
    shown = served(job["url"])
    facts = {number: properties(job["url"], number) for number in shown}
    # OBJ and glTF are compared as a whole.
    whole = list(objects.faces) == [None]
    names = {number: None if whole else facts[number].get("source_id") for number in shown}
    if objects.count is not None and objects.count != job["count"] + job["rejected"]:
        wrong.append(f"{job['count']} records and {job['rejected']} rejects of cjio's {objects.count} objects")
    from_earth, units = ways(job["crs"] or objects.crs, job.get("place"), objects)
    merged = collections.defaultdict(list)
    for number, (triangles, _) in shown.items():
        merged[names[number]].append(triangles)
    expected = {name for name in objects.faces if objects.finest(name)[1]}
    missing = expected - set(merged)
    if len(missing) > job["rejected"]:
        wrong.extend(f"{name} is not shown" for name in missing)
    chance, corners = random.Random(4), []
    box, volumes, closed = 0.0, 0.0, 0
    for name, triangles in sorted(merged.items(), key=lambda item: str(item[0])):
        level, faces = objects.finest(name) if name in objects.faces else (None, [])
        if not faces:
            wrong.append(f"{name} has no shape in the source")
            continue
        triangles = from_earth(np.vstack(triangles).reshape(-1, 3)).reshape(-1, 3, 3)
        everything = np.vstack([ring for face in faces for ring in face])
        low, high = everything.min(axis=0), everything.max(axis=0)
        off = max(
            np.abs((triangles.reshape(-1, 3).min(axis=0) - low) * units).max(),
            np.abs((triangles.reshape(-1, 3).max(axis=0) - high) * units).max(),
        )
        box = max(box, off)
        if not off <= CENTIMETRE:
            wrong.append(f"{name}: its box is off by {off:.4f} m")
        ours, _, _ = of_faces([[triangle] for triangle in triangles], low, units)
        theirs, area, is_closed = of_faces(faces, low, units)
        difference = abs(ours - theirs)
        if is_closed:
            closed += 1
            volumes = max(volumes, difference / area)
            if not difference <= area * CENTIMETRE:
                wrong.append(f"{name} at {level}: {ours:.3f} m3, not {theirs:.3f}, of {area:.1f} m2")
        corners.extend((place, everything) for place in triangles.reshape(-1, 3))
        if not whole:
            said = facts[next(number for number in names if names[number] == name)]
            if "type" in said and said["type"] != objects.types[name]:
                wrong.append(f"{name} is a {said['type']}, not a {objects.types[name]}")
            if objects.parents and (said.get("parent") or None) != next(iter(objects.parents[name]), None):
                wrong.append(f"{name} has the parent {said.get('parent')}, not {objects.parents[name]}")
            if objects.children and (said.get("children") or []) != objects.children[name]:
                wrong.append(f"{name} has the children {said.get('children')}, not {objects.children[name]}")
    across, up, allowed = 0.0, 0.0, MILLIMETRE
    picked = chance.sample(corners, min(1000, len(corners)))
    for place, others in picked:
        far = apart([place * units], others * units)
        across, up = max(across, far[0]), max(up, far[1])
        allowed = max(allowed, np.ptp(others * units, axis=0).max() * HALF_STEP)
    if across > allowed or up > allowed:
        wrong.append(f"corners are off by {across * 1000:.3f} mm across, {up * 1000:.3f} mm up")
    return {
        "name": job["name"], "objects": len(objects.types) or len(shown), "compared": len(merged), "closed": closed,
        "box_mm": round(box * 1000, 4), "volume_mm": round(volumes * 1000, 5), "corners": len(picked),
        "across_mm": round(across * 1000, 4), "up_mm": round(up * 1000, 4), "wrong": len(wrong), "errors": wrong[:10],
    }


def same(jobs):
    """The layers of all jobs beside the first."""
    models = []
    for job in jobs:
        shown = served(job["url"])
        facts = {number: properties(job["url"], number) for number in shown}
        models.append({facts[number]["source_id"]: (shape, facts[number]) for number, shape in shown.items()})
    first, wrong, worst, fields = models[0], [], 0.0, job_fields(jobs)
    for job, model in zip(jobs[1:], models[1:]):
        if set(model) != set(first):
            wrong.append(f"{job['name']}: other objects: {sorted(set(model) ^ set(first))[:5]}")
            continue
        for name, ((triangles, colors), said) in model.items():
            (others, other_colors), other_said = first[name]
            for field in fields:
                if said.get(field) != other_said.get(field):
                    wrong.append(f"{name}: {field} is {said.get(field)}, not {other_said.get(field)}")
            places, other_places = triangles.reshape(-1, 3), others.reshape(-1, 3)
            for some, all_ in ((places, other_places), (other_places, places)):
                gap = max(np.sqrt(((all_ - place) ** 2).sum(axis=1)).min() for place in np.unique(some, axis=0))
                worst = max(worst, gap)
                if gap > MILLIMETRE:
                    wrong.append(f"{name}: a corner is {gap * 1000:.3f} mm from the other's")
            areas, other_areas = by_color(triangles, colors), by_color(others, other_colors)
            if set(areas) != set(other_areas) or any(abs(areas[c] - other_areas[c]) > CENTIMETRE for c in areas):
                wrong.append(f"{name}: surfaces of {areas} m2, not {other_areas}")
    return {"name": " = ".join(job["name"] for job in jobs), "objects": len(first), "gap_mm": round(worst * 1000, 4),
            "surfaces": len({c for (_, colors), _ in first.values() for c in map(tuple, colors)}), "wrong": len(wrong), "errors": wrong[:10]}


def job_fields(jobs):
    return jobs[0].get("fields", ["type", "parent", "children", "lod", "cim_level", "name"])


def by_color(triangles, colors):
    """Square metres of each colour: roofs, walls and grounds have their own."""
    areas = np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1) / 2
    found = collections.defaultdict(float)
    for color, area in zip(map(tuple, colors), areas):
        found[color] += area
    return dict(found)


def main(arguments):
    jobs = json.loads(pathlib.Path(arguments[-1]).read_text())
    if arguments[0] == "--same":
        print(json.dumps(same(jobs)))
        return
    for job in jobs:
        print(json.dumps(compare(job), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
