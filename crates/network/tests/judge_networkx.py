"""Answers the questions of judge_networkx.rs with networkx, from the topology alone, and compares.

Reads one JSON file, prints what it checked, and leaves with 1 at the first difference.
"""

import json
import sys

import networkx as nx


def components(graph, starts):
    """All that is connected to any of the starts."""
    found = set()
    for start in starts:
        if start in graph and start not in found:
            found |= nx.node_connected_component(graph, start)
    return found


def isolate(city, graph, joints, before, case):
    """Shuts off by the textbook: components without valves, then components without the shut ones."""
    failed = set(case["failed"])
    valves = [v for v in city["valves"] if v["code"] not in failed]
    kept = {(v["link"], v["node"]) for v in valves}
    opened = {(v["link"], v["node"]) for v in city["valves"]} - kept
    opened = [(("L", link), ("N", node)) for link, node in opened]
    joints.add_edges_from(opened)
    shut = components(joints, [("L", burst) for burst in case["bursts"]])
    joints.remove_edges_from(opened)
    gone = list(graph.edges(shut))
    graph.remove_nodes_from(shut)
    supplied = components(graph, [("N", source) for source in city["sources"]])
    graph.add_nodes_from(shut)
    graph.add_edges_from(gone)
    behind = before - shut - supplied
    must = set()
    for valve in valves:
        link, node = ("L", valve["link"]), ("N", valve["node"])
        far = node if link in shut else link
        near = link if link in shut else node
        if near in shut and far not in shut and far in supplied:
            must.add(valve["name"])
    names = lambda things, kind: sorted(name for k, name in things if k == kind)
    return {
        "must": sorted(must),
        "shut_links": names(shut, "L"),
        "shut_nodes": names(shut, "N"),
        "behind_links": names(behind, "L"),
        "behind_nodes": names(behind, "N"),
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        city = json.load(file)
    graph = nx.Graph()
    graph.add_nodes_from(("N", node) for node in city["nodes"])
    flow = nx.MultiDiGraph()
    flow.add_nodes_from(city["nodes"])
    roads = nx.Graph()
    roads.add_nodes_from(city["nodes"])
    for link in city["links"]:
        for node in link["ends"]:
            graph.add_edge(("L", link["code"]), ("N", node))
        a, b = link["ends"]
        if link.get("flow", 0) >= 0:
            flow.add_edge(a, b, code=link["code"])
        if link.get("flow", 0) <= 0:
            flow.add_edge(b, a, code=link["code"])
        length = round(link["length"] * 1000)
        if not roads.has_edge(a, b) or roads[a][b]["length"] > length:
            roads.add_edge(a, b, length=length)
    joints = graph.copy()
    joints.remove_edges_from([(("L", v["link"]), ("N", v["node"])) for v in city["valves"]])
    before = components(graph, [("N", source) for source in city["sources"]])
    for case in city["isolations"]:
        ours = {key: sorted(case[key]) for key in
                ("must", "shut_links", "shut_nodes", "behind_links", "behind_nodes")}
        theirs = isolate(city, graph, joints, before, case)
        if ours != theirs:
            print("isolate", case["bursts"], case["failed"])
            for key in ours:
                print(key, "ours only:", sorted(set(ours[key]) - set(theirs[key])),
                      "networkx only:", sorted(set(theirs[key]) - set(ours[key])))
            sys.exit(1)
    for case in city["traces"]:
        search = nx.descendants if case["direction"] == "downstream" else nx.ancestors
        theirs = sorted(search(flow, case["from"]) | {case["from"]})
        if sorted(case["nodes"]) != theirs:
            print("trace", case["direction"], "from", case["from"])
            sys.exit(1)
    for case in city["paths"]:
        connected = nx.has_path(roads, case["from"], case["to"])
        if connected != (case["length"] is not None):
            print("path", case)
            sys.exit(1)
        if connected:
            length = nx.shortest_path_length(roads, case["from"], case["to"], "length") / 1000
            if abs(length - case["length"]) > 0.01 * (1 + length * 1e-3):
                print("path", case, "networkx:", length)
                sys.exit(1)
    secondary = sum(1 for case in city["isolations"] if case["behind_links"] or case["behind_nodes"])
    print(f"{city['name']}: {len(city['isolations'])} shut-offs ({secondary} with dry parts behind),",
          f"{len(city['traces'])} traces, {len(city['paths'])} paths equal to networkx {nx.__version__}")


main()
