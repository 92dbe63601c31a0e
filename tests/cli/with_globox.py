#!/usr/bin/env python3
"""Proves that `spinenet data convert` and globox, a converter of others, read each other's data sets.

    tests/cli/with_globox.py PROGRAM        exit status 77 where the Python package globox is not installed

A random set of boxes is written by globox in each format that both know and read by the program, and the other way round.
Corners are compared in pixels. globox counts the corners of Pascal VOC from 0: --zero-based.
"""
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    import globox
except ImportError:
    print("skipped: the Python package globox is not installed")
    sys.exit(77)

CLASSES = ["cat", "dog", "traffic light"]
NEAR = 1e-3  # pixels; globox writes relative numbers with few digits


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(width)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def make_set(folder):
    """name -> (width, height, [(class, x1, y1, x2, y2)]), with the images in the folder."""
    chance, images = random.Random(5), {}
    for i in range(40):
        width, height = chance.randrange(40, 200), chance.randrange(40, 200)
        boxes = []
        for _ in range(chance.randrange(1, 6)):
            x, y = chance.randrange(0, width - 20), chance.randrange(0, height - 20)
            w, h = chance.randrange(1, width - x), chance.randrange(1, height - y)
            boxes.append((chance.choice(CLASSES), x, y, x + w, y + h))
        name = f"image {i:02}.png"
        (folder / name).write_bytes(png(width, height))
        images[name] = (width, height, boxes)
    return images


def set_of_globox(images):
    return globox.AnnotationSet(
        globox.Annotation(name, (width, height), [globox.BoundingBox(label=c, xmin=a, ymin=b, xmax=x, ymax=y)
                                                  for c, a, b, x, y in boxes])
        for name, (width, height, boxes) in images.items())


def boxes_of_globox(annotations):
    return {a.image_id: (*a.image_size, [(str(b.label), b.xmin, b.ymin, b.xmax, b.ymax) for b in a.boxes])
            for a in annotations}


def boxes_of_coco(path):
    content = json.loads(path.read_text())
    names = {c["id"]: c["name"] for c in content["categories"]}
    images = {i["id"]: (i["file_name"], i["width"], i["height"], []) for i in content["images"]}
    for a in content["annotations"]:
        x, y, w, h = a["bbox"]
        images[a["image_id"]][3].append((names[a["category_id"]], x, y, x + w, y + h))
    return {name: (width, height, boxes) for name, width, height, boxes in images.values()}


def check(what, found, expected):
    assert sorted(found) == sorted(expected), f"{what}: images {sorted(found)[:3]}, expected {sorted(expected)[:3]}"
    for name, (width, height, boxes) in expected.items():
        assert tuple(found[name][:2]) == (width, height), f"{what}: {name} has {found[name][:2]}"
        mine, theirs = sorted(found[name][2]), sorted(boxes)
        assert len(mine) == len(theirs), f"{what}: {name} has {len(mine)} boxes of {len(theirs)}"
        for a, b in zip(mine, theirs):
            assert a[0] == b[0] and all(abs(p - q) < NEAR for p, q in zip(a[1:], b[1:])), f"{what}: {name}: {a}, {b}"
    print(f"{what}: {len(expected)} images, {sum(len(i[2]) for i in expected.values())} boxes")


def convert(program, source, kind, target, out, *flags):
    subprocess.run([program, "data", "convert", source, "--from", kind, "--to", target, "--out", out, "--json", *flags],
                   check=True, stdout=subprocess.DEVNULL)


def theirs_to_ours(program, work, images):
    annotations = set_of_globox(images)
    annotations.save_coco(work / "theirs.json", auto_ids=True)
    annotations.save_cvat(work / "theirs.xml")
    annotations.save_openimage(work / "theirs.csv")
    annotations.save_pascal_voc(work / "voc")
    (work / "yolo").mkdir()
    (work / "yolo" / "images").symlink_to(work / "images")
    annotations.save_yolo_v5(work / "yolo/labels", label_to_id={name: i for i, name in enumerate(CLASSES)})
    (work / "yolo/data.yaml").write_text(f"train: images\nnames: {json.dumps(CLASSES)}\n")
    own_images = ["--images", work / "images"]
    for kind, source, flags in [("coco", "theirs.json", []), ("cvat", "theirs.xml", []), ("csv", "theirs.csv", own_images),
                                ("voc", "voc", ["--zero-based"]), ("yolo", "yolo", [])]:
        out = work / f"of-{kind}"
        convert(program, work / source, kind, "coco", out, *flags)
        check(f"{kind} of globox", boxes_of_coco(next((out / "annotations").glob("*.json"))), images)


def ours_to_theirs(program, work, images):
    source = work / "of-coco/annotations/all.json"
    for kind in ("coco", "cvat", "voc", "yolo"):
        convert(program, source, "coco", kind, work / f"our-{kind}", *(["--zero-based"] if kind == "voc" else []))
    sets = globox.AnnotationSet
    check("our coco", boxes_of_globox(sets.from_coco(work / "our-coco/annotations/all.json")), images)
    check("our cvat", boxes_of_globox(sets.from_cvat(work / "our-cvat/annotations.xml")), images)
    check("our voc", boxes_of_globox(sets.from_pascal_voc(work / "our-voc/Annotations")), images)
    yolo = boxes_of_globox(sets.from_yolo_v5(work / "our-yolo/labels", image_folder=work / "images",
                                             image_extension=".png"))
    ids = json.loads(source.read_text())["categories"]
    named = {name: (w, h, [(ids[int(box[0])]["name"], *box[1:]) for box in boxes]) for name, (w, h, boxes) in yolo.items()}
    check("our yolo", named, images)


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder).resolve()
        (work / "images").mkdir()
        images = make_set(work / "images")
        theirs_to_ours(program, work, images)
        ours_to_theirs(program, work, images)
    print("PASSED")


main()
