#!/usr/bin/env python3
"""Training throughput of spinenet beside the same network in plain PyTorch, in turn, in one run.

    bench/train_throughput.py build/release/src/spinenet RECIPE [--set KEY=VALUE ...] [--rounds N] [--steps N] [--device D]
                              [--channels-last] [--fused] [--autocast] [--compile]

Needs PyTorch for Python: of the version that spinenet was built with on a GPU (on Debian: python3-torch), any on the CPU.
The peer has the same layers, batch, loss, optimiser, clipping and moving average as a user would write them (torch.nn, torch.optim), and gets
its batches for nothing: ready tensors. spinenet reads, augments and labels real pictures. Prints images per second of both,
the ratio round by round, and the share of its time that spinenet waited for data. The peer may lay its images channels last,
update its weights with the fused optimiser, compute in bfloat16 (autocast) and be compiled (torch.compile). On a GPU (--device cuda) both compute in
bfloat16, the peer with autocast and channels last. scripts/gpu_check uses the parts of this file.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import torch
import torch.nn.functional as F
from torch import nn

FILTERS = {2: 64, 3: 128, 4: 256, 5: 256, 6: 256, 7: 256}


def conv_norm(i, o, k=1, stride=1):
    return [nn.Conv2d(i, o, k, stride, k // 2, bias=False), nn.BatchNorm2d(o, eps=1e-3, momentum=0.01)]


class Block(nn.Module):
    def __init__(self, inputs, filters, bottleneck):
        super().__init__()
        out = filters * (4 if bottleneck else 1)
        if bottleneck:
            layers = [*conv_norm(inputs, filters), nn.ReLU(True), *conv_norm(filters, filters, 3), nn.ReLU(True),
                      *conv_norm(filters, out)]
        else:
            layers = [*conv_norm(inputs, filters, 3), nn.ReLU(True), *conv_norm(filters, filters, 3)]
        self.branch = nn.Sequential(*layers)
        self.shortcut = nn.Sequential(*conv_norm(inputs, out)) if inputs != out else nn.Identity()

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x), inplace=True)


class Resample(nn.Module):
    def __init__(self, parent, target, scale, alpha):
        super().__init__()
        squeezed = int(int(FILTERS[parent["level"]] * scale) * alpha)
        down = target["level"] - parent["level"]
        layers = [*conv_norm(parent["channels"], squeezed), nn.ReLU(True)]
        if down > 0:
            layers += [*conv_norm(squeezed, squeezed, 3, 2), nn.ReLU(True)]
        if down > 1:
            kernel = 3 if down == 2 else 5
            layers.append(nn.MaxPool2d(kernel, 2 ** (down - 1), ceil_mode=True))
        if down < 0:
            layers.append(nn.Upsample(scale_factor=2 ** -down))
        self.layers = nn.Sequential(*layers, *conv_norm(squeezed, target["channels"]))

    def forward(self, x):
        return self.layers(x)


class Peer(nn.Module):
    def __init__(self, spec, classes):
        super().__init__()
        s = spec["scaling"]
        scale, stem, ends = s["filter_size_scale"], s["stem_filters"], s["endpoints_num_filters"]
        self.stem = nn.Sequential(*conv_norm(3, stem, 7, 2), nn.ReLU(True), nn.MaxPool2d(3, 2, ceil_mode=True))
        width = int(64 * scale)
        built = [{"level": 2, "channels": 4 * width}, {"level": 2, "channels": 4 * width}]
        self.first = nn.ModuleList([Block(stem, width, True), Block(4 * width, width, True)])
        self.wiring, self.blocks, self.resamples, self.outputs, self.endpoints = [], nn.ModuleList(), nn.ModuleList(), {}, nn.ModuleDict()
        children = [0, 0]
        for b in spec["backbone"]["blocks"]:
            filters = int(FILTERS[b["level"]] * scale)
            bottleneck = b["block"] == "bottleneck"
            me = {"level": b["level"], "channels": filters * (4 if bottleneck else 1)}
            self.resamples.append(nn.ModuleList([Resample(built[p], me, scale, s["resample_alpha"]) for p in b["parents"]]))
            for p in b["parents"]:
                children[p] += 1
            raw = []
            if b["output"]:
                raw = [j for j, e in enumerate(built) if children[j] == 0 and e == me]
                for j in raw:
                    children[j] += 1
                self.outputs[b["level"]] = len(built)
                self.endpoints[str(b["level"])] = nn.Sequential(*conv_norm(me["channels"], ends), nn.ReLU(True))
            self.wiring.append((b["parents"], raw))
            self.blocks.append(Block(me["channels"], filters, bottleneck))
            built.append(me)
            children.append(0)
        h = spec["head"]
        anchors = h["scales"] * len(h["aspect_ratios"])
        self.towers = nn.ModuleList()
        for outputs in (anchors * classes, anchors * 4):
            convs = nn.ModuleList([nn.Conv2d(ends if k == 0 else h["filters"], h["filters"], 3, padding=1)
                                   for k in range(h["convs"])])
            norms = nn.ModuleList([nn.ModuleList([nn.BatchNorm2d(h["filters"], eps=1e-3, momentum=0.01)
                                                  for _ in range(h["convs"])]) for _ in range(5)])
            self.towers.append(nn.ModuleDict({"convs": convs, "norms": norms,
                                              "predict": nn.Conv2d(h["filters"], outputs, 3, padding=1)}))
        self.classes = classes

    def forward(self, x):
        x = self.stem(x)
        values = [self.first[0](x)]
        values.append(self.first[1](values[0]))
        for (parents, raw), resamples, block in zip(self.wiring, self.resamples, self.blocks):
            y = resamples[0](values[parents[0]]) + resamples[1](values[parents[1]])
            for j in raw:
                y = y + values[j]
            values.append(block(F.relu(y, inplace=True)))
        levels = [self.endpoints[str(l)](values[self.outputs[l]]) for l in sorted(self.outputs)]
        found = []
        for tower, last in zip(self.towers, (self.classes, 4)):
            rows = []
            for i, y in enumerate(levels):
                for conv, norm in zip(tower["convs"], tower["norms"][i]):
                    y = F.relu(norm(conv(y)), inplace=True)
                y = tower["predict"](y)
                rows.append(y.permute(0, 2, 3, 1).reshape(y.shape[0], -1, last))
            found.append(torch.cat(rows, 1))
        return found


def focal(logits, labels):
    target = torch.zeros_like(logits)
    positive = (labels >= 0).nonzero(as_tuple=True)
    target[positive[0], positive[1], labels[positive]] = 1
    p = torch.sigmoid(logits)
    ce = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    alpha = 0.25 * target + 0.75 * (1 - target)
    return (alpha * (1 - p_t) ** 1.5 * ce).sum()


def peer_images_per_second(spec, classes, batch, size, steps, adamw, device="cpu", channels_last=False, fused=False,
                           autocast=False, compiled=False):
    torch.manual_seed(1)
    gpu = device != "cpu"
    channels_last, autocast = channels_last or gpu, autocast or gpu
    model = Peer(spec, classes).to(device)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
    model.train()
    kernels = [p for p in model.parameters() if p.dim() == 4]
    others = [p for p in model.parameters() if p.dim() != 4]
    groups = [{"params": kernels, "weight_decay": 4e-5}, {"params": others, "weight_decay": 0}]
    more = {"fused": True} if fused else {}
    optimizer = (torch.optim.AdamW(groups, lr=1e-3, **more) if adamw
                 else torch.optim.SGD(groups, lr=0.01, momentum=0.9, **more))
    average = [v.clone() for v in model.state_dict().values()]
    network = torch.compile(model) if compiled else model
    x = torch.randn(batch, 3, size, size, device=device)
    if channels_last:
        x = x.to(memory_format=torch.channels_last)
    anchors = 9 * sum((size >> l) ** 2 for l in range(3, 8))
    labels = torch.full((batch, anchors), -1, device=device)
    labels[:, ::97] = 0
    codes = torch.randn(batch, anchors, 4, device=device)
    begin = 0
    for step in range(steps + 3):
        if step == 3:
            if gpu:
                torch.cuda.synchronize()
            begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda" if gpu else "cpu", torch.bfloat16, enabled=autocast):
            logits, boxes = network(x)
        logits, boxes = logits.float(), boxes.float()
        at = labels >= 0
        loss = (focal(logits, labels) + 12.5 * F.huber_loss(boxes[at], codes[at], reduction="sum", delta=0.1)) / at.sum()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        with torch.no_grad():
            for a, v in zip(average, model.state_dict().values()):
                if v.dtype.is_floating_point:
                    a.mul_(0.999).add_(v, alpha=0.001)
    if gpu:
        torch.cuda.synchronize()
    return batch * steps / (time.perf_counter() - begin), sum(p.numel() for p in model.parameters())


def ours_images_per_second(program, recipe, settings, steps, patience=3600):
    """Steps a second and the share of waiting for data, by the run's timing.jsonl."""
    until = time.monotonic() + patience
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "train", recipe, "--out", folder + "/run", "--quiet"]
        for setting in [*settings, "max_minutes=0", "epochs=100000", "checkpoint_every=1000000", "log_every=1",
                        "eval_every=100000"]:
            command += ["--set", setting]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        timing = pathlib.Path(folder) / "run" / "timing.jsonl"
        lines = []
        while len(lines) < steps + 5 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
            lines = timing.read_text().splitlines() if timing.exists() else []
        process.terminate()
        process.wait()
        if len(lines) < steps + 5:
            raise SystemExit("spinenet ended, or its time did, before its steps were done")
        first, last = json.loads(lines[4]), json.loads(lines[steps + 4])
        return steps / (last["seconds"] - first["seconds"]), last["data_wait_share"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("recipe")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--architecture", required=True, help="architecture JSON with the recipe's widths")
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sgd", action="store_true")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    for name, what in (("channels-last", "the peer's images and weights lie channels last"),
                       ("fused", "the peer updates its weights with the fused optimiser"),
                       ("autocast", "the peer computes in bfloat16 where autocast allows it"),
                       ("compile", "the peer is compiled with torch.compile")):
        parser.add_argument("--" + name, action="store_true", help=what)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    spec = json.loads(pathlib.Path(a.architecture).read_text())
    settings = [*a.set, f"threads={a.threads}", f"batch={a.batch}", f"image_size={a.size}", f"device={a.device}"]
    if a.device != "cpu":
        settings.append("precision=bf16")
    print(f"PyTorch {torch.__version__}, {a.threads} threads, batch {a.batch}, {a.size} px")
    ratios = []
    for round_ in range(a.rounds):
        steps_per_second, waited = ours_images_per_second(a.program, a.recipe, settings, a.steps)
        ours = steps_per_second * a.batch
        peer, parameters = peer_images_per_second(spec, a.classes, a.batch, a.size, a.steps, not a.sgd, a.device,
                                                  a.channels_last, a.fused, a.autocast, a.compile)
        ratios.append(ours / peer)
        print(f"round {round_ + 1}: spinenet {ours:.2f} images/s (waiting for data {waited:.2%}), "
              f"PyTorch {peer:.2f} images/s ({parameters / 1e6:.2f} M parameters), ratio {ours / peer:.3f}", flush=True)
    print(f"median ratio {sorted(ratios)[len(ratios) // 2]:.3f}")


if __name__ == "__main__":
    main()
