"""Work and precision of stiff integration: kurtz beside SciPy, libRoadRunner and bngsim, interleaved in one run.

    python3 -m venv venv && venv/bin/pip install scipy libroadrunner bngsim python-libsbml matplotlib
    cargo build --release -p kurtz-cli && cargo build --release -p kurtz-dynamics --example integrate_on_request
    venv/bin/python benches/stiff/peers.py --output stiff-peers.csv --figure stiff-peers.png

For each problem and relative tolerance from 1e-4 to 1e-10, every tool integrates from the same initial state to the same
output times; all tools take turns, as often as --repeats says, and the least time counts. Absolute tolerances are the
relative one times a thousandth of the size of each species, where a tool accepts a vector; the size is the largest value that
the species takes, but at least a millionth of the largest of all. The error is the largest difference to the reference over
all times and species, in units of the size; the reference is
SciPy's Radau at 1e-12 (the chain: its matrix exponential), checked against kurtz's at 1e-12. Times are what a caller waits:
Python tools include their own wrappers, which is how they are used; set-up (reading and compiling the model) is shown apart.
Time at equal error is interpolated on the curve of log time over log error.

kurtz (system) is what `kurtz simulate --method ode` calls: it chooses method and absolute tolerances by itself. kurtz (field) is the
library's stiff method on the mass-action equations. At the end the cost of forward sensitivities by all rate constants is shown
beside that of the solution alone.
"""

import argparse, csv, json, math, pathlib, subprocess, tempfile, time, warnings
import numpy as np
from scipy import sparse
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import expm_multiply

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[2]
TOLERANCES = [10.0**-k for k in range(4, 11)]
CHAIN = 800


class Problem:
    """Mass action: (rate constant, {reactant: order}, {species: net change}); kurtz's convention k c^n / n!."""

    def __init__(self, name, species, reactions, times):
        self.name, self.species, self.times = name, list(species), np.asarray(times, float)
        self.x0 = np.array([species[s] for s in self.species], float)
        self.reactions = reactions
        place = {s: i for i, s in enumerate(self.species)}
        n, m = len(self.species), len(reactions)
        self.k = np.array([k / math.prod(math.factorial(v) for v in r.values()) for k, r, _ in reactions])
        # Up to two reactants by index; n stands for the number 1.
        reactants = [[place[s] for s, v in r.items() for _ in range(v)] + [n] * (2 - sum(r.values())) for _, r, _ in reactions]
        self.first, self.second = np.array(reactants).T
        u = sparse.lil_matrix((n, m))
        for j, (_, _, change) in enumerate(reactions):
            for s, v in change.items():
                u[place[s], j] = v
        self.u = u.tocsr()
        self.dense_u = self.u.toarray() if n < 50 else None

    def crn(self, explicit=False):
        """The model as text; `explicit` writes rates of pairs out, since SBML made of mass action counts pairs n (n - 1) / 2."""
        side = lambda d: " + ".join(f"{v} {s}" if v > 1 else s for s, v in d.items()) or "0"
        lines = ["volume 1"] + [f"species {s} = concentration({x!r})" for s, x in zip(self.species, self.x0.tolist())]
        for k, reactants, change in self.reactions:
            names = dict.fromkeys([*reactants, *change])
            after = {s: reactants.get(s, 0) + change.get(s, 0) for s in names}
            is_pair = 2 in reactants.values()
            law = f"rate({k / 2!r}*{'*'.join(s for s, v in reactants.items() for _ in range(v))})" if explicit and is_pair else repr(k)
            lines.append(f"{side(reactants)} -> {side({s: v for s, v in after.items() if v})} @ {law}")
        return "\n".join(lines) + "\n"

    def rates(self, x):
        y = np.append(x, 1.0)
        return self.k * y[self.first] * y[self.second]

    def f(self, t, x):
        return (self.dense_u if self.dense_u is not None else self.u) @ self.rates(x)

    def jac(self, t, x):
        n, m = len(x), len(self.k)
        y = np.append(x, 1.0)
        rows = np.arange(m)
        d = sparse.csr_matrix((np.r_[self.k * y[self.second], self.k * y[self.first]],
                               (np.r_[rows, rows], np.r_[self.first, self.second])), shape=(m, n + 1))[:, :n]
        j = self.u @ d
        return j.toarray() if n < 50 else j


