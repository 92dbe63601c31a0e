#!/usr/bin/env python3
"""Writes an annotation file of the size of COCO's train2017: 118,000 images, 860,000 annotations, about 450 MB.

    make_large_coco.py FILE [--annotations N] [--faults]

With --faults every tenth annotation has something to repair: no area, a boolean iscrowd, polygons nested otherwise, no
bbox, a box partly outside the image. Time and memory of checking and repairing it:

    /usr/bin/time -v spinenet data check FILE
    /usr/bin/time -v spinenet data fix FILE --out fixed.json
"""
import argparse
import json
import math
import random

IMAGES_PER_ANNOTATION = 118_287 / 860_001
CLASSES, HEIGHT, WIDTH, SHAPES = 80, 480, 640, 2000


def shape(rng):
    """bbox, polygon and area of a wobbly outline with as many digits as COCO's."""
    w, h = rng.uniform(10, 300), rng.uniform(10, 300)
    x, y = rng.uniform(0, WIDTH - w), rng.uniform(0, HEIGHT - h)
    points, count = [], rng.randint(8, 42)
    for i in range(count):
        reach = rng.uniform(0.4, 0.5)
        angle = 2 * math.pi * i / count
        points += [round(x + w / 2 + reach * w * math.cos(angle), 2), round(y + h / 2 + reach * h * math.sin(angle), 2)]
    xs, ys = points[0::2], points[1::2]
    area = abs(sum(xs[i] * ys[(i + 1) % count] - xs[(i + 1) % count] * ys[i] for i in range(count))) / 2
    box = [min(xs), min(ys), round(max(xs) - min(xs), 2), round(max(ys) - min(ys), 2)]
    return box, points, round(area, 4)


def faulty(rng, box, points):
    kind = rng.randrange(5)
    polygon, flag, bbox = [points], 0, json.dumps(box)
    area = f'"area":{box[2] * box[3]},'
    if kind == 0:
        area = ""
    elif kind == 1:
        flag = "false"
    elif kind == 2:
        polygon = [[list(pair) for pair in zip(points[0::2], points[1::2])]]
    elif kind == 3:
        bbox = "null"
    else:
        bbox = json.dumps([box[0], box[1], WIDTH, box[3]])
    return f'"segmentation":{json.dumps(polygon)},{area}"iscrowd":{flag},"bbox":{bbox}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--annotations", type=int, default=860_000)
    parser.add_argument("--faults", action="store_true")
    options = parser.parse_args()
    rng = random.Random(1)
    shapes = [shape(rng) for _ in range(SHAPES)]
    sound = [f'"segmentation":{json.dumps([p])},"area":{a},"iscrowd":0,"bbox":{json.dumps(b)}' for b, p, a in shapes]
    images = max(1, round(options.annotations * IMAGES_PER_ANNOTATION))
    with open(options.file, "w") as out:
        out.write('{"info":{"description":"made by make_large_coco.py"},"licenses":[],"images":[')
        for i in range(images):
            out.write(f'{"," if i else ""}{{"license":3,"file_name":"{i + 1:012}.jpg","height":{HEIGHT},'
                      f'"width":{WIDTH},"id":{i + 1}}}')
        out.write('],"annotations":[')
        for i in range(options.annotations):
            k = rng.randrange(SHAPES)
            body = faulty(rng, *shapes[k][:2]) if options.faults and i % 10 == 0 else sound[k]
            out.write(f'{"," if i else ""}{{{body},"image_id":{rng.randint(1, images)},'
                      f'"category_id":{rng.randint(1, CLASSES)},"id":{i + 1}}}')
        out.write('],"categories":[')
        out.write(",".join(f'{{"supercategory":"thing","id":{i + 1},"name":"class {i + 1}"}}' for i in range(CLASSES)))
        out.write("]}\n")


if __name__ == "__main__":
    main()
