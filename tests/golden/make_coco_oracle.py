#!/usr/bin/env python3
"""Writes coco_oracle.txt and mask_oracle.txt: what pycocotools answers to seeded random cases.

The inputs are not stored. coco_cases.cpp makes the same cases from the same random numbers, draw by draw, so every
change here has its twin there. Needs numpy and pycocotools; run: make_coco_oracle.py [FOLDER].
"""
import contextlib
import io
import pathlib
import struct
import sys

import numpy as np
from pycocotools import mask as mask_api
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

WORD = (1 << 64) - 1
EVALUATION_CASES = 1200
MASK_CASES = 600


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WORD
    return x ^ (x >> 31)


class Random:
    """The generator of src/base/random.h."""

    def __init__(self, seed):
        self.key = mix((seed + 0x9E3779B97F4A7C15) & WORD)
        self.counter = 0

    def next(self):
        self.counter += 1
        return mix((self.key + 0x9E3779B97F4A7C15 * self.counter) & WORD)

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * ((self.next() >> 11) * 2.0**-53)

    def below(self, n):
        limit = WORD - WORD % n
        draw = self.next()
        while draw >= limit:
            draw = self.next()
        return draw % n

    def chance(self, probability):
        return (self.next() >> 11) * 2.0**-53 < probability

    def shuffle(self, items):
        for i in range(len(items), 1, -1):
            j = self.below(i)
            items[i - 1], items[j] = items[j], items[i - 1]

    def fork(self, index):
        return Random(mix(self.key ^ mix((index + 0x632BE59BD9B4E019) & WORD)))


# ---- shapes

def random_box(rng, h, w):
    x = rng.below(2 * w) / 2 - 2
    y = rng.below(2 * h) / 2 - 2
    width = 0.0 if rng.chance(0.06) else rng.below(w) + rng.below(2) / 2
    height = rng.below(h) + rng.below(2) / 2
    return [x, y, width, height]


def random_area(rng, box):
    kind = rng.below(6)
    if kind == 0:
        return box[2] * box[3]
    if kind == 1:
        return 1024.0
    if kind == 2:
        return 9216.0
    if kind == 3:
        return 1000 * rng.uniform()
    return (1024.0 if kind == 4 else 9216.0) + 8192 * rng.uniform()


def random_polygon(rng, h, w):
    fine = rng.chance(0.5)
    points = []
    for _ in range(3 + rng.below(6)):
        for size in (w, h):
            points.append(rng.uniform(-4.0, size + 4.0) if fine else rng.below(4 * (size + 8)) / 4 - 4)
    return points


