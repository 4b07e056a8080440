#!/usr/bin/env python3
"""How fast leaps are, and how far off: python3 benches/leap/run.py

On networks of many molecules it compares `kurtz simulate --method implicit-tau-leap` (or tau-leap) with the exact methods by
processor time a trajectory, and its means and standard deviations with the truth: the master equation (`kurtz solve`),
moment equations that close (`kurtz moments`), or the linear noise approximation with corrected means. Prints a table.

    --trajectories N   by which errors are known: 1 / sqrt(2 N) of a standard deviation (100000)
    --epsilon E        of leaps (0.01)
    --kurtz FILE       the program (target/release/kurtz)
"""

import argparse
import csv
import io
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Case:
    name: str
    text: str
    method: str
    end: float
    truth: list  # arguments of kurtz, MODEL and times to be filled in
    truth_end: float
    observed: list


CASES = [
    Case(
        "stiff isomers, 100,000 molecules: A <-> B at 1000 and 2000, B -> C -> 0 at 0.5 and 1",
        "species A = 66667, B = 33333, C = 20000\nA -> B @ 1000\nB -> A @ 2000\nB -> C @ 0.5\nC -> 0 @ 1\n",
        "implicit-tau-leap", 1.0, ["moments"], 1.0, ["A", "B", "C"],
    ),
    Case(
        "stiff dimer, 100,000 molecules: 2 A <-> B at 0.02 and 1000",
        "species A = 100000, B = 0\n2 A -> B @ 0.02\nB -> 2 A @ 1000\n",
        # Fifty relaxation times: the law at rest.
        "implicit-tau-leap", 1.0, ["solve", "--tolerance", "1e-10"], 0.02, ["A"],
    ),
    Case(
        "decaying dimer (Rathinam et al. 2003)",
        "species S1 = 4150, S2 = 39565, S3 = 3445\nS1 -> 0 @ 1\n2 S1 -> S2 @ 10\nS2 -> 2 S1 @ 1000\nS2 -> S3 @ 0.1\n",
        "implicit-tau-leap", 1.0, ["simulate", "--method", "lna", "--corrected-means"], 1.0, ["S1", "S2", "S3"],
    ),
    Case(
        "dimerisation, 10 million molecules, not stiff",
        "species A = 10000000, B = 0\n2 A -> B @ 2e-7\nB -> 2 A @ 1\n",
        "tau-leap", 1.0, ["simulate", "--method", "lna", "--corrected-means"], 1.0, ["A"],
    ),
]


def call(kurtz, *arguments):
    """Rows of the table that kurtz prints, what it says, and seconds of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([kurtz, *map(str, arguments)], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        raise SystemExit(f"kurtz {' '.join(map(str, arguments))}: {run.stderr}")
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    rows = [line for line in run.stdout.splitlines() if "," in line]
    return list(csv.DictReader(io.StringIO("\n".join(rows)))), run.stderr, seconds


def moments(row, species):
    """Mean and standard deviation."""
    sd = row.get(f"{species}-sd")
    return float(row[f"{species}-mean"]), float(row[f"{species}-var"]) ** 0.5 if sd is None else float(sd)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trajectories", type=int, default=100_000)
    parser.add_argument("--epsilon", type=float, default=0.01)
    parser.add_argument("--kurtz", default=ROOT / "target/release/kurtz")
    parser.add_argument("--case", type=int, action="append", help="only this one, from 0 on")
    options = parser.parse_args()
    print("| network | direct, ms | auto, ms | leaps, ms | direct / leaps | auto / leaps | pilot, s | species | mean off by | sd off by | stated bounds, of a sd |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    within = True
    for k, case in enumerate(CASES):
        if options.case and k not in options.case:
            continue
        with tempfile.TemporaryDirectory() as place:
            model = Path(place) / "model.crn"
            model.write_text(case.text)
            truth, _, _ = call(options.kurtz, *case.truth[:1], model, *case.truth[1:], "--end", case.truth_end, "--steps", 1)
            exact = {}
            # Multiples of 16, the number of lanes.
            for method, n in (("direct", 2), ("auto", 32)):
                line = ["simulate", model, "--method", method, "--end", case.end, "--steps", 1, "--threads", 1]
                exact[method] = call(options.kurtz, *line, "--trajectories", n)[2] / n
            line = ["simulate", model, "--method", case.method, "--epsilon", options.epsilon, "--end", case.end, "--steps", 1]
            line += ["--threads", 1, "--trajectories"]
            pilot = call(options.kurtz, *line, 2)[2]
            found, said, seconds = call(options.kurtz, *line, options.trajectories)
        leap = (seconds - pilot) / options.trajectories
        bounds = re.findall(r"([\d.]+) % \((?:means|standard deviations)\)", said)
        stated = " and ".join(f"{bound} %" for bound in bounds)
        n = options.trajectories
        for place, species in enumerate(case.observed):
            last, right = found[-1], truth[-1]
            mean, sd = moments(last, species)
            true_mean, true_sd = moments(right, species)
            off, off_sd = mean / true_mean - 1, sd / true_sd - 1
            within = within and abs(off) < 0.01 and abs(off_sd) < 0.01
            first = f"| {case.name} | {exact['direct'] * 1e3:.3g} | {exact['auto'] * 1e3:.3g} | {leap * 1e3:.3g} | {exact['direct'] / leap:,.0f} | {exact['auto'] / leap:,.0f} | {pilot:.2g} "
            errors = f"| {species} | {100 * off:+.4f} +- {100 * true_sd / true_mean / n**0.5:.4f} % | {100 * off_sd:+.2f} +- {100 / (2 * n) ** 0.5:.2f} % "
            print((first if place == 0 else "| | | | | | | ") + errors + f"| {stated if place == 0 else ''} |", flush=True)
    sys.exit(0 if within else 1)


if __name__ == "__main__":
    main()
