#!/usr/bin/env python3
"""Compares kurtz with other stochastic simulators: python3 benches/peers/run.py

Installs the others with pip into an environment of its own, builds a harness around kurtz and rebop's crate and loops in C
for each network, runs all of them to the same times with the same number of trajectories, one after the other and over
again, and checks that means and standard deviations at the end agree. Writes results.md and results.csv.

    --quick          a fifth of the events
    --models a,b     only these          --peers a,b    only these
    --repeats N      interleaved repetitions, of which the median counts (3)
    --output DIR     where environment, builds and results go (benches/peers/out)
"""

import argparse
import csv
import ctypes
import multiprocessing
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["numpy", "setuptools<81", "rebop", "gillespy2", "libroadrunner", "copasi-basico", "bngsim"]
# Events that a model is sampled for; slow simulators set what is bearable.
EVENTS = 500_000
# A simulator that would need longer than this for a model gives the figure of a single trajectory, in seconds.
BEARABLE = 30.0
# One that has not read the model, or simulated a trajectory, in this time is left out of it: seconds on the clock.
PATIENCE = 150.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--models", default="")
    parser.add_argument("--peers", default="")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=HERE / "out")
    parser.add_argument("--no-install", action="store_true", help="use the Python that runs this")
    return parser.parse_args()


def inside_environment(options):
    """Starts this script again in its own environment unless it runs there already."""
    place = options.output / "environment"
    python = place / "bin" / "python"
    if options.no_install or Path(sys.prefix).resolve() == place.resolve():
        return
    if not python.exists():
        print("making an environment in", place, flush=True)
        venv.create(place, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGES[0]], check=True)
    for package in PACKAGES[1:]:
        # One that cannot be installed here is left out.
        if subprocess.run([python, "-m", "pip", "install", "--quiet", package]).returncode:
            print("cannot install", package, "and go on without it")
    raise SystemExit(subprocess.run([python, *sys.argv]).returncode)


