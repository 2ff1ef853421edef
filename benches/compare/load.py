#!/usr/bin/env python3
"""The server under load: nothing fails, nothing is stale, too much is refused at once.

    cargo build --profile dist -p onemap --bins
    benches/compare/load.py [--data onemap-data] [--seconds 300] [--connections 256]

Four phases on one server, whose figures are printed as JSON:

mixed      --connections keep-alive connections ask for tiles of the layer, a part of them never asked before
           (another margin), while 10 edits a second change a feature and checkers verify that no request that
           began after an edit was acknowledged shows an older one. Memory every second.
peak       cold tiles from twice as many connections as there are cores: the goodput that the server has.
overload   cold tiles at ten times that rate, whatever comes back: goodput, and how soon the 503 come.
dribble    2,000 connections that send a byte now and then, and 200 that ask for tiles and read a byte now and
           then, while one client measures warm tiles.

Raw sockets and no client library, so that the client is not what is measured. It needs Python 3.11 only.
"""
import argparse
import asyncio
import json
import math
import os
import random
import re
import resource
import subprocess
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
ONEMAP = os.environ.get("ONEMAP_BINARY", os.path.join(TARGET, "dist", "onemap"))
EDITS_PER_SECOND = 10
# Part of the requests that nobody asked before: more than the cores can do would be the overload phase.
COLD = 0.01
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Client:
    """One keep-alive connection."""

    def __init__(self, address):
        self.address, self.reader, self.writer = address, None, None

    async def ask(self, path, method="GET", body=b"", headers=""):
        """Returns status and body."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address, limit=1 << 22)
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.writer.write(head.encode() + b"\r\n" + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = LENGTH.search(answer)
        content = await self.reader.readexactly(int(length.group(1))) if length else b""
        if b"connection: close" in answer.lower():
            self.close()
        return status, content

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def tile_at(lon, lat, z):
    n = 1 << z
    y = 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)
    return int((lon / 360 + 0.5) * n), int(y * n)


class City:
    """What can be asked for."""

    def __init__(self, base, layer):
        self.base, self.layer = base, layer
        described = self.get(f"/api/layers/{layer}")
        self.bounds = described["bounds"]
        self.field = next(f["name"] for f in described["fields"] if f["type"] == "text")

    def get(self, path):
        with urllib.request.urlopen(self.base + path) as answer:
            return json.load(answer)

    def tile(self, dice, low=10, high=16):
        z = dice.randint(low, high)
        w, s, e, n = self.bounds
        (x0, y0), (x1, y1) = tile_at(w, n, z), tile_at(e, s, z)
        return f"/tiles/{self.layer}/{z}/{dice.randint(x0, x1)}/{dice.randint(y0, y1)}"

    def cold(self, dice, number):
        """A tile that nobody has asked for: a margin and a choice of fields of its own."""
        return f"{self.tile(dice, 12, 14)}?buffer={number % 1000}&properties={self.field},n{number}"

    def watched(self):
        """A feature, and the path of a tile that shows it with the value that is edited."""
        w, s, e, n = self.bounds
        lon, lat = (w + e) / 2, (s + n) / 2
        query = f"/identify?lon={lon}&lat={lat}&layers={self.layer}&radius=5000"
        feature = self.get(query)["features"][0]
        at = feature["geometry"]["coordinates"]
        while isinstance(at[0], list):
            at = at[0]
        x, y = tile_at(at[0], at[1], 16)
        return feature["id"], f"/tiles/{self.layer}/16/{x}/{y}"


def parts(times, *at):
    times = sorted(times)
    return {f"p{p:g}_ms": round(1000 * times[min(len(times) - 1, int(len(times) * p / 100))], 2) for p in at} if times else {}


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def cache_mb(city):
    with urllib.request.urlopen(city.base + "/metrics") as answer:
        text = answer.read().decode()
    return round(int(re.search(r"^onemap_tile_cache_bytes (\d+)", text, re.M).group(1)) / (1 << 20), 1)


async def mixed(city, address, pid, seconds, connections):
    """Warm and cold tiles, edits, and who looks for stale ones."""
    feature, watched = city.watched()
    end = time.monotonic() + seconds
    seen = {"asked": 0, "errors": 0, "refused": 0, "edits": 0, "checked": 0, "stale": 0}
    warm_times, cold_times, edit_times, memory, kinds = [], [], [], [], {}
    state = {"acknowledged": 0, "number": 0}

    async def client(i):
        dice, connection = random.Random(i), Client(address)
        while time.monotonic() < end:
            cold = dice.random() < COLD
            state["number"] += 1
            path = city.cold(dice, state["number"]) if cold else city.tile(dice)
            begun = time.monotonic()
            try:
                status, _ = await connection.ask(path, headers="accept-encoding: gzip\r\n")
            except (OSError, asyncio.IncompleteReadError) as error:
                connection.close()
                status = type(error).__name__
            taken = time.monotonic() - begun
            seen["asked"] += 1
            if status not in (200, 204, 503):
                kinds[status] = kinds.get(status, 0) + 1
            if status in (200, 204):
                (cold_times if cold else warm_times).append(taken)
            else:
                seen["refused" if status == 503 else "errors"] += 1

    async def editor():
        connection = Client(address)
        for number in range(1, 1 << 30):
            begun = time.monotonic()
            if begun >= end:
                return
            body = json.dumps({"properties": {city.field: f"edit-{number:08}"}}).encode()
            path = f"/features/{city.layer}/{feature}"
            status, answer = await connection.ask(path, "PATCH", body)
            if status != 200:
                seen["errors"] += 1
                print(status, answer[:200], file=sys.stderr)
            else:
                state["acknowledged"] = number
                seen["edits"] += 1
                edit_times.append(time.monotonic() - begun)
            await asyncio.sleep(max(0, 1 / EDITS_PER_SECOND - (time.monotonic() - begun)))

    async def checker():
        connection = Client(address)
        while time.monotonic() < end:
            least = state["acknowledged"]
            status, tile = await connection.ask(watched)
            seen["checked"] += 1
            found = re.search(rb"edit-(\d{8})", tile)
            if status != 200:
                seen["errors"] += 1
            elif least and (found is None or int(found.group(1)) < least):
                seen["stale"] += 1

    async def watch():
        while time.monotonic() < end:
            memory.append(round(resident_mb(pid), 1))
            await asyncio.sleep(1)

    await asyncio.gather(*(client(i) for i in range(connections)), editor(), checker(), checker(), watch())
    rate = round(seen["asked"] / seconds)
    tenth = max(1, len(memory) // 10)
    return {
        **seen, "kinds_of_errors": kinds, "tiles_per_second": rate, "cache_mb": cache_mb(city), "warm": parts(warm_times, 50, 99), "cold": parts(cold_times, 50, 99),
        "edit": parts(edit_times, 50, 99),
        "memory_mb": {"begin": memory[0], "after_a_fifth": memory[len(memory) // 5], "end": memory[-1],
                      "most": max(memory), "every_tenth": memory[::tenth]},
    }


async def cold_tiles(city, address, seconds, connections, rate=None):
    """Cold tiles as fast as they come, or at a rate whatever comes back."""
    served, refused, other = [], [], 0
    base = random.randrange(1 << 40)
    state = {"number": 0}
    begun = time.monotonic()
    end = begun + seconds
    free = [Client(address) for _ in range(connections)]

    async def one(connection, dice):
        nonlocal other
        state["number"] += 1
        started = time.monotonic()
        try:
            status, _ = await connection.ask(city.cold(dice, base + state["number"]))
        except (OSError, asyncio.IncompleteReadError):
            connection.close()
            status = 0
        taken = time.monotonic() - started
        if status in (200, 204):
            served.append(taken)
        elif status == 503:
            refused.append(taken)
        else:
            other += 1

    async def closed(i):
        dice = random.Random(base + i)
        while time.monotonic() < end:
            await one(free[i], dice)

    async def opened():
        dice, tasks, sent = random.Random(base), set(), 0
        while time.monotonic() < end:
            due = int((time.monotonic() - begun) * rate)
            while sent < due:
                sent += 1
                # More than so many open at a time no client side has.
                if not free:
                    continue

                async def run(connection):
                    await one(connection, dice)
                    free.append(connection)

                task = asyncio.ensure_future(run(free.pop()))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(0.002)
        await asyncio.gather(*tasks)

    if rate is None:
        await asyncio.gather(*(closed(i) for i in range(connections)))
    else:
        await opened()
    took = time.monotonic() - begun
    return {
        "asked_per_second": round((len(served) + len(refused) + other) / took, 1),
        "served_per_second": round(len(served) / took, 1), "served": parts(served, 50, 99),
        "refused_per_second": round(len(refused) / took, 1), "refused": parts(refused, 50, 99), "errors": other,
    }


async def dribble(city, address, seconds):
    """Slow senders and slow readers beside one client with warm tiles."""
    path = city.tile(random.Random(7), 14, 14)
    client = Client(address)
    await client.ask(path)

    async def measure(seconds):
        times, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            await client.ask(path)
            times.append(time.monotonic() - begun)
            await asyncio.sleep(0.01)
        return parts(times, 50, 99, 100)

    alone = await measure(3)
    end = time.monotonic() + seconds
    opened = closed = 0

    async def sender():
        nonlocal opened, closed
        while time.monotonic() < end:
            try:
                _, writer = await asyncio.open_connection(*address)
                opened += 1
                writer.write(b"GET /tiles/")
                while time.monotonic() < end:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(1)
            except OSError:
                closed += 1

    async def reader():
        nonlocal opened, closed
        big = city.tile(random.Random(3), 12, 12)
        while time.monotonic() < end:
            try:
                stream, writer = await asyncio.open_connection(*address, limit=64)
                opened += 1
                writer.write(f"GET {big} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode() * 200)
                while time.monotonic() < end and await stream.read(1):
                    await asyncio.sleep(1)
                writer.close()
            except OSError:
                closed += 1

    slow = [asyncio.ensure_future(sender()) for _ in range(2000)]
    slow += [asyncio.ensure_future(reader()) for _ in range(200)]
    await asyncio.sleep(2)
    beside = await measure(seconds - 4)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    return {"alone": alone, "beside_2200_dribbling": beside, "opened": opened, "cut_off": closed}


async def run(options, server, base):
    host, port = base.removeprefix("http://").rsplit(":", 1)
    address, city = (host, int(port)), City(base, options.layer)
    results = {"layer": options.layer, "cores": os.cpu_count()}
    results["mixed"] = await mixed(city, address, server.pid, options.seconds, options.connections)
    results["peak"] = await cold_tiles(city, address, options.short, 2 * os.cpu_count())
    rate = max(50, 10 * results["peak"]["served_per_second"])
    results["overload"] = await cold_tiles(city, address, options.short, 4000, rate)
    results["goodput_of_peak"] = round(
        results["overload"]["served_per_second"] / results["peak"]["served_per_second"], 3)
    results["dribble"] = await dribble(city, address, options.short)
    results["memory_mb_at_end"] = round(resident_mb(server.pid), 1)
    print(json.dumps(results, indent=2))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="onemap-data")
    parser.add_argument("--layer", default="buildings")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--short", type=int, default=30, help="seconds of the other phases")
    parser.add_argument("--connections", type=int, default=256)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = subprocess.Popen(
        [ONEMAP, "--data", options.data, "serve", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE, text=True)
    try:
        for line in server.stdout:
            if " serves http://" in line:
                asyncio.run(run(options, server, line.split()[-1]))
                break
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
