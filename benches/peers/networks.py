"""The networks that are compared: reactions, constants and initial counts, and what each simulator reads of them.

A network is a list of reactions (constant, reactants, products) with discrete mass action: the propensity is the constant
times the number of ways to choose the reactants. Laws that are not mass action are text in the names of species.
"""

from dataclasses import dataclass, field
from math import factorial, prod


@dataclass
class Network:
    name: str
    title: str
    initial: dict
    reactions: list
    end: float
    watched: list = field(default_factory=list)
    small: bool = True  # gets a loop written out in C, and a macro

    @property
    def species(self):
        return list(self.initial)

    def is_mass_action(self):
        return all(not isinstance(k, str) for k, _, _ in self.reactions)


def side(counts):
    return " + ".join(f"{n} {s}" if n > 1 else s for s, n in counts.items()) or "0"


def crn(network):
    """kurtz's own text."""
    lines = ["species " + ", ".join(f"{s} = {n}" for s, n in network.initial.items())]
    for k, a, b in network.reactions:
        law = f"propensity({k})" if isinstance(k, str) else repr(float(k))
        lines.append(f"{side(a)} -> {side(b)} @ {law}")
    return "\n".join(lines) + "\n"


def divided(k, reactants):
    """The constant for simulators whose propensity is k n (n - 1) ... without the factorials."""
    return k / prod(factorial(n) for n in reactants.values())


def bngl_net(network):
    """The .net format of BioNetGen, in which constants come without the factorials of the binomials."""
    index = {s: i + 1 for i, s in enumerate(network.species)}
    rows = ["begin parameters"]
    rows += [f"  {i + 1} k{i} {divided(k, a)!r}" for i, (k, a, _) in enumerate(network.reactions)]
    rows += ["end parameters", "begin species"]
    rows += [f"  {i} {s}() {network.initial[s]}" for s, i in index.items()]
    rows += ["end species", "begin reactions"]
    ids = lambda counts: ",".join(str(index[s]) for s, n in counts.items() for _ in range(n)) or "0"
    rows += [f"  {i + 1} {ids(a)} {ids(b)} k{i}" for i, (_, a, b) in enumerate(network.reactions)]
    rows += ["end reactions", "begin groups"]
    rows += [f"  {i + 1} {s} {index[s]}" for i, s in enumerate(network.watched)]
    rows += ["end groups"]
    return "\n".join(rows) + "\n"


def chain(n, each):
    """A closed chain of n isomers, 2 (n - 1) reactions."""
    x = [f"X{i}" for i in range(n)]
    reactions = []
    for a, b in zip(x, x[1:]):
        reactions += [(1.0, {a: 1}, {b: 1}), (1.0, {b: 1}, {a: 1})]
    return {s: each for s in x}, reactions


def calcium():
    """The IP3 receptor of De Young and Keizer as in models/de-young-keizer.crn, without the pump and the currents: the
    binding of ligands to 100 subunits, 24 reactions of second and first order in 1e-14 L."""
    per_molar = 6.02214076e23 * 1e-14 * 1e-6  # molecules per micromolar
    a = {1: 400, 2: 0.2, 3: 400, 4: 0.2, 5: 20}
    d = {1: 0.13, 2: 1.049, 3: 0.9434, 4: 0.1445, 5: 0.08234}
    initial = {"Ca": round(0.25 * per_molar), "IP3": round(0.5 * per_molar)}
    initial |= {f"S{i}{j}{k}": 100 if (i, j, k) == (0, 0, 0) else 0 for i in (0, 1) for j in (0, 1) for k in (0, 1)}
    reactions = []

    def bind(site, state, other, ligand):
        reactions.append((a[site] / per_molar, {state: 1, ligand: 1}, {other: 1}))
        reactions.append((a[site] * d[site], {other: 1}, {state: 1, ligand: 1}))

    for j in (0, 1):
        for k in (0, 1):
            bind(1 if k == 0 else 3, f"S0{j}{k}", f"S1{j}{k}", "IP3")
    for i in (0, 1):
        for j in (0, 1):
            bind(4 if i == 0 else 2, f"S{i}{j}0", f"S{i}{j}1", "Ca")
        for k in (0, 1):
            bind(5, f"S{i}0{k}", f"S{i}1{k}", "Ca")
    return initial, reactions


