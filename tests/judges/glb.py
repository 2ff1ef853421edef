"""Reads binary glTF without compression: what is drawn, as triangles of float64."""

import json

import numpy as np


class Glb:
    """Binary glTF without compression."""

    KINDS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
    WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}

    def __init__(self, data):
        length = int.from_bytes(data[12:16], "little")
        self.json = json.loads(data[20 : 20 + length])
        self.bin = data[28 + length :]

    def bytes_of(self, view):
        view = self.json["bufferViews"][view]
        start = view.get("byteOffset", 0)
        return self.bin[start : start + view["byteLength"]], view.get("byteStride")

    def array(self, number):
        accessor = self.json["accessors"][number]
        kind, width = np.dtype(self.KINDS[accessor["componentType"]]), self.WIDTHS[accessor["type"]]
        data, stride = self.bytes_of(accessor["bufferView"])
        stride, start = stride or kind.itemsize * width, accessor.get("byteOffset", 0)
        rows = np.ndarray((accessor["count"], width), kind, data, start, (stride, kind.itemsize)).copy()
        return rows[:, 0] if width == 1 else rows

    def primitives(self):
        """Each drawn primitive with the matrix of its node."""

        def visit(number, above):
            node = self.json["nodes"][number]
            if "matrix" in node:
                own = np.array(node["matrix"], float).reshape(4, 4).T
            else:
                x, y, z, w = node.get("rotation", [0, 0, 0, 1])
                turn = np.array([
                    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
                ])
                own = np.eye(4)
                own[:3, :3] = turn * node.get("scale", [1, 1, 1])
                own[:3, 3] = node.get("translation", [0, 0, 0])
            matrix = above @ own
            if "mesh" in node:
                for primitive in self.json["meshes"][node["mesh"]]["primitives"]:
                    yield primitive, matrix
            for child in node.get("children", []):
                yield from visit(child, matrix)

        # y is up in glTF, z in tiles and on maps.
        upright = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], float)
        scene = self.json["scenes"][self.json.get("scene", 0)]
        for number in scene.get("nodes", []):
            yield from visit(number, upright)

    def triangles(self):
        """Triangles of places, float64, and for each the primitive, and the numbers of its corners."""
        for primitive, matrix in self.primitives():
            if primitive.get("mode", 4) != 4:
                continue
            places = self.array(primitive["attributes"]["POSITION"]).astype(float)
            places = places @ matrix[:3, :3].T + matrix[:3, 3]
            corners = np.arange(len(places))
            if "indices" in primitive:
                corners = self.array(primitive["indices"]).astype(int)
            corners = corners.reshape(-1, 3)
            if np.linalg.det(matrix[:3, :3]) < 0:
                corners = corners[:, ::-1]
            yield places[corners], primitive, corners