def processor_time():
    """Seconds that this process and those it started, all of one thread, have computed: other work on the machine does not
    count."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


# Every simulator is a function of a network and the directory to work in that gives a function of (trajectories, seed,
# least seconds), which gives (seconds, means, variances, events or 0) of what is watched, and fourth central moments where
# every value is known; or None if it does not apply.


def by_moments(run):
    """From a function that gives the watched values at the end, [trajectories x watched]."""
    import numpy

    def timed(trajectories, seed, _):
        begun = processor_time()
        values = run(trajectories, seed)
        seconds = processor_time() - begun
        values = numpy.asarray(values, dtype=float)
        fourth = ((values - values.mean(axis=0)) ** 4).mean(axis=0)
        return seconds, values.mean(axis=0), values.var(axis=0), 0, fourth

    return timed


def harness(what):
    def make(network, out):
        if what == "macro" and not (network.small and network.is_mass_action()):
            return None
        name = "M" + network.name.replace("-", "_") if what == "macro" else what
        model = out / f"{network.name}.crn"
        # The harness watches few species of large networks.
        watched = network.species if len(network.species) <= 20 else network.watched

        def timed(trajectories, seed, least):
            command = [out / "harness-bin", model, name, trajectories, network.end, seed, least]
            text = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout
            seconds, events, means, variances = text.strip().split(";")
            numbers = lambda text: dict(zip(network.species if len(means.split(",")) > len(watched) else watched, map(float, text.split(","))))
            m, v = numbers(means), numbers(variances)
            pick = lambda values: [values[s] for s in network.watched]
            return float(seconds), pick(m), pick(v), int(events)

        return timed

    return make


def written_in_c(function):
    def make(network, out):
        from written import c_code

        if not (network.small and network.is_mass_action()):
            return None
        source, library = out / f"{network.name}.c", out / f"{network.name}.so"
        source.write_text(c_code(network))
        command = ["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source, "-lm"]
        subprocess.run(list(map(str, command)), check=True)
        loaded = ctypes.CDLL(str(library))
        if not hasattr(loaded, function):
            return None
        call = getattr(loaded, function)
        call.restype = ctypes.c_uint64
        size = len(network.species)

        def timed(trajectories, seed, least):
            passes, events, begun = 0, 0, processor_time()
            while passes == 0 or processor_time() - begun < least:
                sums, squares = (ctypes.c_double * size)(), (ctypes.c_double * size)()
                events = call(
                    ctypes.c_uint64(seed + passes), ctypes.c_long(trajectories), ctypes.c_double(network.end), sums, squares
                )
                passes += 1
            seconds = (processor_time() - begun) / passes
            means = [s / trajectories for s in sums]
            variances = [q / trajectories - m * m for q, m in zip(squares, means)]
            at = [network.species.index(s) for s in network.watched]
            return seconds, [means[i] for i in at], [variances[i] for i in at], events

        return timed

    return make


def rebop_python(network, _):
    import numpy
    import rebop
    from networks import divided

    system = rebop.Gillespie()
    for k, a, b in network.reactions:
        repeated = lambda counts: [s for s, n in counts.items() for _ in range(n)]
        system.add_reaction(divided(k, a), repeated(a), repeated(b))

    def run(trajectories, seed):
        random = numpy.random.default_rng(seed)
        ends = []
        for _ in range(trajectories):
            end = system.run(network.initial, network.end, 1, rng=random, var_names=network.watched)
            ends.append([float(end[s][-1]) for s in network.watched])
        return ends

    return by_moments(run)


def gillespy2_cpp(network, _):
    import gillespy2
    from networks import divided

    model = gillespy2.Model(name=network.name.replace("-", "_"))
    species = {s: gillespy2.Species(name=s, initial_value=n, mode="discrete") for s, n in network.initial.items()}
    model.add_species(list(species.values()))
    for j, (k, a, b) in enumerate(network.reactions):
        rate = gillespy2.Parameter(name=f"k{j}", expression=repr(k))
        model.add_parameter(rate)
        if sum(a.values()) <= 2:
            # Its mass action divides 2 A by nothing: k n (n - 1).
            rate.expression = repr(divided(k, a))
            reaction = gillespy2.Reaction(
                name=f"r{j}", reactants={species[s]: n for s, n in a.items()}, products={species[s]: n for s, n in b.items()}, rate=rate
            )
        else:
            factors = "*".join(f"({s}-{i})" for s, n in a.items() for i in range(n))
            reaction = gillespy2.Reaction(
                name=f"r{j}",
                reactants={species[s]: n for s, n in a.items()},
                products={species[s]: n for s, n in b.items()},
                propensity_function=f"{divided(k, a)!r}*{factors}",
            )
        model.add_reaction(reaction)
    model.timespan(gillespy2.TimeSpan.linspace(t=network.end, num_points=2))
    solver = gillespy2.SSACSolver(model=model)

    def run(trajectories, seed):
        results = model.run(solver=solver, number_of_trajectories=trajectories, seed=seed)
        return [[result[s][-1] for s in network.watched] for result in results]

    return by_moments(run)


def roadrunner(network, out):
    import roadrunner

    simulator = roadrunner.RoadRunner(str(out / f"{network.name}.xml"))
    simulator.setIntegrator("gillespie")
    simulator.getIntegrator().setValue("variable_step_size", False)
    simulator.timeCourseSelections = list(network.watched)

    def run(trajectories, seed):
        simulator.getIntegrator().setValue("seed", seed)
        ends = []
        for _ in range(trajectories):
            simulator.reset()
            ends.append(simulator.simulate(0, network.end, 2)[-1])
        return ends

    return by_moments(run)


def copasi(network, out):
    import basico

    model = basico.load_model(str(out / f"{network.name}.xml"))
    settings = {"method": "directMethod", "duration": network.end, "intervals": 1, "use_numbers": False}

    def run(trajectories, seed):
        ends = []
        for i in range(trajectories):
            frame = basico.run_time_course(model=model, use_initial_values=True, use_seed=True, seed=seed + i, **settings)
            ends.append([frame[s].iloc[-1] for s in network.watched])
        return ends

    return by_moments(run)


def bngsim_ssa(network, out):
    import bngsim
    import numpy
    from networks import bngl_net

    path = out / f"{network.name}.net"
    path.write_text(bngl_net(network))
    simulator = bngsim.Simulator(bngsim.Model.from_net(str(path)), method="ssa")

    def run(trajectories, seed):
        results = simulator.run_replicates(trajectories, t_span=(0, network.end), n_points=2, seed=seed)
        return [numpy.asarray(result.observables)[-1].tolist() if not hasattr(result.observables, "dtype") or result.observables.dtype.names is None else [result.observables[s][-1] for s in network.watched] for result in results]

    return by_moments(run)


SIMULATORS = {
    "kurtz (auto)": harness("kurtz-auto"),
    "kurtz direct": harness("kurtz-direct"),
    "C, eight lanes": written_in_c("lanes"),
    "C, scalar": written_in_c("scalar"),
    "rebop macro": harness("macro"),
    "rebop run-time": harness("rebop-api"),
    "rebop Python": rebop_python,
    "bngsim": bngsim_ssa,
    "GillesPy2 C++": gillespy2_cpp,
    "libRoadRunner": roadrunner,
    "COPASI": copasi,
}


class Apart:
    """A simulator of one network in a process of its own, which can be ended."""

    def __init__(self, peer, network, out):
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=self.serve, args=(peer, network, out, other), daemon=True)
        self.process.start()
        other.close()
        self.applies = self.answer()

    @staticmethod
    def serve(peer, network, out, pipe):
        os.setsid()
        try:
            run = SIMULATORS[peer](network, out)
            pipe.send((True, run is not None))
            while True:
                pipe.send((True, run(*pipe.recv())))
        except EOFError:
            pass
        except Exception as error:  # what it says is told where the answer is awaited
            pipe.send((False, f"{type(error).__name__}: {str(error)[:150]}"))

    def answer(self):
        if not self.pipe.poll(PATIENCE):
            self.end()
            raise RuntimeError(f"no answer in {PATIENCE:.0f} s")
        good, answer = self.pipe.recv()
        if not good:
            raise RuntimeError(answer)
        return answer

    def __call__(self, trajectories, seed, least):
        self.pipe.send((trajectories, seed, least))
        return self.answer()

    def end(self):
        if self.process.is_alive():
            os.killpg(self.process.pid, signal.SIGKILL)


OURS = ("kurtz (auto)", "kurtz direct")
FLOORS = ("C, eight lanes", "C, scalar")


def build_harness(networks, out):
    """A project of its own around kurtz and rebop's crate."""
    from written import rebop_macro

    project = out / "harness"
    (project / "src").mkdir(parents=True, exist_ok=True)
    crates = "\n".join(f'{c} = {{ path = "{ROOT / "crates" / c}" }}' for c in ("kurtz-dynamics", "kurtz-model"))
    (project / "Cargo.toml").write_text(
        f'[package]\nname = "harness"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n{crates}\nrayon = "1"\nrebop = "0.9"\n'
    )
    small = [n for n in networks if n.small and n.is_mass_action()]
    arms = "".join(f'        "M{n.name.replace("-", "_")}" => M{n.name.replace("-", "_")}_run(seed, trajectories, end, sums),\n' for n in small)
    macros = "\n".join(rebop_macro(n) for n in small)
    dispatch = f"fn macros(name: &str, seed: u64, trajectories: u64, end: f64, sums: &mut Sums) {{\n    match name {{\n{arms}        _ => panic!(\"no macro {{name}}\"),\n    }}\n}}\n"
    text = "#![allow(non_camel_case_types, non_snake_case, dead_code)]\n" + (HERE / "harness.rs").read_text() + macros + dispatch
    source = project / "src" / "main.rs"
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=project, env=environment, check=True)
    link = out / "harness-bin"
    link.unlink(missing_ok=True)
    link.symlink_to(target / "release" / "harness")


