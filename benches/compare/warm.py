#!/usr/bin/env python3
"""Warm tiles: requests a second of onemap, and of a bare hyper server that sends the same bytes.

    cargo build --release -p onemap --bins --example bare_hyper
    benches/compare/warm.py [--data onemap-data] [--tile buildings/14/13575/6547] [--seconds 8] [--rounds 5]

One server at a time, on one core; wrk on another. Medians of the rounds, which alternate.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "release")


def serve(arguments):
    """Starts a server on core 0 and returns it with its address."""
    server = subprocess.Popen(
        ["taskset", "-c", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    for line in server.stdout:
        if " serves http://" in line:
            return server, line.split()[-1]
    sys.exit(f"{arguments[0]} did not start")


def cpu_seconds(pid):
    """Seconds on a core, exactly: the clock ticks of /proc/PID/stat miss what sleeps before each tick."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def measure(server, url, headers, seconds):
    before = cpu_seconds(server.pid)
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{seconds}s"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    used = cpu_seconds(server.pid) - before
    rate = float(next(l for l in out.splitlines() if "Requests/sec" in l).split()[1])
    count = int(next(l for l in out.splitlines() if "requests in" in l).split()[0])
    if "Non-2xx" in out:
        sys.exit(f"{url} failed:\n{out}")
    return rate, 1000 * used / count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="onemap-data")
    parser.add_argument("--tile", default="buildings/14/13575/6547")
    parser.add_argument("--encoding", default="zstd, gzip")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ask = [f"Accept-Encoding: {options.encoding}"]
    onemap = [f"{RELEASE}/onemap", "--data", options.data, "serve", "--listen", "127.0.0.1:0"]
    server, base = serve(onemap)
    url = f"{base}/tiles/{options.tile}"
    request = urllib.request.Request(url, headers={"Accept-Encoding": options.encoding})
    with urllib.request.urlopen(request) as answer:
        body, headers = answer.read(), answer.getheaders()
    server.terminate()
    server.wait()
    with tempfile.NamedTemporaryFile(suffix=".tile") as file:
        file.write(body)
        file.flush()
        same = [f"{k}: {v}" for k, v in headers if k not in ("date", "content-length", "transfer-encoding")]
        bare = [f"{RELEASE}/examples/bare_hyper", "127.0.0.1:0", file.name, *same]
        results = {"onemap": [], "bare hyper": []}
        for _ in range(options.rounds):
            for name, command in (("onemap", onemap), ("bare hyper", bare)):
                server, base = serve(command)
                address = f"{base}/tiles/{options.tile}"
                measure(server, address, ask, 1)
                results[name].append(measure(server, address, ask, options.seconds))
                server.terminate()
                server.wait()
    rates = {name: statistics.median(r[0] for r in rounds) for name, rounds in results.items()}
    cpu = {name: statistics.median(r[1] for r in rounds) for name, rounds in results.items()}
    print(json.dumps({
        "tile": options.tile, "bytes": len(body), "encoding": options.encoding,
        "requests_per_second": rates, "cpu_seconds_per_1000": cpu,
        "part_of_bare": round(rates["onemap"] / rates["bare hyper"], 3),
    }, indent=2))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    main()
