#!/usr/bin/env python3
"""Writes controller_oracle.json: log-probabilities and gradients of the search's controller, by PyTorch's LSTM,
embeddings, categorical distribution and autograd, in double precision.

Weights and space are made by the same formulas in src/search/algorithms/controller_gradient_test.cpp. Needs torch;
run: make_controller_oracle.py [FOLDER].
"""
import json
import pathlib
import random
import sys

import torch

INTERMEDIATES, OUTPUTS, SHIFTS, KINDS, WINDOW, MAX_PARENTS, WIDTHS = 3, 2, [-1, 0, 1, 2], 2, 3, 3, 2
STEM, NO_PARENT = 2, -1
BLOCKS = STEM + INTERMEDIATES + OUTPUTS
# Columns of each kind of decision: slots, parents by their distance, shifts, kinds, further parents, widths.
COUNTS = [INTERMEDIATES, OUTPUTS, BLOCKS - 1, BLOCKS - 1, len(SHIFTS), KINDS, BLOCKS, WIDTHS]
COLUMNS = sum(COUNTS)
CASES = [
    {"name": "plain", "hidden": 6, "embedding": 5, "samples": 1},
    {"name": "entropy", "hidden": 4, "embedding": 4, "samples": 2, "entropy_weight": 0.3, "temperature": 1.5,
     "tanh_constant": 2.5},
    {"name": "clipped", "hidden": 6, "embedding": 3, "samples": 3, "objective": "clipped", "entropy_weight": 0.05},
]


def column(kind, block, value):
    first = sum(COUNTS[:kind])
    if kind in (2, 3):
        return first + block - 1 - value
    if kind == 4:
        return first + SHIFTS.index(value)
    if kind == 6 and value != NO_PARENT:
        return first + block - value
    return first + (0 if kind == 6 else value)


def candidates(block):
    output = block >= STEM + INTERMEDIATES
    return list(range(0 if output else max(0, block - WINDOW), block))


def decisions(rng):
    """A random sample: kind, block, values offered and value taken of each decision."""
    taken = []

    def ask(kind, block, values):
        taken.append((kind, block, list(values), rng.choice(values)))
        return taken[-1][3]

    for kind, first, count in ((0, STEM, INTERMEDIATES), (1, STEM + INTERMEDIATES, OUTPUTS)):
        left = list(range(count))
        for i in range(count):
            left.remove(ask(kind, first + i, left))
    parents = {}
    for block in range(STEM, BLOCKS):
        one = ask(2, block, candidates(block))
        parents[block] = [one, ask(3, block, [p for p in candidates(block) if p != one])]
    for block in range(STEM, STEM + INTERMEDIATES):
        ask(4, block, SHIFTS)
    for block in range(STEM, BLOCKS):
        ask(5, block, list(range(KINDS)))
    for block in range(STEM, BLOCKS):
        ask(6, block, [NO_PARENT] + [p for p in candidates(block) if p not in parents[block]])
    for block in range(STEM, BLOCKS):
        ask(7, block, list(range(WIDTHS)))
    return taken


def spread(i, prime):
    """In [-1, 1), another value for each i below 10007."""
    return ((i * prime + 104729) % 10007) / 10007 * 2 - 1


class Network(torch.nn.Module):
    def __init__(self, hidden, embedding, steps):
        super().__init__()
        self.choice_rows = torch.nn.Embedding(COLUMNS + 1, embedding)
        self.kind_rows = torch.nn.Embedding(len(COUNTS), embedding)
        self.block_rows = torch.nn.Embedding(BLOCKS, embedding)
        self.lstm = torch.nn.LSTM(embedding, hidden)
        self.head = torch.nn.Linear(hidden, COLUMNS, bias=False)
        self.step_bias = torch.nn.Parameter(torch.zeros(steps, COLUMNS))
        self.double()

    def weights(self):
        """In the order of the controller's array; the LSTM's second bias is not part of it and stays 0."""
        lstm = self.lstm
        return [self.choice_rows.weight, self.kind_rows.weight, self.block_rows.weight, lstm.weight_ih_l0,
                lstm.weight_hh_l0, lstm.bias_ih_l0, self.head.weight, self.step_bias]

    @torch.no_grad()
    def fill(self):
        first = 0
        for weight in self.weights():
            values = torch.tensor([0.8 * spread(first + i, 7919) for i in range(weight.numel())], dtype=torch.float32)
            weight.copy_(values.double().view_as(weight))
            first += weight.numel()
        self.lstm.bias_hh_l0.zero_()

    def forward(self, sample, temperature, tanh_constant):
        """Log-probabilities of what was taken, and entropies."""
        before = [0] + [1 + column(kind, block, taken) for kind, block, _, taken in sample[:-1]]
        kinds, blocks = [d[0] for d in sample], [d[1] for d in sample]
        inputs = sum(rows(torch.tensor(numbers)) for rows, numbers in
                     ((self.choice_rows, before), (self.kind_rows, kinds), (self.block_rows, blocks)))
        logits = (self.head(self.lstm(inputs)[0]) + self.step_bias) / temperature
        if tanh_constant > 0:
            logits = tanh_constant * torch.tanh(logits)
        logarithms, entropies = [], []
        for row, (kind, block, values, taken) in zip(logits, sample):
            offered = torch.distributions.Categorical(logits=row[[column(kind, block, v) for v in values]])
            logarithms.append(offered.log_prob(torch.tensor(values.index(taken))))
            entropies.append(offered.entropy())
        return torch.stack(logarithms), torch.stack(entropies)


def answer(case):
    case = {"objective": "reinforce", "temperature": 1.0, "tanh_constant": 0.0, "entropy_weight": 0.0, "clip": 0.2} | case
    rng = random.Random(case["name"])
    samples = [decisions(rng) for _ in range(case.pop("samples"))]
    network = Network(case["hidden"], case["embedding"], len(samples[0]))
    network.fill()
    advantages = torch.tensor([1.0, -0.75, 0.5][: len(samples)], dtype=torch.float64)
    pairs = [network(sample, case["temperature"], case["tanh_constant"]) for sample in samples]
    now, entropy = (torch.stack(part, 1) for part in zip(*pairs))  # [T, B]
    # Ratios on both sides of the clip's two ends.
    moved = torch.tensor([(-0.4, -0.1, 0.1, 0.4)[rng.randrange(4)] for _ in range(now.numel())]).view_as(now)
    old = torch.tensor(rounded(now.detach() + moved), dtype=torch.float64).view_as(now)
    gain = now * advantages
    if case["objective"] == "clipped":
        low, high, ratio = 1 - case["clip"], 1 + case["clip"], torch.exp(now - old)
        gain = torch.minimum(ratio * advantages, torch.clamp(ratio, low, high) * advantages)
        case["old_log_probabilities"] = rounded(old)
    loss = -(gain + case["entropy_weight"] * entropy).sum(0).mean()
    loss.backward()
    case["choices"] = [[taken for _, _, _, taken in sample] for sample in samples]
    case["advantages"] = advantages.tolist()
    case["log_probabilities"] = rounded(now)
    case["gradient"] = [value for weight in network.weights() for value in rounded(weight.grad)]
    return case


def rounded(values):
    return [float(f"{v:.7g}") or 0 for v in values.detach().flatten().tolist()]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    lines = ",\n".join(json.dumps(answer(case), separators=(",", ":")) for case in CASES)
    (folder / "controller_oracle.json").write_text("[\n" + lines + "\n]\n")


main()
