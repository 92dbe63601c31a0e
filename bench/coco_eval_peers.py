#!/usr/bin/env python3
"""Times the evaluator beside pycocotools, faster-coco-eval and hotcoco on a made-up set of the size of COCO val2017.

    coco_eval_peers.py make FOLDER
    coco_eval_peers.py run FOLDER PROGRAM bbox|segm [ROUNDS [PEER...]]

PROGRAM is coco_eval_bench, which times its own parts, or spinenet, whose `eval` is timed as a whole process.

5,000 images, 36,000 annotations in 80 unevenly frequent classes, 250,000 results, half of them near an annotation. The
tools take turns; each loads its files anew; the median of the rounds counts. Imports and process start do not count for
the peers, nor for coco_eval_bench; they do for spinenet. Needs numpy, pycocotools and the peers.
"""
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

IMAGES, ANNOTATIONS, RESULTS, CLASSES = 5000, 36000, 250000, 80
HEIGHT, WIDTH = 480, 640


def outline(rng, box):
    """A wobbly closed line of 8 to 40 points that fills the box."""
    x, y, w, h = box
    count = int(rng.integers(8, 41))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    reach = rng.uniform(0.75, 1.0, count) / 2
    points = np.stack([x + w / 2 + reach * w * np.cos(angle), y + h / 2 + reach * h * np.sin(angle)], axis=1)
    points = np.clip(points, 0, [WIDTH, HEIGHT])
    return [round(float(v), 2) for v in points.reshape(-1)]


def random_box(rng):
    w = float(np.exp(rng.uniform(np.log(8), np.log(400))))
    h = min(float(w * np.exp(rng.normal(0, 0.4))), HEIGHT - 2.0)
    x, y = rng.uniform(0, WIDTH - w), rng.uniform(0, HEIGHT - h)
    return [round(float(v), 2) for v in (x, y, w, h)]


def make(folder):
    from pycocotools import mask as mask_api

    rng = np.random.default_rng(7)
    folder.mkdir(parents=True, exist_ok=True)
    image_ids = np.sort(rng.choice(581930, IMAGES, replace=False)).tolist()
    share = 1.0 / (np.arange(CLASSES) + 3.0)
    share /= share.sum()
    annotations, by_image = [], {i: [] for i in image_ids}
    for n in range(ANNOTATIONS):
        image = image_ids[int(rng.integers(IMAGES))]
        box = random_box(rng)
        polygon = outline(rng, box)
        crowd = int(rng.random() < 0.012)
        rle = mask_api.frPyObjects([polygon], HEIGHT, WIDTH)[0]
        shape = {"size": [HEIGHT, WIDTH], "counts": rle["counts"].decode()} if crowd else [polygon]
        ann = {"id": n + 1, "image_id": image, "category_id": int(rng.choice(CLASSES, p=share)) + 1, "bbox": box,
               "area": float(mask_api.area(rle)), "iscrowd": crowd, "segmentation": shape}
        annotations.append(ann)
        by_image[image].append(ann)
    truth = {"images": [{"id": i, "file_name": "%012d.jpg" % i, "height": HEIGHT, "width": WIDTH} for i in image_ids],
             "annotations": annotations,
             "categories": [{"id": c + 1, "name": "class %d" % (c + 1), "supercategory": ""} for c in range(CLASSES)]}
    (folder / "truth.json").write_text(json.dumps(truth))
    boxes, masks = [], []
    for _ in range(RESULTS):
        image = image_ids[int(rng.integers(IMAGES))]
        near = by_image[image] and rng.random() < 0.5
        if near:
            base = by_image[image][int(rng.integers(len(by_image[image])))]
            size = min(base["bbox"][2:])
            box = [round(float(v + rng.normal(0, 0.08) * size), 2) for v in base["bbox"]]
            box[2], box[3] = max(box[2], 1.0), max(box[3], 1.0)
            category = base["category_id"]
        else:
            box, category = random_box(rng), int(rng.choice(CLASSES, p=share)) + 1
        score = round(float(rng.beta(2, 3) if near else rng.beta(1, 6)), 5)
        result = {"image_id": image, "category_id": category, "score": score}
        boxes.append({**result, "bbox": box})
        rle = mask_api.frPyObjects([outline(rng, box)], HEIGHT, WIDTH)[0]
        masks.append({**result, "segmentation": {"size": [HEIGHT, WIDTH], "counts": rle["counts"].decode()}})
    (folder / "results_bbox.json").write_text(json.dumps(boxes))
    (folder / "results_segm.json").write_text(json.dumps(masks))


PEER = """
import contextlib, io, json, sys, time
if sys.argv[1] == "pycocotools":
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
elif sys.argv[1] == "hotcoco":
    from hotcoco import COCO, COCOeval
else:
    from faster_coco_eval import COCO
    from faster_coco_eval import COCOeval_faster as COCOeval
start = time.perf_counter()
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[2])
    evaluation = COCOeval(truth, truth.loadRes(sys.argv[3]), sys.argv[4])
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
total = time.perf_counter() - start
print(json.dumps({"total_s": total, "numbers": [float(v) for v in evaluation.stats[:12]]}))
"""


PEERS = ("pycocotools", "faster-coco-eval", "hotcoco")
NUMBERS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


def whole_process(command):
    """Seconds and numbers of `spinenet eval`, from the start of the process to its end."""
    start = time.perf_counter()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(output)
    return {"total_s": time.perf_counter() - start, "numbers": [found[name] for name in NUMBERS]}


def own_times(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.strip().splitlines()[-1])


def run(folder, program, iou, rounds, peers):
    files = [str(folder / "truth.json"), str(folder / ("results_%s.json" % iou)), iou]
    timed, ours_command = own_times, [program, *files]
    if "bench" not in pathlib.Path(program).name:
        timed = whole_process
        ours_command = [program, "eval", "--annotations", files[0], "--results", files[1], "--iou", iou, "--json"]
    commands = {"spinenet": ours_command}
    for peer in peers:
        commands[peer] = [sys.executable, "-c", PEER, peer, *files]
    answers = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            answers[name].append(timed(command) if name == "spinenet" else own_times(command))
    ours = statistics.median(a["total_s"] for a in answers["spinenet"])
    for name, found in answers.items():
        total = statistics.median(a["total_s"] for a in found)
        pairs = zip(found[0]["numbers"], answers[peers[0]][0]["numbers"])
        apart = max(abs(a - b) for a, b in pairs)
        print("%-17s %s %8.3f s %7.2f times ours, numbers at most %.1e from %s's" %
              (name, iou, total, total / ours, apart, peers[0]))
    if timed is own_times:
        print(json.dumps({key: answers["spinenet"][0][key] for key in ("read_s", "evaluate_s")}))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]))
    elif len(sys.argv) >= 5 and sys.argv[1] == "run" and set(sys.argv[6:]) <= set(PEERS):
        asked_rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 3
        run(pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4], asked_rounds, sys.argv[6:] or PEERS)
    else:
        sys.exit(__doc__)
