#!/usr/bin/env python3
"""(b) Warm tiles: requests a second of onemap, of martin's cached path, and of a bare hyper that sends onemap's bytes.

martin comes twice: with PostGIS behind its cache (which keeps tiles as they are and packs them for each answer), and
with an archive of onemap's very tiles (which it sends as they lie there, packed with gzip).

One server at a time on one core, wrk on another with 32 keep-alive connections, a mix of tiles that all lie in the
cache; rounds in turns.
"""
import random
import re
import shutil
import statistics

import common
from cold import non_empty_tiles
from common import BARE_HYPER, BENCH, BROWSER, ONEMAP, Client, Server, onemap_server, run, save, say
from data import tokyo_store
from postgis import ARCHIVE, Martin, Postgres, load_tokyo

# Zooms at which onemap and PostGIS send nearly the same features.
MIX = {14: 15, 15: 17, 16: 18}
ROUNDS = 5
SECONDS = 6
CONNECTIONS = 32
ENCODINGS = {"identity": "identity", "gzip": "gzip", "browser": BROWSER}
# Headers that hyper writes itself, or that belong to one tile only.
OWN = {"date", "content-length", "transfer-encoding"}


def bare_folder(tiles, encoding, store):
    """Writes down what onemap sends, for the bare server."""
    folder = BENCH / "bare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with onemap_server(store) as server:
        client = Client(server.address, encoding)
        for number, tile in enumerate(tiles):
            status, headers, body = client.ask("/tiles/buildings/{}/{}/{}".format(*tile))
            if status != 200:
                raise SystemExit(f"{tile}: {status}")
            (folder / str(number)).write_bytes(body)
    (folder / "headers").write_text("".join(f"{name}: {value}\n" for name, value in headers.items() if name not in OWN))
    return folder


def wrk(server, paths, encoding, seconds):
    """Asks for the paths in turn; returns requests a second, CPU seconds per 1,000 and bytes sent per answer."""
    script = BENCH / "mix.lua"
    quoted = ",\n".join(f'  "{path}"' for path in paths)
    script.write_text(
        f"local paths = {{\n{quoted}\n}}\nlocal requests, turn = {{}}, 0\n"
        f'function init()\n  wrk.headers["Accept-Encoding"] = "{encoding}"\n'
        "  for i, path in ipairs(paths) do requests[i] = wrk.format(\"GET\", path) end\nend\n"
        "function request()\n  turn = turn % #requests + 1\n  return requests[turn]\nend\n")
    before = server.cpu()
    out = common.output([
        "taskset", "-c", str(common.CLIENT_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "60s", "-s", script,
        "http://{}:{}".format(*server.address)])
    used = server.cpu() - before
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(out)
    count = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    p99, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    number, size = re.search(r"requests in [\d.]+m?s, ([\d.]+)([KMGT]?)B read", out).groups()
    return {
        "per_second": rate, "cpu_s_per_1000": 1000 * used / count, "p99_ms": float(p99) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
        "bytes_each": float(number) * 1024 ** " KMGT".index(size or " ") / count}


def warmed(server, paths, encoding):
    client = Client(server.address, encoding)
    for path in paths:
        client.ask(path)


def main():
    store, found = tokyo_store(), non_empty_tiles()
    tiles = [tile for z, count in MIX.items() for tile in found[z][:count]]
    random.Random(1).shuffle(tiles)
    run([ONEMAP, "--data", store, "--json", "export", "buildings", "-o", ARCHIVE, "--overwrite", "--minzoom", "14", "--maxzoom", "16"])
    results = {}
    with Postgres() as postgres:
        load_tokyo()
        for name, encoding in ENCODINGS.items():
            folder = bare_folder(tiles, encoding, store)
            servers = {
                "onemap": (lambda: onemap_server(store), ["/tiles/buildings/{}/{}/{}".format(*tile) for tile in tiles]),
                "martin, PostGIS": (lambda: Martin(postgres, 512), ["/buildings_3857/{}/{}/{}".format(*tile) for tile in tiles]),
                "martin, archive": (lambda: Martin(postgres, 512), ["/archive/{}/{}/{}".format(*tile) for tile in tiles]),
                "bare": (lambda: Server([BARE_HYPER, folder], " serves http://"), [f"/{number}" for number in range(len(tiles))]),
            }
            rounds = {server: [] for server in servers}
            for _ in range(ROUNDS):
                for server, (start, paths) in servers.items():
                    with start() as running:
                        warmed(running, paths, encoding)
                        wrk(running, paths, encoding, 1)
                        rounds[server].append(wrk(running, paths, encoding, SECONDS))
            results[name] = {
                server: {key: statistics.median(each[key] for each in measured) for key in measured[0]}
                for server, measured in rounds.items()}
            for server, measured in results[name].items():
                say(f"{name}: {server} {measured}")
    save("b", {"tiles": len(tiles), "rounds": ROUNDS, "by_encoding": results})


if __name__ == "__main__":
    main()