def kurtz_binary():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "kurtz-cli"], cwd=ROOT, check=True)
    return target / "release" / "kurtz"


def z_scores(n, found, reference, m):
    """Differences of means and of variances in standard errors, given those of m trajectories by kurtz."""
    means, variances, _, *fourth = found
    true_means, true_variances = reference
    fourth = fourth[0] if fourth else [3 * w * w for w in true_variances]
    worst = 0.0
    for a, v, b, w, f in zip(means, variances, true_means, true_variances, fourth):
        spread = max(w, 1e-9)
        worst = max(worst, abs(a - b) / (spread * (1 / n + 1 / m)) ** 0.5)
        # The fourth moment from the sample where there is one, never below that of a normal law.
        error = (max(f - v * v, 2 * w * w) * (1 / n + 1 / m)) ** 0.5
        worst = max(worst, abs(v - w) / error if w > 1e-9 else 0.0)
    return worst


def measure(network, options, out):
    events_wanted = EVENTS / (5 if options.quick else 1)
    (out / f"{network.name}.crn").write_text(crn(network))
    subprocess.run([KURTZ, "convert", out / f"{network.name}.crn", out / f"{network.name}.xml"], check=True, capture_output=True)
    pilot = harness("kurtz-auto")(network, out)
    _, _, _, events = pilot(16, 99, 0.0)
    per_trajectory = events / 16
    n = max(4, round(events_wanted / per_trajectory))
    # What means and variances should be, by many more trajectories.
    many = 40 * n if len(network.species) <= 20 else 10 * n
    _, true_means, true_variances, events = pilot(many, 98, 0.0)
    per_trajectory = events / many
    chosen = [p for p in SIMULATORS if not options.peers or any(p.lower().startswith(w.lower()) for w in options.peers.split(","))]
    runs = {}
    for peer in chosen:
        try:
            run = Apart(peer, network, out)
            runs[peer] = run if run.applies else None
        except (RuntimeError, EOFError, OSError) as error:  # one that cannot read a network is left out of it, and said so
            print(f"  {peer}: {error}", flush=True)
            runs[peer] = None
    times = {p: [] for p in chosen}
    moments = {p: None for p in chosen}
    for repeat in range(options.repeats):
        for peer in chosen:
            run = runs[peer]
            if run is None or (times[peer] and times[peer][-1] * n > BEARABLE):
                continue
            try:
                if repeat == 0 and peer not in OURS + FLOORS:
                    # One trajectory first: it may take for ever.
                    seconds = run(1, 7, 0.0)[0]
                    if seconds * n > BEARABLE:
                        times[peer].append(seconds)
                        moments[peer] = None
                        continue
                seconds, *found = run(n, 1000 + repeat, 0.1 if peer in OURS + FLOORS or peer.startswith("rebop ") and "Python" not in peer else 0.0)
            except (RuntimeError, EOFError, OSError) as error:
                print(f"  {peer}: {error}", flush=True)
                runs[peer] = None
                continue
            times[peer].append(seconds / n)
            moments[peer] = moments[peer] or found
    for run in filter(None, runs.values()):
        run.end()
    rows = []
    for peer in chosen:
        if not times[peer]:
            continue
        rate = per_trajectory / statistics.median(times[peer])
        z = z_scores(n, moments[peer], (true_means, true_variances), many) if moments[peer] is not None else None
        rows.append(dict(model=network.name, simulator=peer, trajectories=n, events=round(per_trajectory * n), rate=rate, z=z))
        print(f"  {peer:18s} {rate / 1e6:10.3f} M/s   z {'-' if z is None else format(z, '.1f')}", flush=True)
    return rows


