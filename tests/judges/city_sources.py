"""Reads CityJSON (with cjio), CityGML (with ElementTree), OBJ and binary glTF into faces of places, with numpy."""

import collections
import gzip
import json
import re
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
from cjio import cityjson

from glb import Glb


def text_of(path):
    raw = path.read_bytes()
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw


def fineness(level):
    try:
        return float(level)
    except ValueError:
        return -1.0


class Objects:
    """Objects of a source: for each level the faces, each a list of rings."""

    def __init__(self, crs=None):
        self.crs = crs
        self.faces = collections.defaultdict(lambda: collections.defaultdict(list))
        self.types = {}
        self.parents = {}
        self.children = {}
        self.count = None

    def finest(self, name):
        """The faces of the finest level in which anything has an area."""
        for level in sorted(self.faces[name], key=fineness, reverse=True):
            faces = [face for face in self.faces[name][level] if has_area(face[0])]
            if faces:
                return level, [[straight(ring) for i, ring in enumerate(face) if i == 0 or has_area(ring)] for face in faces]
        return None, []


def has_area(ring):
    p = ring - ring[0]
    scale = max(1.0, np.abs(ring[0]).max())
    return len(p) > 2 and np.linalg.norm(np.cross(p[1:-1], p[2:]).sum(axis=0)) > 1e-12 * scale * np.abs(p).max()


def straight(ring):
    """A ring without its ways out and straight back, which enclose nothing."""
    ring = list(ring)
    at = 0
    while len(ring) > 3 and at < len(ring):
        before, here, after = ring[at - 1], ring[at], ring[(at + 1) % len(ring)]
        a, b = here - before, after - here
        turn, way = np.linalg.norm(np.cross(a, b)), float(a @ b)
        if way < 0 and turn <= 1e-9 * -way or not b.any():
            del ring[at]
            at = max(at - 2, 0)
        else:
            at += 1
    return np.array(ring)


def of_cityjson(path):
    documents = [json.loads(line) for line in text_of(path).splitlines() if line.strip()] if ".jsonl" in path.name else [json.loads(text_of(path))]
    head = documents[0]
    found = Objects(head.get("metadata", {}).get("referenceSystem"))
    found.count = 0
    for document in documents:
        document = {**head, **document, "type": "CityJSON"}
        document.setdefault("CityObjects", {})
        document.setdefault("vertices", [])
        # cjio counts and names; the coordinates are numpy's.
        model = cityjson.CityJSON(j=json.loads(json.dumps(document)))
        found.count += len(model.j["CityObjects"])
        transform = head.get("transform", {"scale": [1, 1, 1], "translate": [0, 0, 0]})
        vertices = np.array(document["vertices"], float).reshape(-1, 3) * transform["scale"] + transform["translate"]
        for name, thing in model.j["CityObjects"].items():
            found.types[name] = thing["type"]
            found.parents[name] = thing.get("parents", [])
            found.children[name] = thing.get("children", [])
            for geometry in thing.get("geometry", []):
                of_geometry(geometry, vertices, document.get("geometry-templates"), found.faces[name])
    return found


def of_geometry(geometry, vertices, templates, levels):
    kind = geometry["type"]
    if kind == "GeometryInstance":
        matrix = np.array(geometry["transformationMatrix"], float).reshape(4, 4)
        places = np.array(templates["vertices-templates"], float)
        places = places @ matrix[:3, :3].T + matrix[:3, 3] + vertices[geometry["boundaries"][0]]
        return of_geometry(templates["templates"][geometry["template"]], places, None, levels)
    if "Surface" not in kind and "Solid" not in kind:
        return None

    def faces(boundaries):
        if boundaries and boundaries[0] and not isinstance(boundaries[0][0], list):
            yield [vertices[ring] for ring in boundaries]
        elif boundaries and isinstance(boundaries[0], list):
            for item in boundaries:
                yield from faces(item)

    levels[str(geometry.get("lod", ""))].extend(faces(geometry["boundaries"]))