def networks():
    n = []
    n.append(Network("birth-death", "birth and death", {"A": 0}, [(100.0, {}, {"A": 1}), (1.0, {"A": 1}, {})], 20.0))
    n.append(
        Network(
            "dimerisation",
            "dimerisation",
            {"A": 1000, "B": 0},
            [(0.01, {"A": 2}, {"B": 1}), (1.0, {"B": 1}, {"A": 2})],
            5.0,
        )
    )
    n.append(
        Network(
            "michaelis-menten",
            "Michaelis-Menten",
            {"S": 301, "E": 120, "ES": 0, "P": 0},
            [(0.00166, {"S": 1, "E": 1}, {"ES": 1}), (1e-4, {"ES": 1}, {"S": 1, "E": 1}), (0.1, {"ES": 1}, {"E": 1, "P": 1})],
            30.0,
        )
    )
    n.append(
        Network("sir", "SIR", {"S": 480, "I": 20, "R": 0}, [(0.008, {"S": 1, "I": 1}, {"I": 2}), (2.0, {"I": 1}, {"R": 1})], 2.0)
    )
    n.append(
        Network(
            "lotka-volterra",
            "Lotka-Volterra",
            {"X": 1000, "Y": 1000},
            [(10.0, {"X": 1}, {"X": 2}), (0.01, {"X": 1, "Y": 1}, {"Y": 2}), (10.0, {"Y": 1}, {})],
            0.1,
        )
    )
    n.append(
        Network(
            "schloegl",
            "Schloegl",
            {"X": 250},
            [(0.03, {"X": 2}, {"X": 3}), (1e-4, {"X": 3}, {"X": 2}), (200.0, {}, {"X": 1}), (3.5, {"X": 1}, {})],
            1.0,
        )
    )
    r1, r2, division, leave = 0.0836, 0.0764, 1.1, 0.31
    n.append(
        Network(
            "spcm",
            "SPCM (epidermis)",
            {"A": 10, "B": 0},
            [
                (r1 * division, {"A": 1}, {"A": 2}),
                ((1 - r1 - r2) * division, {"A": 1}, {"A": 1, "B": 1}),
                (r2 * division, {"A": 1}, {"B": 2}),
                (leave, {"B": 1}, {}),
            ],
            20.0,
        )
    )
    vilar = {"DA": 1, "DR": 1, "DAA": 0, "DRA": 0, "MA": 0, "MR": 0, "A": 0, "R": 0, "C": 0}
    n.append(
        Network(
            "vilar",
            "Vilar oscillator",
            vilar,
            [
                (1.0, {"DA": 1, "A": 1}, {"DAA": 1}),
                (50.0, {"DAA": 1}, {"DA": 1, "A": 1}),
                (1.0, {"DR": 1, "A": 1}, {"DRA": 1}),
                (100.0, {"DRA": 1}, {"DR": 1, "A": 1}),
                (50.0, {"DA": 1}, {"DA": 1, "MA": 1}),
                (500.0, {"DAA": 1}, {"DAA": 1, "MA": 1}),
                (0.01, {"DR": 1}, {"DR": 1, "MR": 1}),
                (50.0, {"DRA": 1}, {"DRA": 1, "MR": 1}),
                (50.0, {"MA": 1}, {"MA": 1, "A": 1}),
                (5.0, {"MR": 1}, {"MR": 1, "R": 1}),
                (2.0, {"A": 1, "R": 1}, {"C": 1}),
                (1.0, {"C": 1}, {"R": 1}),
                (10.0, {"MA": 1}, {}),
                (0.5, {"MR": 1}, {}),
                (1.0, {"A": 1}, {}),
                (0.2, {"R": 1}, {}),
            ],
            1.0,
            watched=["A", "R", "C"],
        )
    )
    initial, reactions = calcium()
    n.append(Network("ip3-receptor", "IP3 receptor, binding", initial, reactions, 0.2, watched=["Ca", "S110", "S111"]))
    for size, end in [(100, 2.0), (801, 1.0), (5001, 0.2)]:
        initial, reactions = chain(size, 10)
        n.append(
            Network(
                f"chain-{size}",
                f"chain of {size} species, {2 * (size - 1):,} reactions",
                initial,
                reactions,
                end,
                watched=["X0", f"X{size // 2}"],
                small=False,
            )
        )
    for network in n:
        network.watched = network.watched or network.species
    return n
