"""Writes relations.tsv: pairs of shapes and how GEOS relates them. Needs shapely.

Shapes stand on a small grid, so that they often touch, share edges or are equal.
"""

import pathlib
import random

import shapely
from shapely import geometry as g
from shapely.ops import unary_union

RELATIONS = "intersects disjoint equals touches within contains overlaps crosses".split()
chance = random.Random(20260501)


def place():
    return chance.randrange(9), chance.randrange(9)


def box():
    (x, y), w, h = place(), chance.randrange(1, 5), chance.randrange(1, 5)
    return g.box(x, y, x + w, y + h)


def line():
    return g.LineString([place() for _ in range(chance.randrange(2, 5))])


def shape():
    kind = chance.randrange(9)
    if kind == 0:
        return g.Point(place())
    if kind == 1:
        return g.MultiPoint(list({place() for _ in range(3)}))
    if kind == 2:
        return line()
    if kind == 3:
        return g.MultiLineString([line(), line()])
    if kind == 4:
        return g.Polygon([place(), place(), place()])
    if kind == 5:
        return unary_union([box() for _ in range(chance.randrange(1, 5))])
    if kind == 6:
        return box().difference(box())
    if kind == 7:
        return box()
    hole = g.box(*place(), 9, 9).buffer(0)
    return hole.difference(unary_union([box(), box()]))


def usable(s):
    simple = s.geom_type != "GeometryCollection"
    return simple and s.is_valid and not s.is_empty and s.length >= 0


def pairs():
    while True:
        a, b = shape(), shape()
        if chance.random() < 0.1:
            b = a.normalize().reverse() if chance.random() < 0.5 else a.boundary
        if usable(a) and usable(b):
            yield a, b


rows, balance = [], {name: 0 for name in RELATIONS}
for a, b in pairs():
    holds = {name: bool(getattr(shapely, name)(a, b)) for name in RELATIONS}
    # Most pairs are dull; keep those that show a rare relation.
    rare = [name for name in RELATIONS[2:] if holds[name]]
    if not rare and chance.random() < 0.85 and not holds["intersects"]:
        continue
    if rare and min(balance[name] for name in rare) > 110:
        continue
    for name, truth in holds.items():
        balance[name] += truth
    bits = "".join("1" if holds[name] else "0" for name in RELATIONS)
    wkt = [shapely.to_wkt(s, rounding_precision=-1) for s in (a, b)]
    rows.append("\t".join([bits, *wkt]))
    if len(rows) == 600:
        break
out = pathlib.Path(__file__).with_name("relations.tsv")
out.write_text("\t".join(["/".join(RELATIONS), "left", "right"]) + "\n" + "\n".join(rows) + "\n")
print(len(rows), "pairs;", balance)
