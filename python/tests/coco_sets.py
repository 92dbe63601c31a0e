"""Small COCO sets drawn by a seed, and the comparison of two evaluations in every array."""
import contextlib
import copy
import io
import json

import numpy

SIDE = 128


def outline(rng, box):
    x, y, w, h = box
    count = int(rng.integers(3, 9))
    angle = numpy.sort(rng.uniform(0, 2 * numpy.pi, count))
    points = numpy.stack([x + w / 2 + w / 2 * numpy.cos(angle), y + h / 2 + h / 2 * numpy.sin(angle)], axis=1)
    return [round(float(value), 2) for value in points.reshape(-1)]


def random_box(rng):
    # Sides of 32 and 96 pixels give areas at the borders of COCO's ranges.
    sides = [32.0, 96.0, float(rng.uniform(2, 60)), float(rng.uniform(2, 120))]
    w, h = float(rng.choice(sides)), float(rng.choice(sides))
    return [round(float(rng.uniform(0, SIDE)), 1), round(float(rng.uniform(0, SIDE)), 1), w, h]


def runs_of(rng, box):
    """A mask as runs of numbers, column by column."""
    pixels = numpy.zeros((SIDE, SIDE), bool)
    x, y, w, h = (int(value) for value in box)
    pixels[y : y + h, x : x + w] = rng.random(pixels[y : y + h, x : x + w].shape) < 0.8
    flat = numpy.concatenate([[False], pixels.reshape(-1, order="F"), [not pixels[-1, -1]]])
    edges = numpy.flatnonzero(flat[1:] != flat[:-1])
    return numpy.diff(numpy.concatenate([[0], edges])).tolist()


def random_set(rng, mask, masks=False):
    """Annotations as a dict, and results as a list. `mask`: a module with pycocotools' mask functions."""
    images = [{"id": int(i), "height": SIDE, "width": SIDE, "file_name": f"{i}.jpg"} for i in range(1, rng.integers(2, 7))]
    categories = [{"id": int(c), "name": f"c{c}"} for c in (3, 7, 8)[: rng.integers(1, 4)]]
    truth = {"images": images, "categories": categories, "annotations": []}
    results = []
    for image in images:
        for _ in range(rng.integers(0, 8)):
            box = random_box(rng)
            ann = {"id": len(truth["annotations"]) + 1, "image_id": image["id"], "bbox": box, "area": box[2] * box[3]}
            ann["category_id"] = int(rng.choice([c["id"] for c in categories]))
            ann["iscrowd"] = int(rng.random() < 0.15)
            if ann["iscrowd"]:
                ann["segmentation"] = {"size": [SIDE, SIDE], "counts": runs_of(rng, box)}
            else:
                ann["segmentation"] = [outline(rng, box) for _ in range(rng.integers(1, 3))]
            truth["annotations"].append(ann)
            for _ in range(rng.integers(0, 4)):
                near = [value + float(rng.normal(0, 4)) for value in box]
                results.append(result_of(rng, mask, image, ann["category_id"], near, masks))
        for _ in range(rng.integers(0, 3)):
            category = int(rng.choice([3, 7, 8, 99]))
            results.append(result_of(rng, mask, image, category, random_box(rng), masks))
    return truth, results


def result_of(rng, mask, image, category, box, masks):
    box = [box[0], box[1], max(box[2], 1.0), max(box[3], 1.0)]
    # Few different scores: many are equal.
    one = {"image_id": image["id"], "category_id": category, "score": float(rng.integers(1, 8)) / 8}
    if masks:
        code = mask.frPyObjects([outline(rng, box)], SIDE, SIDE)[0]
        counts = code["counts"].decode() if rng.random() < 0.5 else code["counts"]
        one["segmentation"] = {"size": [SIDE, SIDE], "counts": counts}
    else:
        one["bbox"] = box
    return one


def random_params(rng):
    """A function that sets what users set."""
    changes = []

    def put(name, value):
        changes.append((name, value))

    if rng.random() < 0.3:
        put("useCats", 0)
    if rng.random() < 0.3:
        put("maxDets", [int(v) for v in rng.integers(1, 6, 3)])
    if rng.random() < 0.2:
        put("iouThrs", numpy.sort(rng.uniform(0, 1, rng.integers(1, 25))))
    if rng.random() < 0.2:
        put("recThrs", numpy.linspace(0, 1, int(rng.integers(2, 30))))
    if rng.random() < 0.2:
        put("areaRng", [[0, 1e10]] + [[float(v), float(v) * 4] for v in rng.integers(0, 4000, rng.integers(1, 6))])
    if rng.random() < 0.2:
        put("imgIds", [int(v) for v in rng.choice(7, 3)])
    if rng.random() < 0.2:
        put("catIds", [8, 3])

    def change(params):
        for name, value in changes:
            setattr(params, name, copy.deepcopy(value))

    return change


def quiet(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def made_truth(coco, dataset):
    truth = coco()
    truth.dataset = copy.deepcopy(dataset)
    truth.createIndex()
    return truth


def evaluated(coco, evaluator, truth, results, iou, change=lambda params: None, look=False):
    """`truth`: a path or a dict; `results`: a path, a list or an array. `look`: evalImgs are asked for first."""

    def work():
        source = made_truth(coco, truth) if isinstance(truth, dict) else coco(str(truth))
        found = source.loadRes(copy.deepcopy(results) if isinstance(results, list) else results)
        evaluation = evaluator(source, found, iou)
        change(evaluation.params)
        evaluation.evaluate()
        if look:
            evaluation.evalImgs
        evaluation.accumulate()
        return evaluation

    return quiet(work)


def write(folder, truth, results):
    files = folder / "truth.json", folder / "results.json"

    def plain(value):
        return value.decode() if isinstance(value, bytes) else value.tolist()

    files[0].write_text(json.dumps(truth, default=plain))
    files[1].write_text(json.dumps(results, default=plain))
    return files


def assert_same(test, ours, theirs, also_images=True):
    """Every array and number, bit for bit."""
    for name in ("precision", "recall", "scores"):
        test.assertEqual(ours.eval[name].shape, theirs.eval[name].shape, name)
        test.assertEqual(ours.eval[name].tobytes(), numpy.ascontiguousarray(theirs.eval[name]).tobytes(), name)
    test.assertEqual(ours.eval["counts"], theirs.eval["counts"])
    test.assertEqual(list(ours.params.catIds), list(theirs.params.catIds))
    if also_images:
        assert_same_images(test, ours, theirs)


def assert_same_images(test, ours, theirs):
    test.assertEqual(len(ours.evalImgs), len(theirs.evalImgs))
    for mine, other in zip(ours.evalImgs, theirs.evalImgs):
        test.assertEqual(mine is None, other is None)
        if mine is None:
            continue
        test.assertEqual(set(mine), set(other))
        for name, value in other.items():
            if isinstance(value, numpy.ndarray):
                test.assertEqual(mine[name].shape, value.shape, name)
                test.assertEqual(mine[name].dtype, value.dtype, name)
                test.assertTrue(numpy.array_equal(mine[name], value), name)
            else:
                test.assertEqual(mine[name], value, name)
    test.assertEqual(list(ours.ious), list(theirs.ious))
    for key, value in theirs.ious.items():
        test.assertTrue(numpy.array_equal(ours.ious[key], value), key)
