"""Training steps here and in PyTorch, in turn, in one run: f32, batch 64, one thread each.

A step is forward, backward, Adam, dropout and element-wise clipping of all trained numbers. Both sides run a block of
steps in turn; the median over the blocks of each is compared.

    python -m venv venv && venv/bin/pip install torch      # the CPU build suffices
    cargo build --release -p kurtz-learn --example training_step
    venv/bin/python crates/kurtz-learn/benches/steps_beside_torch.py target/release/examples/training_step
"""

import statistics
import subprocess
import sys
import time

import torch

BATCH = 64
# width, depth, inputs, dropout, steps of a block, factor by which we mean to be faster
SHAPES = [(25, 1, 60, 0.5, 1500, 6.0), (150, 5, 105, 0.1, 200, 2.0), (500, 8, 60, 0.3, 20, 1.5)]
BLOCKS = 9


def network(width, depth, inputs, dropout):
    layers, last = [], inputs
    for _ in range(depth):
        activation = torch.nn.PReLU(width) if width == 500 else torch.nn.ReLU()
        layers += [torch.nn.Linear(last, width), activation, torch.nn.Dropout(dropout)]
        last = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(last, 2))


class Peer:
    """PyTorch, its fused Adam where that is faster."""

    def __init__(self, width, depth, inputs, dropout, fused):
        self.net = network(width, depth, inputs, dropout)
        self.parameters = list(self.net.parameters())
        self.optimiser = torch.optim.Adam(self.parameters, lr=1e-3, eps=1e-5, fused=fused)
        self.x = torch.cos(torch.arange(BATCH * inputs, dtype=torch.float32)).reshape(BATCH, inputs)
        self.y = torch.sin(torch.arange(2 * BATCH, dtype=torch.float32)).reshape(BATCH, 2)

    def step(self):
        self.optimiser.zero_grad()
        loss = torch.nn.functional.mse_loss(self.net(self.x), self.y)
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_clamp_max_(self.parameters, 1.0)
            torch._foreach_clamp_min_(self.parameters, -1.0)

    def block(self, steps):
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - start) * 1e3 / steps


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    ours = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print(f"torch {torch.__version__}, milliseconds of a step, median of {BLOCKS} blocks")
    failed = False
    for width, depth, inputs, dropout, steps, factor in SHAPES:
        peers = {fused: Peer(width, depth, inputs, dropout, fused) for fused in (False, True)}
        times = {"ours": [], False: [], True: []}
        for block in range(BLOCKS + 1):
            ours.stdin.write(f"{width} {depth} {inputs} {dropout} {steps}\n")
            ours.stdin.flush()
            times["ours"].append(float(ours.stdout.readline().split()[0]))
            for fused, peer in peers.items():
                times[fused].append(peer.block(max(steps // 10, 5)))
        medians = {who: statistics.median(values[1:]) for who, values in times.items()}
        best = min(medians[False], medians[True])
        ratio = best / medians["ours"]
        failed |= ratio < factor
        print(
            f"{depth} x {width}: ours {medians['ours']:.4f}, torch {medians[False]:.3f}, with fused Adam "
            f"{medians[True]:.3f}: {ratio:.1f} times as fast (wanted {factor})"
        )
    ours.stdin.close()
    sys.exit(failed)


main()
