"""Asks EPANET itself (PyPI owa-epanet 2.3.5) what it thinks of files.

    judge_epanet.py counts FOLDER       counts of every .inp of a folder, as src/epanet/tests.rs has them
    judge_epanet.py cases < cases.txt   src/epanet/cases.txt with the verdicts taken anew
"""

import pathlib
import re
import sys
import tempfile

from epanet import toolkit

# The network to which the lines of a case are added; src/epanet/tests.rs has the same.
BASE = {
    "TITLE": ["t"],
    "JUNCTIONS": ["a 10 1", "b 20"],
    "RESERVOIRS": ["r 100"],
    "TANKS": ["k 50 1 0 5 10 0"],
    "PIPES": ["p r a 100 200 100", "q a b 100 200 100 0 Open"],
    "PUMPS": ["u r b POWER 5"],
    "VALVES": ["v b k 200 TCV 0 0"],
    "PATTERNS": ["w 1 2 3"],
    "CURVES": ["c 1 2"],
    "OPTIONS": ["UNITS LPS"],
    "COORDINATES": ["a 1 1", "b 2 2", "r 0 0", "k 3 3"],
    "VERTICES": ["p 0.5 0.7"],
}


def text_of(case):
    sections = {name: list(lines) for name, lines in BASE.items()}
    for part in case.split(" / "):
        name, line = part.split(": ", 1)
        sections.setdefault(name, []).append(line)
    return "".join(f"[{name}]\n" + "".join(line + "\n" for line in lines) for name, lines in sections.items())


def open_and(path, look):
    """Returns what `look` returns of a project, or the code of the first error."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report"
        project = toolkit.createproject()
        try:
            toolkit.open(project, str(path), str(report), "")
            return look(project)
        except Exception:
            pass
        finally:
            toolkit.close(project)
            toolkit.deleteproject(project)
        codes = re.findall(r"Error (\d+)", report.read_text(errors="replace"))
        return next(code for code in codes if code != "200")


def links(project):
    return range(1, toolkit.getcount(project, toolkit.LINKCOUNT) + 1)


def closed(project):
    return sum(toolkit.getlinkvalue(project, i, toolkit.INITSTATUS) == 0 for i in links(project))


def counts(project):
    nodes = range(1, toolkit.getcount(project, toolkit.NODECOUNT) + 1)
    kinds = [toolkit.getnodetype(project, i) for i in nodes]
    types = [toolkit.getlinktype(project, i) for i in links(project)]
    vertices = sum(toolkit.getvertexcount(project, i) for i in links(project))
    valves = sum(kind > toolkit.PUMP for kind in types)
    pipes = [types.count(kind) for kind in (toolkit.PIPE, toolkit.CVPIPE, toolkit.PUMP)]
    return " ".join(map(str, [*map(kinds.count, (0, 1, 2)), *pipes, valves, vertices, closed(project)]))


def main():
    if sys.argv[1] == "counts":
        for path in sorted(pathlib.Path(sys.argv[2]).glob("*.inp")):
            print(path.stem, open_and(path, counts))
        return
    for line in sys.stdin.read().splitlines():
        if line.startswith("#") or not line:
            print(line)
            continue
        case, verdict = line.split(" => ")
        ours = verdict.partition("; ")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "case.inp"
            path.write_text(text_of(case), encoding="utf-8")
            judged = open_and(path, lambda project: f"ok {closed(project)}")
        print(f"{case} => {judged}{ours[1]}{ours[2]}")


main()