def problems():
    v1, v2 = {"P": -1, "G": -1, "GP": 1}, {"P": -1, "GP": -1, "GP2": 1}
    back = lambda change: {s: -v for s, v in change.items()}
    gene = [(3.0, {"G": 1, "P": 1}, v1), (2.4, {"GP": 1}, back(v1)), (9.0, {"GP": 1, "P": 1}, v2), (6.0, {"GP2": 1}, back(v2)),
            (0.05, {"G": 1}, {"M": 1}), (0.05, {"GP": 1}, {"M": 1}), (0.01, {"M": 1}, {"P": 1}), (0.01, {"M": 1}, {"M": -1})]
    yield Problem("gene network", {"P": 0.0, "M": 5.0, "G": 0.01, "GP": 0.01, "GP2": 0.01}, gene, np.arange(0, 1001, 10))
    robertson = [(0.04, {"A": 1}, {"A": -1, "B": 1}), (6e7, {"B": 2}, {"B": -1, "C": 1}), (1e4, {"B": 1, "C": 1}, {"B": -1, "A": 1})]
    yield Problem("Robertson", {"A": 1.0, "B": 0.0, "C": 0.0}, robertson, [0.0] + [0.4 * 10.0**k for k in range(9)])
    # J. M. G. Vilar, H. Y. Kueh, N. Barkai, S. Leibler, PNAS 99 (2002) 5988, figure 1.
    vilar = [(1.0, {"A": 1, "R": 1}, {"A": -1, "R": -1, "C": 1}), (1.0, {"A": 1}, {"A": -1}), (1.0, {"C": 1}, {"C": -1, "R": 1}),
             (0.2, {"R": 1}, {"R": -1}), (1.0, {"DA": 1, "A": 1}, {"DA": -1, "A": -1, "DAb": 1}), (50.0, {"DAb": 1}, {"DAb": -1, "DA": 1, "A": 1}),
             (1.0, {"DR": 1, "A": 1}, {"DR": -1, "A": -1, "DRb": 1}), (100.0, {"DRb": 1}, {"DRb": -1, "DR": 1, "A": 1}),
             (50.0, {"DA": 1}, {"MA": 1}), (500.0, {"DAb": 1}, {"MA": 1}), (10.0, {"MA": 1}, {"MA": -1}), (50.0, {"MA": 1}, {"A": 1}),
             (0.01, {"DR": 1}, {"MR": 1}), (50.0, {"DRb": 1}, {"MR": 1}), (0.5, {"MR": 1}, {"MR": -1}), (5.0, {"MR": 1}, {"R": 1})]
    start = dict.fromkeys(["DA", "DR", "DAb", "DRb", "MA", "A", "MR", "R", "C"], 0.0) | {"DA": 1.0, "DR": 1.0}
    yield Problem("Vilar", start, vilar, np.arange(0, 201, 1))
    # Reversible first-order steps, ten times as fast in one half as in the other.
    step = lambda i, j, k: (k, {f"S{i}": 1}, {f"S{i}": -1, f"S{j}": 1})
    rate = lambda i: 100.0 if i < CHAIN // 2 else 10.0
    chain = [step(i, i + 1, rate(i)) for i in range(CHAIN - 1)] + [step(i + 1, i, 0.5 * rate(i)) for i in range(CHAIN - 1)]
    start = {f"S{i}": 1.0 if i == 0 else 0.0 for i in range(CHAIN)}
    yield Problem(f"chain of {CHAIN}", start, chain, np.arange(0, 41, 1))


class Kurtz:
    """The example `integrate_on_request`, told on its standard input."""

    def __init__(self, door):
        self.name, self.door = f"kurtz ({door})", door
        path = ROOT / "target/release/examples/integrate_on_request"
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        seconds, *values = self.process.stdout.readline().split()
        if seconds == "error":
            raise RuntimeError(" ".join(values))
        return float(seconds), values

    def load(self, problem, crn, sbml):
        self.problem = problem
        field, more = self.ask(f"load {crn}")
        return field + (float(more[0]) if self.door == "system" else 0.0)

    def run(self, tolerance, absolute):
        absolute = "-" if self.door == "system" else ",".join(map(repr, absolute.tolist()))
        seconds, values = self.ask(f"run {self.door} {tolerance!r} {absolute} " + " ".join(map(repr, self.problem.times.tolist())))
        return seconds, np.array(values, float).reshape(len(self.problem.times), -1)


class SciPy:
    def __init__(self, method):
        self.name, self.method = f"SciPy {method}", method

    def load(self, problem, crn, sbml):
        self.problem = problem
        self.options = {"jac": problem.jac}
        if self.method == "LSODA" and len(problem.x0) > 50:
            # The chain is tridiagonal in its own numbering; LSODA makes differences in bands by itself.
            self.options = {"lband": 1, "uband": 1}
        return 0.0

    def run(self, tolerance, absolute):
        p = self.problem
        start = time.perf_counter()
        s = solve_ivp(p.f, (p.times[0], p.times[-1]), p.x0, self.method, p.times, rtol=tolerance, atol=absolute, **self.options)
        seconds = time.perf_counter() - start
        if not s.success:
            raise RuntimeError(s.message)
        return seconds, s.y.T


