#!/usr/bin/env python3
"""Exports a model, runs the file with ONNX Runtime on pictures, and compares with `spinenet predict`.

    onnx_predict.py SPINENET MODEL PICTURE...

The pictures have the model's own size on their longer side, so that no two ways of scaling meet. This is also an example of
how the file is used: docs/export.md.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnxruntime
from PIL import Image

MEAN_COLOUR = (124, 116, 104)


def prepared(path, metadata, shape):
    """The picture at the top left of a canvas of the mean colour, normalised: [1, 3, H, W]."""
    picture = Image.open(path).convert("RGB")
    height, width = json.loads(metadata["image_size"])
    scale = min(height / picture.height, width / picture.width)
    inner = [max(1, round(extent * scale)) for extent in picture.size]
    canvas = numpy.full((*shape[2:], 3), MEAN_COLOUR, "f4") / 255
    canvas[: inner[1], : inner[0]] = numpy.asarray(picture.resize(inner, Image.BILINEAR), "f4") / 255
    mean, std = (numpy.array(json.loads(metadata[key]), "f4") for key in ("mean", "std"))
    return ((canvas - mean) / std).transpose(2, 0, 1)[None], inner[0] / picture.width, inner[1] / picture.height


def main(program, model, pictures):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "model.onnx"
        subprocess.run([program, "export", model, "--onnx", file, "--threshold", "0.3", "-q"], check=True, stdout=subprocess.DEVNULL)
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    classes = json.loads(metadata["classes"])
    shape = session.get_inputs()[0].shape
    found = faults = 0
    worst = [0.0, 0.0]
    for picture in pictures:
        run = subprocess.run([program, "predict", model, picture, "--json", "--threshold", "0.3", "-q"], check=True, stdout=subprocess.PIPE)
        expected = json.loads(run.stdout)
        image, scale_x, scale_y = prepared(picture, metadata, shape)
        boxes, scores, labels, count = (value[0] for value in session.run(None, {"image": image}))
        width, height = Image.open(picture).size
        boxes = (boxes / [scale_x, scale_y, scale_x, scale_y]).clip(0, [width, height, width, height])
        same = count == len(expected)
        for i in range(min(count, len(expected))):
            x, y, w, h = expected[i]["bbox"]
            same &= classes[labels[i]]["id"] == expected[i]["category_id"]
            worst[0] = max(worst[0], numpy.abs(boxes[i] - [x, y, x + w, y + h]).max())
            worst[1] = max(worst[1], abs(scores[i] - expected[i]["score"]))
        found += len(expected)
        if not same:
            print(f"{picture}: {count} detections, predict gives {len(expected)}", file=sys.stderr)
            faults += 1
    print(f"{len(pictures)} pictures, {found} detections, {faults} faults; largest difference {worst[0]:.1e} pixels, {worst[1]:.1e} of score")
    sys.exit(1 if faults or worst[0] > 0.01 or worst[1] > 1e-4 else 0)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
