#!/usr/bin/env python3
"""Writes field_oracle.txt: what pycocotools answers when one field of a COCO file has a value of another type.

A small set is evaluated by boxes (by masks where a segmentation is varied); in each case one field of one entry is true,
false, a number, a text, null, a list, an object, or missing.

The first two lines are the sound set and its results. Each other line is a case: the list, the field, bbox or segm, the value
as JSON (or "missing"), and the twelve numbers (or "error"), with tabs between. Needs numpy and pycocotools; run:
make_field_oracle.py > field_oracle.txt
"""
import contextlib
import copy
import io
import json

from pycocotools import mask as mask_api
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

MISSING = object()
VALUES = [True, False, 1, 2, 0.5, "1", "0", None, [], {}, MISSING]
FIELDS = {
    "images": ["id", "file_name", "height", "width"],
    "categories": ["id", "name", "supercategory"],
    "annotations": ["id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"],
    "results": ["image_id", "category_id", "score", "bbox", "segmentation"],
}


def square(box):
    x, y, w, h = box
    return [[x, y, x + w, y, x + w, y + h, x, y + h]]


def sound_set():
    images = [{"id": i, "file_name": f"{i}.png", "height": 240, "width": 320} for i in (1, 2)]
    categories = [{"id": i, "name": f"class {i}", "supercategory": "thing"} for i in (1, 2)]
    # The first annotation, which is varied, covers a result that is nowhere else: as a crowd it forgives that one.
    boxes = [(1, 1, [10, 10, 200, 180]), (1, 1, [220, 60, 90, 70]), (2, 1, [10, 20, 60, 60]), (2, 2, [90, 30, 120, 90])]
    annotations = [{"id": i + 1, "image_id": image, "category_id": category, "bbox": box, "area": box[2] * box[3],
                    "iscrowd": 0, "segmentation": square(box)} for i, (image, category, box) in enumerate(boxes)]
    found = [(1, 1, [20, 20, 40, 40], 0.9), (1, 1, [221, 60, 90, 70], 0.8), (2, 1, [12, 20, 60, 60], 0.7),
             (2, 2, [90, 34, 120, 90], 0.6)]
    results = []
    for image, category, box, score in found:
        rle = mask_api.merge(mask_api.frPyObjects(square(box), 240, 320))
        results.append({"image_id": image, "category_id": category, "bbox": box, "score": score,
                        "segmentation": {"size": [240, 320], "counts": rle["counts"].decode()}})
    return {"images": images, "categories": categories, "annotations": annotations}, results


def numbers(truth, results, iou):
    """The twelve numbers as the program's JSON has them, or None where pycocotools ends with an error."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            api = COCO()
            api.dataset = copy.deepcopy(truth)
            api.createIndex()
            evaluation = COCOeval(api, api.loadRes(copy.deepcopy(results)), iou)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        except Exception:  # noqa: BLE001: any error counts as one
            return None
    return [float(number) for number in evaluation.stats]


def main():
    for part in sound_set():
        print(json.dumps(part))
    for part, keys in FIELDS.items():
        for key in keys:
            for value in VALUES:
                truth, results = sound_set()
                entry = (results if part == "results" else truth[part])[0]
                if value is MISSING:
                    del entry[key]
                else:
                    entry[key] = value
                iou = "segm" if key == "segmentation" else "bbox"
                found = numbers(truth, results, iou)
                shown = "missing" if value is MISSING else json.dumps(value)
                print(part, key, iou, shown, json.dumps(found) if found else "error", sep="\t")


if __name__ == "__main__":
    main()
