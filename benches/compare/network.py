"""Valve segments and shut-offs beside WNTR and a networkx implementation: one table, and the ratios.

    python benches/compare/network.py [--data FOLDER] [--pipes 20000] [--skip-wntr-above 5000]

Needs `wntr six networkx`, and `cargo build --release -p onemap-network --example segments`. Networks are EPANET's of
ONEMAP_TEST_DATA with valves at the ends of pipes at random, and a generated grid. All three must find as many segments.
"""

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
import warnings

import networkx as nx

warnings.filterwarnings("ignore")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    """Nodes, sources and links of an EPANET file."""
    nodes, sources, links, section = [], [], [], ""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.split(";")[0].strip()
            if line.startswith("["):
                section = line.upper()
                continue
            words = line.split()
            if section in ("[JUNCTIONS]", "[RESERVOIRS]", "[TANKS]") and words:
                nodes.append(words[0])
                if section != "[JUNCTIONS]":
                    sources.append(words[0])
            elif section in ("[PIPES]", "[PUMPS]", "[VALVES]") and len(words) >= 3:
                links.append(words[:3])
    return nodes, sources, links


def grid(path, pipes):
    """Writes a generated network as an EPANET file."""
    side = int((pipes / 2) ** 0.5)
    with open(path, "w", encoding="utf-8") as file:
        file.write("[JUNCTIONS]\n")
        file.writelines(f"J{x}-{y} 10 0\n" for x in range(side) for y in range(side))
        file.write("[RESERVOIRS]\nR 50\n[PIPES]\nPR R J0-0 10 300 100 0 Open\n")
        for x in range(side):
            for y in range(side):
                for dx, dy in ((1, 0), (0, 1)):
                    if x + dx < side and y + dy < side:
                        file.write(f"P{x}-{y}-{dx} J{x}-{y} J{x + dx}-{y + dy} 100 200 100 0 Open\n")
        file.write("[COORDINATES]\nR -1 -1\n")
        file.writelines(f"J{x}-{y} {x} {y}\n" for x in range(side) for y in range(side))
        file.write("[OPTIONS]\nUnits LPS\nHeadloss H-W\n[END]\n")


def networkx_segments(nodes, links, valves):
    graph = nx.Graph()
    graph.add_nodes_from(("N", n) for n in nodes)
    for code, a, b in links:
        graph.add_node(("L", code))
        for node in {a, b}:
            if (code, node) not in valves:
                graph.add_edge(("L", code), ("N", node))
    segment = {}
    for number, part in enumerate(nx.connected_components(graph)):
        for thing in part:
            segment[thing] = number
    return segment


def networkx_isolate(whole, joints, sources, burst):
    shut = nx.node_connected_component(joints, ("L", burst))
    rest = whole.subgraph(set(whole) - shut)
    supplied = set()
    for source in sources:
        if ("N", source) in rest and ("N", source) not in supplied:
            supplied |= nx.node_connected_component(rest, ("N", source))
    return shut, set(rest) - supplied


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--data", default=os.environ.get("ONEMAP_TEST_DATA"))
    args.add_argument("--pipes", type=int, default=20000)
    args.add_argument("--skip-wntr-above", type=int, default=5000)
    args = args.parse_args()
    work = tempfile.mkdtemp()
    generated = os.path.join(work, "generated.inp")
    grid(generated, args.pipes)
    networks = [(f"generated {args.pipes}", generated)]
    if args.data:
        folder = os.path.join(args.data, "network", "epanet")
        networks = [(name, os.path.join(folder, name + ".inp")) for name in ("ky4", "ky10", "Net6")] + networks
    binary = os.path.join(ROOT, "target", "release", "examples", "segments")
    print("| network | links | valves | segments | onemap | networkx | WNTR | onemap, one burst | networkx, one burst |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, path in networks:
        nodes, sources, links = read(path)
        rand = random.Random(1)
        valves = [(code, node) for code, a, b in links for node in (a, b) if rand.random() < 0.4]
        table = os.path.join(work, "valves.csv")
        with open(table, "w", encoding="utf-8") as file:
            file.write("number,link,node\n")
            file.writelines(f"{n},{link},{node}\n" for n, (link, node) in enumerate(valves))
        ours = json.loads(subprocess.check_output([binary, path, table]))
        ours_s = ours["load_s"] + ours["segments_s"]

        start = time.perf_counter()
        segment = networkx_segments(nodes, links, set(valves))
        nx_s = time.perf_counter() - start
        count = len(set(segment.values()))
        assert count == ours["segments"], (name, count, ours["segments"])

        whole, joints = nx.Graph(), nx.Graph()
        cut = set(valves)
        for code, a, b in links:
            joints.add_node(("L", code))
            for node in {a, b}:
                whole.add_edge(("L", code), ("N", node))
                joints.add_node(("N", node))
                if (code, node) not in cut:
                    joints.add_edge(("L", code), ("N", node))
        bursts = [rand.choice(links)[0] for _ in range(10)]
        start = time.perf_counter()
        for burst in bursts:
            networkx_isolate(whole, joints, sources, burst)
        nx_burst = (time.perf_counter() - start) / len(bursts)

        wntr_text = "not run"
        if len(links) <= args.skip_wntr_above or name in ("ky10", "Net6"):
            try:
                import pandas
                import wntr
                model = wntr.network.WaterNetworkModel(path)
                layer = pandas.DataFrame(valves, columns=["link", "node"])
                start = time.perf_counter()
                _, _, sizes = wntr.metrics.valve_segments(model.to_graph(), layer)
                wntr_s = time.perf_counter() - start
                assert len(sizes) == ours["segments"], (name, len(sizes), ours["segments"])
                wntr_text = f"{wntr_s:.2f} s ({wntr_s / ours_s:,.0f}×)"
            except ImportError as error:
                wntr_text = f"not installed: {error}"
        print(f"| {name} | {len(links)} | {len(valves)} | {count} | {ours_s * 1e3:.2f} ms"
              f" | {nx_s * 1e3:.1f} ms ({nx_s / ours_s:,.0f}×) | {wntr_text}"
              f" | {ours['isolate_s'] * 1e6:.1f} µs | {nx_burst * 1e3:.1f} ms"
              f" ({nx_burst / ours['isolate_s']:,.0f}×) |", flush=True)


main()
