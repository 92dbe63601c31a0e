#!/usr/bin/env python3
"""Writes roi_oracle.json: what torchvision answers to small cases of ROI align, its gradient and the choice of levels.

Inputs that are not stored are made by the same formulas in src/detect/roi_align_test.cpp. Needs torch and torchvision;
run: make_roi_oracle.py [FOLDER].
"""
import json
import pathlib
import sys

import torch
from torchvision.ops import roi_align
from torchvision.ops.poolers import LevelMapper

CHANNELS, HEIGHT, WIDTH, STRIDE, BINS = 2, 9, 12, 8, 3
ROIS = [
    [8, 8, 72, 56],
    [10.3, 5.7, 40.2, 33.9],
    [-20, -12, 30, 44],  # over the border
    [60, 40, 130, 100],  # over the far border
    [33.1, 30.2, 35.4, 31.9],  # smaller than a cell
    [200, 200, 260, 260],  # outside
    [0, 0, 96, 72],
]
OPTIONS = [
    {"samples": 2, "half_cell": True},
    {"samples": 0, "half_cell": True},
    {"samples": 1, "half_cell": False},
    {"samples": 0, "half_cell": False},
]
SIDES = [1, 100, 111.9, 112.1, 223.9, 224.1, 300, 447.9, 448.1, 895, 897, 1791, 1793, 4000]


def features():
    values = torch.empty(1, CHANNELS, HEIGHT, WIDTH)
    for c in range(CHANNELS):
        for y in range(HEIGHT):
            for x in range(WIDTH):
                values[0, c, y, x] = ((7 * c + 3 * y + 5 * x + y * x) % 11 - 5) / 4
    return values


def gradient(count):
    return torch.tensor([((i * 5) % 13 - 6) / 8 for i in range(count)])


def align_case(options):
    maps = features().requires_grad_(True)
    rois = torch.tensor([[0.0, *roi] for roi in ROIS])
    out = roi_align(maps, rois, BINS, 1 / STRIDE, options["samples"], options["half_cell"])
    out.backward(gradient(out.numel()).view_as(out))
    return {**options, "out": rounded(out), "gradient": rounded(maps.grad)}


def rounded(values):
    return [float(f"{v:.7g}") for v in values.detach().flatten().tolist()]


def levels():
    boxes = [torch.tensor([[0.0, 0.0, side, side] for side in SIDES])]
    return [int(level) + 3 for level in LevelMapper(3, 7, 224, 4, 0)(boxes)]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    answers = {"rois": ROIS, "align": [align_case(o) for o in OPTIONS], "sides": SIDES, "levels": levels()}
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in answers.items())
    (folder / "roi_oracle.json").write_text("{\n" + lines + "\n}\n")


main()