class RoadRunner:
    name = "libRoadRunner CVODE"

    def load(self, problem, crn, sbml):
        import roadrunner
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
        self.problem = problem
        start = time.perf_counter()
        self.model = roadrunner.RoadRunner(str(sbml))
        seconds = time.perf_counter() - start
        self.model.timeCourseSelections = problem.species
        return seconds

    def run(self, tolerance, absolute):
        self.model.reset()
        integrator = self.model.getIntegrator()
        integrator.setValue("relative_tolerance", tolerance)
        integrator.setValue("absolute_tolerance", float(absolute.min()))
        integrator.setValue("maximum_num_steps", 1000000)
        times = self.problem.times.tolist()
        start = time.perf_counter()
        values = self.model.simulate(times=times)
        return time.perf_counter() - start, np.array(values)


class Bngsim:
    def __init__(self, compiled):
        self.compiled = compiled
        self.name = "bngsim CVODES" + (" (compiled)" if compiled else "")

    def load(self, problem, crn, sbml):
        import bngsim
        start = time.perf_counter()
        self.simulator = bngsim.Simulator(bngsim.Model.from_sbml(str(sbml)), method="ode", codegen=self.compiled)
        seconds = time.perf_counter() - start
        model = self.simulator.model
        self.columns = [list(model.species_names).index(s) for s in problem.species]
        self.start, self.problem = model.get_state(), problem
        return seconds

    def run(self, tolerance, absolute):
        self.simulator.model.reset()
        times, vector = self.problem.times.tolist(), np.empty_like(absolute)
        vector[self.columns] = absolute
        start = time.perf_counter()
        result = self.simulator.run(sample_times=times, rtol=tolerance, atol=vector, max_steps=1000000)
        return time.perf_counter() - start, np.asarray(result.species)[:, self.columns]


def reference(problem, kurtz):
    if len(problem.x0) > 50:
        matrix = problem.jac(0.0, problem.x0)
        exact = np.array([expm_multiply(matrix * t, problem.x0) if t > 0 else problem.x0 for t in problem.times])
    else:
        options = dict(method="Radau", t_eval=problem.times, rtol=1e-12, atol=1e-18, jac=problem.jac)
        exact = solve_ivp(problem.f, (problem.times[0], problem.times[-1]), problem.x0, **options).y.T
    size = np.maximum(abs(exact).max(axis=0), 1e-6 * abs(exact).max())
    ours = kurtz.run(1e-12, 1e-15 * size)[1]
    return exact, size, (abs(ours - exact) / size).max()


def at_error(curve, error):
    """Least time on the curve of (error, time) that reaches an error, by interpolation of logarithms."""
    points = sorted((math.log(e), math.log(t)) for e, t in curve if e > 0)
    reached = [t for e, t in points if e <= math.log(error)]
    best = min(reached, default=math.inf)
    for (e0, t0), (e1, t1) in zip(points, points[1:]):
        if e0 <= math.log(error) <= e1 and e1 > e0:
            best = min(best, t0 + (t1 - t0) * (math.log(error) - e0) / (e1 - e0))
    return math.exp(best)


