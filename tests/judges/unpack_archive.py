"""Reads a PMTiles with its makers' own reader, writes each tile, unpacked, to FOLDER/z-x-y, and prints header
and metadata."""

import gzip
import json
import pathlib
import sys

from pmtiles.reader import MmapSource, Reader, all_tiles

folder = pathlib.Path(sys.argv[2])
with open(sys.argv[1], "rb") as file:
    source = MmapSource(file)
    reader = Reader(source)
    header, metadata = reader.header(), reader.metadata()
    count = 0
    for (z, x, y), data in all_tiles(source):
        if reader.get(z, x, y) != data:
            sys.exit(f"{z}/{x}/{y} is listed and not found")
        (folder / f"{z}-{x}-{y}").write_bytes(gzip.decompress(data))
        count += 1
    if count != header["addressed_tiles_count"]:
        sys.exit(f"{count} tiles, the header says {header['addressed_tiles_count']}")
    sections = ["root", "metadata", "leaf_directory", "tile_data"]
    if 127 + sum(header[section + "_length"] for section in sections) != file.seek(0, 2):
        sys.exit("the sections do not fill the file")
    for name in ["tile_type", "tile_compression", "internal_compression"]:
        header[name] = header[name].name
    print(json.dumps({"header": header, "metadata": metadata}))