def tree_of(text):
    """The elements with the prefixes that are written: PLATEAU has files that do not declare theirs."""
    builder, parser = ElementTree.TreeBuilder(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = builder.start, builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(text, True)
    return builder.close()


def local(name):
    return name.rsplit(":", 1)[-1]


def id_of(element):
    return next((value for name, value in element.attrib.items() if local(name) == "id"), None)


XLINK = "xlink:href"
#: What is part of its object, not an object itself.
PARTS = re.compile(r"(Surface|Door|Window|TrafficArea|Marking|Hole)$")


class Gml:
    """CityGML of any version, in memory."""

    def __init__(self, path):
        self.root = tree_of(text_of(path))
        self.ids = {id_of(element): element for element in self.root.iter() if id_of(element)}
        names = [element.get("srsName") for element in self.root.iter() if element.get("srsName")]
        self.crs = names[0] if names else None

    def objects(self):
        found = Objects(self.crs)
        for member in self.root:
            if local(member.tag) in ("cityObjectMember", "featureMember"):
                for element in member:
                    self.object(element, id_of(element), found)
        return found

    def object(self, element, name, found):
        found.types[name] = local(element.tag)
        nested, own, surfaces = [], [], []
        level = next((child.text.strip() for child in element if local(child.tag) == "lod" and child.text), "")
        self.gather(element, False, level, nested, own, surfaces)
        # A solid refers to the polygons of the surfaces, or repeats their corners.
        bounding = [(level, polygon, rings) for level, shape in surfaces for polygon, rings in self.polygons(shape, False)]
        corners = {(level, rings[0].tobytes()): polygon for level, polygon, rings in bounding}
        mine = [(level, polygon, rings) for level, shape in own for polygon, rings in self.polygons(shape, False)]
        mine = [item for item in mine if corners.get((item[0], item[2][0].tobytes()), item[1]) is item[1]]
        seen = set()
        for level, polygon, rings in mine + bounding:
            if polygon is None or (level, polygon) not in seen:
                seen.add((level, polygon))
                found.faces[name][level].append(rings)
        for i, part in enumerate(nested):
            self.object(part, id_of(part) or f"{name}/{local(part.tag)}-{i + 1}", found)

    def gather(self, element, is_boundary, level, nested, own, surfaces):
        """Sorts geometries of an object and its boundary surfaces from the objects inside it."""
        for prop in element:
            if "TerrainIntersection" in prop.tag or local(prop.tag) == "extent":
                continue
            match = re.match(r"lod(\d+)", local(prop.tag))
            at = match[1] if match else level
            if XLINK in prop.attrib and len(prop) == 0 and match:
                (surfaces if is_boundary else own).append((at, prop))
            for inside in prop:
                kind = local(inside.tag)
                if inside.tag.startswith("gml:") or kind == "ImplicitGeometry":
                    (surfaces if is_boundary else own).append((at, prop))
                elif PARTS.search(kind):
                    self.gather(inside, True, level, nested, own, surfaces)
                elif kind[0].isupper() and kind != "Address" and self.has_shape(inside):
                    nested.append(inside)

    @staticmethod
    def has_shape(element):
        return id_of(element) is not None or any(local(e.tag) in ("Polygon", "Triangle") for e in element.iter())

    def polygons(self, element, is_turned):
        """Polygons below an element with their rings; references are followed. Those of templates come without the element."""
        href = element.get(XLINK)
        if href and href.startswith("#") and href[1:] in self.ids:
            yield from self.polygons(self.ids[href[1:]], is_turned)
        kind = local(element.tag)
        if kind == "ImplicitGeometry":
            yield from self.implicit(element)
        elif kind in ("Polygon", "Triangle", "Rectangle"):
            rings = [self.ring(ring) for ring in element.iter() if local(ring.tag) == "LinearRing"]
            yield element, [ring[::-1] for ring in rings] if is_turned else rings
        else:
            turned = is_turned != (kind == "OrientableSurface" and element.get("orientation") == "-")
            for inside in element:
                yield from self.polygons(inside, turned)

    def implicit(self, element):
        parts = {local(child.tag): child for child in element}
        matrix = np.eye(4)
        if "transformationMatrix" in parts:
            matrix = np.array(parts["transformationMatrix"].text.split(), float).reshape(4, 4)
        at = np.array(next(e.text for e in parts["referencePoint"].iter() if local(e.tag) == "pos").split(), float)
        geometry = parts.get("relativeGMLGeometry", parts.get("relativeGeometry"))
        if geometry is not None:
            for _, face in self.polygons(geometry, False):
                yield None, [ring @ matrix[:3, :3].T + matrix[:3, 3] + at for ring in face]

    @staticmethod
    def ring(element):
        numbers = []
        for part in element.iter():
            if local(part.tag) in ("posList", "pos"):
                numbers.extend(part.text.split())
            elif local(part.tag) == "coordinates":
                numbers.extend(part.text.replace(",", " ").split())
        return np.array(numbers, float).reshape(-1, 3)


def of_obj(path):
    found, places = Objects(), []
    for line in path.read_text(errors="replace").splitlines():
        words = line.split()
        if words[:1] == ["v"]:
            places.append([float(word) for word in words[1:4]])
        elif words[:1] == ["f"]:
            corners = [int(word.split("/")[0]) for word in words[1:]]
            face = np.array([places[corner - 1 if corner > 0 else corner] for corner in corners])
            found.faces[None][""].append([face])
    return found


def of_glb(path):
    found = Objects()
    for triangles, _, _ in Glb(path.read_bytes()).triangles():
        found.faces[None][""].extend([triangle] for triangle in triangles)
    return found


def of_path(path):
    """The objects of a file, whatever it is."""
    if path.name.endswith((".obj", ".glb")):
        return of_obj(path) if path.name.endswith(".obj") else of_glb(path)
    head = text_of(path)[:2000].lstrip(b"\xef\xbb\xbf \r\n\t")
    return Gml(path).objects() if head.startswith(b"<") else of_cityjson(path)