def draw(rows, path):
    """One panel a problem: time over error, a curve a tool."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    names = list(dict.fromkeys(r["problem"] for r in rows))
    tools = list(dict.fromkeys(r["tool"] for r in rows))
    fig, axes = plt.subplots(1, len(names), figsize=(4.2 * len(names), 4.4), squeeze=False, layout="constrained")
    for ax, name in zip(axes[0], names):
        for k, tool in enumerate(tools):
            points = [(r["error"], 1e3 * r["seconds"]) for r in rows if (r["problem"], r["tool"]) == (name, tool) and r["seconds"]]
            points = [p for p in points if p[0] < 10]
            if points:
                is_ours = tool.startswith("kurtz")
                ax.loglog(*zip(*sorted(points)), "os^vDP*"[k % 7] + "-", label=tool, color=f"C{k}", lw=2 if is_ours else 1, ms=5)
        ax.invert_xaxis()
        ax.set(title=name, xlabel="largest error, in units of each species' size")
        ax.grid(True, which="major", alpha=0.3)
        for error in (1e-4, 1e-7):
            ax.axvline(error, color="0.7", ls=":", lw=1)
    axes[0][0].set_ylabel("time, ms")
    handles = {}
    for ax in axes[0]:
        handles.update(zip(*reversed(ax.get_legend_handles_labels())))
    fig.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=min(len(handles), 2 * len(names)), frameon=False, fontsize=9)
    fig.savefig(path, dpi=140)


def sensitivities(repeats):
    """The cost of derivatives by all rate constants, in solutions without them."""
    print("\nforward sensitivities by all p rate constants, as multiples of a solution at the same tolerance (asked: at most 1 + p/2)")
    for problem in problems():
        if problem.name.startswith("chain"):
            continue
        crn = pathlib.Path(tempfile.mkdtemp()) / "model.crn"
        crn.write_text(problem.crn())
        doors = [Kurtz("field"), Kurtz("sensitivities")]
        size = np.maximum(1e-6, problem.x0)
        for door in doors:
            door.load(problem, crn, None)
        p, cells = len(problem.k), []
        for tolerance in TOLERANCES[::2]:
            best = [math.inf, math.inf]
            for _ in range(4 * repeats):
                for i, door in enumerate(doors):
                    best[i] = min(best[i], door.run(tolerance, 1e-3 * tolerance * size)[0])
            cells.append(f"{tolerance:.0e}: {1e3 * best[0]:.3g} and {1e3 * best[1]:.3g} ms, {best[1] / best[0]:.2f}")
        print(f"{problem.name:16} p = {p:2}, 1 + p/2 = {1 + p / 2:4} | " + "  ".join(cells), flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--output", default="stiff-peers.csv")
    options.add_argument("--figure", default="", help="where to draw the curves of work and precision")
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--problems", default="", help="names to run, comma-separated; default all")
    options.add_argument("--without", default="", help="tools to leave out, comma-separated beginnings of names")
    options.add_argument("--limit", type=float, default=60.0, help="seconds per problem after which slow tools get no more turns")
    arguments = options.parse_args()
    tools = [Kurtz("system"), Kurtz("field"), SciPy("BDF"), SciPy("LSODA"), RoadRunner(), Bngsim(False), Bngsim(True)]
    left_out = [w for w in arguments.without.split(",") if w]
    tools = [t for t in tools if not any(t.name.startswith(w) for w in left_out)]
    rows, folder = [], pathlib.Path(tempfile.mkdtemp())
    for problem in problems():
        if arguments.problems and problem.name not in arguments.problems.split(","):
            continue
        crn, sbml = folder / "model.crn", folder / f"{problem.name.replace(' ', '-')}.xml"
        crn.write_text(problem.crn())
        explicit = folder / "explicit.crn"
        explicit.write_text(problem.crn(explicit=True))
        subprocess.run([ROOT / "target/release/kurtz", "convert", explicit, sbml], check=True, stdout=subprocess.DEVNULL)
        setup = {tool.name: tool.load(problem, crn, sbml) for tool in tools}
        field = Kurtz("field")
        field.load(problem, crn, sbml)
        exact, size, agreement = reference(problem, field)
        print(f"\n{problem.name}: reference agrees with kurtz at 1e-12 to {agreement:.1e}")
        best, errors, failed, spent = {}, {}, {}, dict.fromkeys(setup, 0.0)
        for repeat in range(arguments.repeats):
            for tolerance in TOLERANCES:
                for tool in tools:
                    key = (tool.name, tolerance)
                    if key in failed or spent[tool.name] > arguments.limit / len(tools) and key in best:
                        continue
                    try:
                        seconds, values = tool.run(tolerance, 1e-3 * tolerance * size)
                    except Exception as problem_met:
                        failed[key] = str(problem_met).splitlines()[0][:60]
                        continue
                    spent[tool.name] += seconds
                    best[key] = min(seconds, best.get(key, math.inf))
                    errors[key] = (abs(values - exact) / size).max()
        print(f"{'tool':28}{'set-up ms':>10} | ms (error) at 1e-4 ... 1e-10 | ms at error 1e-4, 1e-7")
        for tool in tools:
            cells = []
            for tolerance in TOLERANCES:
                key = (tool.name, tolerance)
                cells.append(f"{1e3 * best[key]:.3g} ({errors[key]:.0e})" if key in best else failed.get(key, "-"))
                rows.append(dict(problem=problem.name, tool=tool.name, setup_seconds=setup[tool.name], tolerance=tolerance,
                                 seconds=best.get(key), error=errors.get(key), failure=failed.get(key)))
            curve = [(errors[k], best[k]) for k in best if k[0] == tool.name]
            equal = [1e3 * at_error(curve, e) for e in (1e-4, 1e-7)] if curve else []
            print(f"{tool.name:28}{1e3 * setup[tool.name]:10.3g} | " + "  ".join(cells) + " | " + "  ".join(f"{t:.3g}" for t in equal), flush=True)
    with open(arguments.output, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    if arguments.figure:
        draw(rows, arguments.figure)
    sensitivities(arguments.repeats)


if __name__ == "__main__":
    main()