def random_runs(rng, h, w):
    """Alternating runs of an h x w mask, sometimes with empty ones in the middle, which the mask functions treat oddly."""
    left = h * w
    runs = []
    if rng.chance(0.2):
        runs.append(0)
    while left > 0:
        run = min(left, 1 + rng.below(1 + h * w // 4))
        runs.append(run)
        left -= run
        if rng.chance(0.03):
            runs.append(0)
    return runs


def rle_of_runs(runs, h, w):
    return mask_api.frPyObjects({"size": [h, w], "counts": runs}, h, w)


def runs_of_rle(rle):
    runs = []
    text = rle["counts"]
    at = 0
    while at < len(text):
        number = 0
        shift = 0
        while True:
            group = text[at] - 48
            at += 1
            number |= (group & 31) << shift
            shift += 5
            if not group & 32:
                break
        if group & 16:
            number -= 1 << shift
        if len(runs) > 2:
            number += runs[-2]
        runs.append(number)
    return runs


def box_polygon(box):
    x1, y1, x2, y2 = box[0], box[1], box[0] + box[2], box[1] + box[3]
    return [x1, y1, x1, y2, x2, y2, x2, y1]


# ---- evaluation cases

class Case:
    def __init__(self, number):
        rng = Random(20240601).fork(number)
        self.segm = number % 2 == 1
        self.use_categories = not rng.chance(0.15)
        self.max_detections = [2, 5, 20] if number % 10 >= 8 else [1, 10, 100]
        self.mask_results = rng.chance(0.7) if self.segm else rng.chance(0.1)
        self.make_categories(rng)
        self.make_images(rng)
        self.make_annotations(rng)
        self.make_results(rng)

    def make_categories(self, rng):
        self.categories = []
        count = 0 if rng.chance(0.02) else 1 + rng.below(4)
        next_id = rng.below(3)
        for _ in range(count):
            self.categories.append(next_id)
            next_id += 1 + rng.below(3)
        rng.shuffle(self.categories)

    def make_images(self, rng):
        self.images = []
        next_id = rng.below(10)
        for _ in range(rng.below(6)):
            height = 16 + rng.below(50)
            width = 16 + rng.below(50)
            self.images.append({"id": next_id, "height": height, "width": width})
            next_id += 1 + rng.below(9)
        rng.shuffle(self.images)

    def pick_category(self, rng):
        if not self.categories or rng.chance(0.03):
            return 1000
        return self.categories[rng.below(len(self.categories))]

    def make_annotations(self, rng):
        self.annotations = []
        next_id = 0 if rng.chance(0.1) else 1
        for image in self.images:
            h, w = image["height"], image["width"]
            for _ in range(0 if rng.chance(0.1) else rng.below(6)):
                category = self.pick_category(rng)
                box = random_box(rng, h, w)
                ann = {"id": next_id, "image_id": image["id"], "category_id": category, "bbox": box}
                ann["area"] = random_area(rng, box)
                ann["iscrowd"] = 1 if rng.chance(0.12) else 0
                if self.segm or self.mask_results:
                    ann["segmentation"] = self.make_segmentation(rng, ann, h, w)
                self.annotations.append(ann)
                next_id += 1 + rng.below(4)
        if rng.chance(0.5):
            rng.shuffle(self.annotations)

    def make_segmentation(self, rng, ann, h, w):
        if ann["iscrowd"] or rng.chance(0.2):
            return rle_of_runs(random_runs(rng, h, w), h, w)
        if rng.chance(0.4):
            return [box_polygon(ann["bbox"])]
        return [random_polygon(rng, h, w) for _ in range(1 + rng.below(2))]

    def make_results(self, rng):
        self.results = []
        if rng.chance(0.08):
            return
        for image in self.images:
            mine = [a for a in self.annotations if a["image_id"] == image["id"]]
            count = 101 + rng.below(30) if rng.chance(0.04) else rng.below(8)
            for _ in range(count):
                self.results.append(self.make_result(rng, image, mine))
        if rng.chance(0.5):
            rng.shuffle(self.results)

    def make_result(self, rng, image, mine):
        h, w = image["height"], image["width"]
        base = mine[rng.below(len(mine))] if mine and rng.chance(0.75) else None
        category = base["category_id"] if base and rng.chance(0.85) else self.pick_category(rng)
        if base:
            step = rng.below(4) / 2
            box = [value + (rng.below(5) - 2) * step for value in base["bbox"]]
            box[2] = max(box[2], 0.0)
            box[3] = max(box[3], 0.0)
        else:
            box = random_box(rng, h, w)
        kind = rng.below(3)
        score = rng.below(9) / 8 if kind == 0 else rng.uniform() if kind == 1 else rng.below(101) / 100
        result = {"image_id": image["id"], "category_id": category, "score": score}
        if self.mask_results:
            result["segmentation"] = self.make_result_mask(rng, base, box, h, w)
        else:
            result["bbox"] = box
            if self.segm and rng.chance(0.6):
                result["segmentation"] = self.make_result_mask(rng, base, box, h, w)
        return result

    def make_result_mask(self, rng, base, box, h, w):
        kind = rng.below(5)
        if kind == 0 and self.segm:
            taller = 1 if rng.chance(0.1) else 0
            return rle_of_runs(random_runs(rng, h + taller, w), h + taller, w)
        if kind <= 2 and base:
            rle = base["segmentation"]
            if isinstance(rle, list):
                rle = mask_api.merge(mask_api.frPyObjects(rle, h, w))
            runs = runs_of_rle(rle)
            shift = rng.below(6)
            if len(runs) % 2 == 1 and len(runs) > 1 and runs[-1] > shift:
                runs[0] += shift
                runs[-1] -= shift
            return rle_of_runs(runs, h, w)
        return mask_api.frPyObjects([box_polygon(box)], h, w)[0]

    def evaluate(self):
        truth = COCO()
        truth.dataset = {
            "images": self.images,
            "annotations": self.annotations,
            "categories": [{"id": c, "name": str(c)} for c in self.categories],
        }
        truth.createIndex()
        if self.results:
            found = truth.loadRes(self.results)
        else:
            found = COCO()
            found.dataset = {"images": self.images, "annotations": [], "categories": truth.dataset["categories"]}
            found.createIndex()
        evaluation = COCOeval(truth, found, "segm" if self.segm else "bbox")
        evaluation.params.maxDets = self.max_detections
        evaluation.params.useCats = 1 if self.use_categories else 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        precision = evaluation.eval["precision"][:, :, :, 0, 2]
        defined = precision[precision > -1]
        evaluation.stats[0] = np.mean(defined) if defined.size else -1  # the API looks for a limit of 100 here
        return evaluation


def array_hash(*arrays):
    """The sum over all 64-bit words of mix(word + mix(position))."""

    def mix_words(x):
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    words = np.concatenate([np.ascontiguousarray(a).reshape(-1).view(np.uint64) for a in arrays])
    position = np.arange(1, words.size + 1, dtype=np.uint64)
    return int(np.sum(mix_words(words + mix_words(position)), dtype=np.uint64))


def number_text(value):
    short = {-1.0: "-", 0.0: "0", 1.0: "1"}
    return short.get(value) or struct.pack(">d", value).hex()


def evaluation_line(number):
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = Case(number).evaluate()
    arrays = [evaluation.eval[name] for name in ("precision", "recall", "scores")]
    return " ".join([number_text(float(v)) for v in evaluation.stats] + ["%016x" % array_hash(*arrays)])


# ---- mask cases

def far_polygon(rng, h, w):
    points = []
    reach = [4, 4, 40, 2000][rng.below(4)]
    whole = rng.chance(0.3)
    for i in range(3 + rng.below(9)):
        if i > 0 and rng.chance(0.1):
            points += points[-2:]
            continue
        for size in (w, h):
            points.append(float(rng.below(size + 1)) if whole else rng.uniform(-float(reach), size + float(reach)))
    return points


def short_hash(values):
    return "%08x" % (array_hash(np.array(values)) >> 32)


def mask_line(number):
    rng = Random(20240602).fork(number)
    h = 1 + rng.below(60)
    w = 1 + rng.below(60)
    a, b = (mask_api.frPyObjects([far_polygon(rng, h, w)], h, w)[0] for _ in range(2))
    union = mask_api.merge([a, b])
    shared = mask_api.merge([a, b], intersect=True)
    columns = [short_hash(np.array(runs_of_rle(rle), dtype=np.uint64)) for rle in (a, b, union, shared)]
    numbers = []
    for rle in (a, b):
        numbers += [float(mask_api.area(rle))] + list(mask_api.toBbox(rle))
    for crowd in (0, 1):
        numbers.append(mask_api.iou([a], [b], [crowd])[0][0])
    columns.append(short_hash(np.array(numbers, dtype=np.float64)))
    text = a["counts"] + b"/" + b["counts"]
    columns.append(short_hash(np.frombuffer(text, dtype=np.uint8).astype(np.uint64)))
    return " ".join(columns)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    lines = [evaluation_line(i) for i in range(EVALUATION_CASES)]
    (folder / "coco_oracle.txt").write_text("\n".join(lines) + "\n")
    lines = [mask_line(i) for i in range(MASK_CASES)]
    (folder / "mask_oracle.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
