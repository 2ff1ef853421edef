"""Tells what SWMM itself counts in input files, or why it refuses them.

    pip install swmm-toolkit==0.17.0
    python judge_swmm.py FILE...
"""

import os
import sys
import tempfile
from collections import Counter

from swmm.toolkit import shared_enum, solver


def judge(path):
    folder = tempfile.mkdtemp()
    report = os.path.join(folder, "model.rpt")
    try:
        solver.swmm_open(path, report, os.path.join(folder, "model.out"))
    except Exception:
        solver.swmm_close()
        with open(report, errors="replace") as lines:
            return [line.strip() for line in lines if "ERROR" in line]
    kinds = shared_enum.ObjectType
    nodes, links, areas = (solver.project_get_count(kind) for kind in (kinds.NODE, kinds.LINK, kinds.SUBCATCH))
    counts = Counter(solver.node_get_type(at).name for at in range(nodes))
    counts += Counter(solver.link_get_type(at).name for at in range(links))
    counts["SUBCATCHMENT"] = areas
    solver.swmm_close()
    return dict(counts)


for name in sys.argv[1:]:
    print(os.path.basename(name), judge(name))
