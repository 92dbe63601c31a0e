#!/usr/bin/env python3
"""Exports a model, runs the file with ONNX Runtime on pictures, and compares with `spinenet predict`.

    onnx_predict.py SPINENET MODEL PICTURE...

Pictures may have any size: they are scaled by the rule of docs/export.md, of which this is also an example. Nearly all pictures
give scores equal to 1e-6. In a few, a pixel half way between two of the 256 levels is rounded the other way, since OpenCV adds
up in single precision: scores then differ by up to some 1e-4.
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


def weights(source, target):
    """Of each source pixel in each target pixel of an axis, [target, source]: the area that it covers where the axis
    shrinks, linear between the middles of pixels where it grows."""
    to, of, step = numpy.arange(target)[:, None], numpy.arange(source), source / target
    if step >= 1:
        return (numpy.minimum(of + 1, (to + 1) * step) - numpy.maximum(of, to * step)).clip(0) / step
    return (1 - abs(of - ((to + 0.5) * step - 0.5).clip(0, source - 1))).clip(0)


def resized(pixels, height, width):
    rows = numpy.tensordot(weights(pixels.shape[0], height), pixels, 1)
    return numpy.floor(weights(pixels.shape[1], width) @ rows + 0.5)


def prepared(path, metadata, shape):
    """The picture at the top left of a canvas of the mean colour, normalised: [1, 3, H, W]."""
    picture = Image.open(path).convert("RGB")
    high, wide = json.loads(metadata["image_size"])
    scale = min(high / picture.height, wide / picture.width)
    width, height = (max(1, int(extent * scale + 0.5)) for extent in picture.size)
    canvas = numpy.full((*shape[2:], 3), MEAN_COLOUR, "f4")
    canvas[:height, :width] = resized(numpy.asarray(picture), height, width)
    mean, std = (numpy.array(json.loads(metadata[key]), "f4") for key in ("mean", "std"))
    return ((canvas / 255 - mean) / std).transpose(2, 0, 1)[None], width / picture.width, height / picture.height


def pasted(probabilities, box, height, width):
    """The mask [height, width] of a picture, from a grid of probabilities over a box of it."""
    size = len(probabilities)
    grid = numpy.pad(probabilities.astype("f4"), 1)

    def axis(begin, end, extent):
        """Of the pixels whose middle lies within: the first, and cells with shares, counted in the padded grid."""
        first, last = (int(numpy.clip(numpy.ceil(edge - 0.5), 0, extent)) for edge in (begin, end))
        at = (numpy.arange(first, last) + 0.5 - begin) / (end - begin) * size + 0.5
        low = numpy.floor(at).astype(int).clip(0, size)
        return first, low, (at - low).astype("f4")

    (x0, column, over), (y0, row, down) = axis(box[0], box[2], width), axis(box[1], box[3], height)
    upper, lower = (grid[r][:, column] * (1 - over) + grid[r][:, column + 1] * over for r in (row, row + 1))
    mask = numpy.zeros((height, width), bool)
    mask[y0 : y0 + len(row), x0 : x0 + len(column)] = upper * (1 - down)[:, None] + lower * down[:, None] >= 0.5
    return mask


def decoded(segmentation):
    """The mask of a COCO run-length code."""
    text, counts, at = segmentation["counts"].encode(), [], 0
    while at < len(text):
        value = shift = 0
        while True:
            code = text[at] - 48
            at += 1
            value |= (code & 31) << shift
            shift += 5
            if not code & 32:
                break
        if code & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    height, width = segmentation["size"]
    return numpy.repeat(numpy.arange(len(counts)) % 2, counts).reshape(width, height).T.astype(bool)


def main(program, model, pictures):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "model.onnx"
        subprocess.run([program, "export", model, "--onnx", file, "--threshold", "0.3", "-q"], check=True, stdout=subprocess.DEVNULL)
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    classes = json.loads(metadata["classes"])
    shape = session.get_inputs()[0].shape
    found = faults = pixels = 0
    worst = [0.0, 0.0]
    for picture in pictures:
        run = subprocess.run([program, "predict", model, picture, "--json", "--threshold", "0.3", "-q"], check=True, stdout=subprocess.PIPE)
        expected = json.loads(run.stdout)
        width, height = Image.open(picture).size
        image, scale_x, scale_y = prepared(picture, metadata, shape)
        given = {"image": image}
        if metadata["task"] == "segment":
            given["picture"] = numpy.array([[int(height * scale_y + 0.5), int(width * scale_x + 0.5)]], "f4")
        boxes, scores, labels, count, *masks = (value[0] for value in session.run(None, given))
        boxes = (boxes / [scale_x, scale_y, scale_x, scale_y]).clip(0, [width, height, width, height])
        seen = [i for i in range(count) if (boxes[i][2:] > boxes[i][:2]).all()]  # something of them lies on the picture
        boxes, scores, labels, masks = boxes[seen], scores[seen], labels[seen], [masks[0][seen]] if masks else []
        count = len(seen)
        same = count == len(expected)
        for i in range(min(count, len(expected))):
            x, y, w, h = expected[i]["bbox"]
            same &= classes[labels[i]]["id"] == expected[i]["category_id"]
            worst[0] = max(worst[0], numpy.abs(boxes[i] - [x, y, x + w, y + h]).max())
            worst[1] = max(worst[1], abs(scores[i] - expected[i]["score"]))
            if masks:
                mask = pasted(masks[0][i], boxes[i], height, width)
                pixels = max(pixels, (mask != decoded(expected[i]["segmentation"])).sum())
        found += len(expected)
        if not same:
            print(f"{picture}: {count} detections, predict gives {len(expected)}", file=sys.stderr)
            faults += 1
    of_masks = f", {pixels} pixels of a mask" if metadata["task"] == "segment" else ""
    print(f"{len(pictures)} pictures, {found} detections, {faults} faults; "
          f"largest difference {worst[0]:.1e} pixels, {worst[1]:.1e} of score{of_masks}")
    sys.exit(1 if faults or worst[0] > 0.1 or worst[1] > 1e-3 or pixels > 3 else 0)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
