#!/usr/bin/env python3
"""Writes mask_oracle.json: targets of a mask head and pasted masks, by torch, torchvision and pycocotools in the way
that Detectron2 combines them.

Inputs that are not stored are made by the same formulas in src/detect/mask_*_test.cpp. Needs torch, torchvision and
pycocotools; run: make_mask_oracle.py [FOLDER].
"""
import json
import pathlib
import sys

import numpy as np
import torch
from pycocotools import mask as mask_api
from torch.nn.functional import grid_sample
from torchvision.ops import roi_align

SIZE = 28
HEIGHT, WIDTH = 60, 75
POLYGONS = [[10.5, 8.25, 60.2, 12.1, 55.7, 50.3, 30.1, 33.3, 12.4, 47.9], [62, 40, 73.5, 42.2, 66.1, 57.7]]
ROIS = [
    [10.1, 8.3, 73.7, 57.9],
    [22.3, 14.9, 45.2, 40.7],
    [-8.4, -5.2, 40.3, 70.1],
    [61.2, 39.4, 63.9, 43.3],
    [0, 0, 8, 7],
]
BOXES = [
    [3.2, 4.7, 51.3, 40.2],
    [-10.3, 20.1, 30.4, 75.6],
    [70.2, 1.1, 74.9, 3.9],
    [20.6, 20.7, 20.9, 20.9],
    [30.2, 10.3, 31.7, 58.8],
    [0, 0, 75, 60],
]


def cells(values):
    return "".join(str(int(v)) for v in values.flatten())


def drawn_target(roi):
    x1, y1, x2, y2 = roi
    scale = np.array([SIZE / max(x2 - x1, 0.1), SIZE / max(y2 - y1, 0.1)])
    moved = [((np.array(p).reshape(-1, 2) - [x1, y1]) * scale).flatten().tolist() for p in POLYGONS]
    return mask_api.decode(mask_api.merge(mask_api.frPyObjects(moved, SIZE, SIZE)))


def read_target(bitmap, roi):
    pixels = torch.tensor(bitmap, dtype=torch.float32)[None, None]
    return roi_align(pixels, torch.tensor([[0.0, *roi]]), SIZE, 1.0, 0, True)[0, 0] >= 0.5


def probabilities():
    ys, xs = np.mgrid[0:SIZE, 0:SIZE]
    return torch.tensor(((ys * 37 + xs * 11 + ys * xs) % 64) / 63.0, dtype=torch.float32)


def pasted(box):
    x1, y1, x2, y2 = box
    ys = (torch.arange(HEIGHT) + 0.5 - y1) / (y2 - y1) * 2 - 1
    xs = (torch.arange(WIDTH) + 0.5 - x1) / (x2 - x1) * 2 - 1
    grid = torch.stack([xs[None, :].expand(HEIGHT, WIDTH), ys[:, None].expand(HEIGHT, WIDTH)], dim=2)[None]
    full = grid_sample(probabilities()[None, None], grid.float(), align_corners=False)[0, 0]
    code = mask_api.encode(np.asfortranarray((full >= 0.5).numpy().astype(np.uint8)))
    return code["counts"].decode()


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    bitmap = mask_api.decode(mask_api.merge(mask_api.frPyObjects(POLYGONS, HEIGHT, WIDTH)))
    answers = {
        "polygons": POLYGONS,
        "rois": ROIS,
        "drawn": [cells(drawn_target(roi)) for roi in ROIS],
        "read": [cells(read_target(bitmap, roi)) for roi in ROIS],
        "boxes": BOXES,
        "pasted": [pasted(box) for box in BOXES],
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in answers.items())
    (folder / "mask_oracle.json").write_text("{\n" + lines + "\n}\n")


main()