def write(rows, networks, out):
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor()) if Path("/proc/cpuinfo").exists() else platform.processor()
    peers = [p for p in SIMULATORS if any(r["simulator"] == p for r in rows)]
    text = [
        f"Million events per second, one core of {processor}, {time.strftime('%Y-%m-%d')}; each simulator runs the same number of",
        "trajectories to the same time; processor time, medians of interleaved repetitions. *Ratio*: kurtz (auto) over the fastest that is neither",
        "kurtz nor written in C for the network.",
        "",
        "| network | events | " + " | ".join(peers) + " | ratio | of eight lanes in C |",
        "|---|---|" + "---|" * (len(peers) + 2),
    ]
    doubts = []
    for network in networks:
        of = {r["simulator"]: r for r in rows if r["model"] == network.name}
        if not of:
            continue
        cells = []
        for peer in peers:
            row = of.get(peer)
            cells.append("-" if row is None else f"{row['rate'] / 1e6:.3g}")
            if row is not None and row["z"] is not None and row["z"] > 5:
                doubts.append(f"{network.name}, {peer}: z = {row['z']:.1f}")
        others = [r["rate"] for p, r in of.items() if p not in OURS + FLOORS]
        ours = of.get("kurtz (auto)")
        ratio = f"{ours['rate'] / max(others):.1f}" if ours and others else "-"
        floor = of.get("C, eight lanes")
        share = f"{100 * ours['rate'] / floor['rate']:.0f} %" if ours and floor else "-"
        any_row = next(iter(of.values()))
        text.append(f"| {network.title} | {any_row['events']:,} | " + " | ".join(cells) + f" | {ratio} | {share} |")
    text += ["", "Means and variances of all agree with kurtz to 5 standard errors." if not doubts else "Do not agree: " + "; ".join(doubts)]
    (out / "results.md").write_text("\n".join(text) + "\n")
    with open(out / "results.csv", "w", newline="") as file:
        table = csv.DictWriter(file, ["model", "simulator", "trajectories", "events", "rate", "z"])
        table.writeheader()
        table.writerows(rows)
    return not doubts


if __name__ == "__main__":
    OPTIONS = arguments()
    OPTIONS.output = OPTIONS.output.resolve()
    OPTIONS.output.mkdir(parents=True, exist_ok=True)
    inside_environment(OPTIONS)
    sys.path.insert(0, str(HERE))
    # Where GillesPy2 finds the tool that builds its programs.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    from networks import crn, networks

    ALL = networks()
    CHOSEN = [n for n in ALL if not OPTIONS.models or n.name in OPTIONS.models.split(",")]
    KURTZ = kurtz_binary()
    build_harness(ALL, OPTIONS.output)
    ROWS, agree = [], True
    for one in CHOSEN:
        print(one.title, flush=True)
        ROWS += measure(one, OPTIONS, OPTIONS.output)
        # After each, so that an interruption loses little.
        agree = write(ROWS, CHOSEN, OPTIONS.output)
    print((OPTIONS.output / "results.md").read_text())
    sys.exit(0 if agree else 1)
