"""What the comparisons share: where things are, processes on one core with their CPU time, a small HTTP client, results."""

import json
import math
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BENCH = TARGET / "bench"
ONEMAP = Path(os.environ.get("ONEMAP_BINARY", TARGET / "dist" / "onemap"))
BARE_HYPER = TARGET / "release" / "examples" / "bare_hyper"
MARTIN = BENCH / "tools" / "bin" / "martin"
VENV = BENCH / "venv" / "bin"
RESULTS = BENCH / "results.json"
SERVER_CORE, CLIENT_CORE = 0, 1
# What browsers send.
BROWSER = "gzip, deflate, br, zstd"
TICK = 1 / os.sysconf("SC_CLK_TCK")


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def run(command, **options):
    """Runs a command to its end; returns wall seconds, CPU seconds of all its threads and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=options.pop("stdout", subprocess.DEVNULL), **options)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"failed ({process.returncode}): {' '.join(map(str, command))}")
    return {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def output(command):
    """Returns what a command prints."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout


def cpu_of(pid, with_children=False):
    """Returns the CPU seconds of a process; with those of its children, living and waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = sum(map(int, fields[11:15] if with_children else fields[11:13]))
    seconds = ticks * TICK
    if with_children:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                try:
                    seconds += cpu_of(child, True)
                except FileNotFoundError:
                    pass  # It ended; its parent counts it from now on.
    return seconds


def memory_of(pid):
    """Returns resident and private memory in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    private = kib["Private_Clean"] + kib["Private_Dirty"]
    return {"rss_mb": kib["Rss"] / 1024, "private_mb": private / 1024, "anonymous_mb": kib["Anonymous"] / 1024}


class Server:
    """A server on one core, until `stop`."""

    def __init__(self, command, ready_line=None, core=SERVER_CORE, log=None):
        pinned = command if core is None else ["taskset", "-c", str(core), *command]
        self.log = open(BENCH / log, "w") if log else subprocess.DEVNULL
        self.process = subprocess.Popen(
            [str(part) for part in pinned], text=True, stdin=subprocess.DEVNULL, stderr=self.log,
            stdout=subprocess.PIPE if ready_line else self.log)
        self.pid = self.process.pid
        self.address = None
        if ready_line:
            for line in self.process.stdout:
                if ready_line in line:
                    host, port = line.split()[-1].removeprefix("http://").rsplit(":", 1)
                    self.address = (host, int(port))
                    return
            sys.exit(f"did not start: {command}")

    def cpu(self):
        return cpu_of(self.pid)

    def memory(self):
        return memory_of(self.pid)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def onemap_server(store, *arguments, core=SERVER_CORE):
    """Serves a store at a free port."""
    command = [ONEMAP, "--data", store, "serve", "--listen", "127.0.0.1:0", *arguments]
    os.environ.setdefault("ONEMAP_LOG", "warn")
    return Server(command, " serves http://", core, log="onemap.log")


class Client:
    """One keep-alive connection, with as little around it as there can be."""

    def __init__(self, address, encoding=None):
        self.host = f"{address[0]}:{address[1]}"
        self.socket = socket.create_connection(address, timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = f"Host: {self.host}\r\n" + (f"Accept-Encoding: {encoding}\r\n" if encoding else "")
        self.rest = b""

    def _more(self):
        piece = self.socket.recv(1 << 20)
        if not piece:
            raise ConnectionError("the server closed the connection")
        return piece

    def _line(self):
        while (at := self.rest.find(b"\r\n")) < 0:
            self.rest += self._more()
        line, self.rest = self.rest[:at], self.rest[at + 2:]
        return line

    def _exactly(self, count):
        parts, have = [self.rest], len(self.rest)
        while have < count:
            parts.append(self._more())
            have += len(parts[-1])
        whole = b"".join(parts)
        self.rest = whole[count:]
        return whole[:count]

    def ask(self, path, method="GET", body=None):
        """Returns status, headers (names in lower case) and body as sent."""
        head = f"{method} {path} HTTP/1.1\r\n{self.headers}"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + (body or b""))
        status = int(self._line().split()[1])
        headers = {}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            parts = []
            while size := int(self._line().split(b";")[0], 16):
                parts.append(self._exactly(size))
                self._line()
            self._line()
            return status, headers, b"".join(parts)
        length = int(headers.get("content-length", 0)) if status != 204 else 0
        return status, headers, self._exactly(length)

    def json(self, path):
        status, _, body = self.ask(path)
        if status != 200:
            sys.exit(f"{path}: {status} {body[:300]!r}")
        return json.loads(body)


def pin_client():
    """Keeps this process, and what it starts, off the server's core."""
    os.sched_setaffinity(0, {CLIENT_CORE})


def wait_for(address, path, seconds=60):
    """Waits until a path answers 200; returns seconds waited."""
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        try:
            if Client(address).ask(path)[0] == 200:
                return time.perf_counter() - started
        except OSError:
            pass
        time.sleep(0.005)
    sys.exit(f"{address} does not answer {path}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tile_at(lon, lat, z):
    n = 1 << z
    y = 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)
    return int((lon / 360 + 0.5) * n), int(y * n)


def _fields(data, at, end):
    """Walks over the fields of a protocol buffer: number, and where a field's bytes begin and end."""
    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
    while at < end:
        key = number()
        if key & 7 == 2:
            size = number()
            yield key >> 3, at, at + size
            at += size
        elif key & 7 == 0:
            number()
        else:
            at += 8 if key & 7 == 1 else 4


def layer_counts(tile):
    """Returns the number of features of each layer of an unpacked tile."""
    counts = {}
    for field, begin, end in _fields(tile, 0, len(tile)):
        if field == 3:
            name, count = "", 0
            for inner, a, b in _fields(tile, begin, end):
                if inner == 1:
                    name = tile[a:b].decode()
                elif inner == 2:
                    count += 1
            counts[name] = counts.get(name, 0) + count
    return counts


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))]


def times(milliseconds):
    return {"median_ms": statistics.median(milliseconds), "p99_ms": percentile(milliseconds, 99), "max_ms": max(milliseconds)}


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": str(date.today()), "cores": os.cpu_count(), "cpu": model, "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.release()}", "load": os.getloadavg()[0],
        "commit": output(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]).strip(),
    }


def save(part, found):
    """Puts a part's figures into results.json."""
    BENCH.mkdir(parents=True, exist_ok=True)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results[part] = {"machine": machine(), **found}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False))
    say(f"{part}: saved in {RESULTS}")


def raise_limits():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
