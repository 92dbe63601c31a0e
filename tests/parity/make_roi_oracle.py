#!/usr/bin/env python3
"""Writes roi_oracle.json: what torchvision answers to small cases of ROI align, its gradient, the choice of levels,
proposals, and what a box head says of ROIs.

Inputs that are not stored are made by the same formulas in src/detect/*_test.cpp. Needs torch and torchvision;
run: make_roi_oracle.py [FOLDER].
"""
import json
import math
import pathlib
import sys

import torch
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
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


# Proposals: two levels of two anchors a cell on an image of 60 x 80 pixels.
GRIDS = [(8, 10, 8), (4, 5, 16)]  # rows, columns, stride
PICTURE = (60, 77)


def spread(i, prime):
    """In [-1, 1), another value for each i below 10007."""
    return ((i * prime + 104729) % 10007) / 10007 * 2 - 1


def decoded(rows, columns, stride, first):
    boxes, scores = [], []
    for cell in range(rows * columns):
        for shape in range(2):
            i = first + cell * 2 + shape
            y, x = (cell // columns + 0.5) * stride, (cell % columns + 0.5) * stride
            h, w = (2.0 * stride, 2.0 * stride) if shape == 0 else (1.5 * stride, 3.0 * stride)
            dy, dx, dh, dw = (spread(i, p) / 2 for p in (3571, 4409, 5279, 6133))
            y, x, h, w = y + dy * h, x + dx * w, h * math.exp(dh), w * math.exp(dw)
            boxes.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
            scores.append(4 * spread(i, 7919))
    return boxes, scores


def proposals(pre_nms, post_nms, iou, min_size):
    boxes, scores, counts = [], [], []
    for rows, columns, stride in GRIDS:
        found = decoded(rows, columns, stride, len(boxes))
        boxes, scores, counts = boxes + found[0], scores + found[1], counts + [len(found[0])]
    limits = {"training": pre_nms, "testing": pre_nms}
    after = {"training": post_nms, "testing": post_nms}
    network = RegionProposalNetwork(None, None, 0.7, 0.3, 256, 0.5, limits, after, iou)
    network.eval()
    network.min_size = min_size
    kept, _ = network.filter_proposals(torch.tensor([boxes]), torch.tensor([scores]), [PICTURE], counts)
    options = {"pre_nms": pre_nms, "post_nms": post_nms, "iou": iou, "min_size": min_size}
    return {**options, "boxes": rounded(kept[0])}


HEAD_ROIS, HEAD_CLASSES = 40, 3


def box_head(score_threshold, iou, max_detections):
    rois = []
    for r in range(HEAD_ROIS):
        x, y = (spread(r, 3571) + 1) * 30, (spread(r, 4409) + 1) * 22
        rois.append([x, y, x + (spread(r, 5279) + 1.2) * 20, y + (spread(r, 6133) + 1.2) * 20])
    rows = HEAD_CLASSES + 1
    logits = torch.tensor([[3 * spread(r * rows + k, 7919) for k in range(rows)] for r in range(HEAD_ROIS)])
    codes = torch.empty(HEAD_ROIS, rows, 4)
    for r in range(HEAD_ROIS):
        for k in range(rows):
            dy, dx, dh, dw = (3 * spread(r * rows + k, p) for p in (2503, 3049, 4001, 5003))
            codes[r, k] = torch.tensor([dx, dy, dw, dh])
    weights = (10.0, 10.0, 5.0, 5.0)
    head = RoIHeads(None, None, None, 0.5, 0.5, 512, 0.25, weights, score_threshold, iou, max_detections)
    found = head.postprocess_detections(logits, codes.flatten(1), [torch.tensor(rois)], [PICTURE])
    options = {"score_threshold": score_threshold, "iou": iou, "max_detections": max_detections}
    boxes, scores, labels = (part[0] for part in found)
    return {**options, "boxes": rounded(boxes), "scores": rounded(scores), "labels": (labels - 1).tolist()}


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    answers = {"rois": ROIS, "align": [align_case(o) for o in OPTIONS], "sides": SIDES, "levels": levels()}
    answers["proposals"] = [proposals(2000, 1000, 0.7, 1e-3), proposals(30, 12, 0.5, 18)]
    answers["box_head"] = [box_head(0.05, 0.5, 100), box_head(0.3, 0.3, 10)]
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in answers.items())
    (folder / "roi_oracle.json").write_text("{\n" + lines + "\n}\n")


main()
