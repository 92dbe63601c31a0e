"""Ultralytics' validation of a tiny model of its own making on a made COCO set, with this package in the place of
faster-coco-eval and pycocotools. Argument: an empty folder.
"""
import json
import pathlib
import sys

import numpy

from spinenet_cpp import coco

coco.install()

import ultralytics  # noqa: E402
from PIL import Image  # noqa: E402
from ultralytics import YOLO  # noqa: E402
from ultralytics.models.yolo.detect import DetectionValidator  # noqa: E402

IMAGES, SIDE = 6, 96


def make_set(folder):
    """Images with bright boxes, labels as Ultralytics reads them, and the same as COCO JSON."""
    rng = numpy.random.default_rng(3)
    truth = {"images": [], "annotations": [], "categories": [{"id": 0, "name": "bright"}, {"id": 1, "name": "other"}]}
    for name in ("images", "labels"):
        (folder / name / "val").mkdir(parents=True)
    for number in range(1, IMAGES + 1):
        pixels = numpy.full((SIDE, SIDE, 3), 40, numpy.uint8)
        lines = []
        for _ in range(3):
            w, h = (int(v) for v in rng.integers(20, 50, 2))
            x, y = int(rng.integers(0, SIDE - w)), int(rng.integers(0, SIDE - h))
            kind = int(rng.integers(0, 2))
            pixels[y : y + h, x : x + w] = (220, 60 + 120 * kind, 60)
            lines.append(f"{kind} {(x + w / 2) / SIDE} {(y + h / 2) / SIDE} {w / SIDE} {h / SIDE}")
            truth["annotations"].append(
                {"id": len(truth["annotations"]) + 1, "image_id": number, "category_id": kind, "iscrowd": 0,
                 "bbox": [x, y, w, h], "area": w * h}
            )
        Image.fromarray(pixels).save(folder / "images" / "val" / f"{number}.png")
        (folder / "labels" / "val" / f"{number}.txt").write_text("\n".join(lines))
        truth["images"].append({"id": number, "height": SIDE, "width": SIDE, "file_name": f"{number}.png"})
    (folder / "annotations").mkdir()
    (folder / "annotations" / "instances_val2017.json").write_text(json.dumps(truth))
    (folder / "set.yaml").write_text(
        f"path: {folder}\ntrain: images/val\nval: images/val\nnames:\n  0: bright\n  1: other\n"
    )


class Validator(DetectionValidator):
    """Takes the set for COCO's, with the class numbers of the set."""

    def init_metrics(self, model):
        super().init_metrics(model)
        self.is_coco, self.args.save_json = True, True
        self.class_map = [0, 1]


def main():
    folder = pathlib.Path(sys.argv[1]).resolve() / "set"
    make_set(folder)
    model = YOLO("yolov8n.yaml")
    model.train(data=str(folder / "set.yaml"), epochs=2, imgsz=96, batch=2, device="cpu", workers=0, plots=False,
                val=False, project=str(folder / "runs"), amp=False, verbose=False)
    validator = Validator(args=dict(model=str(folder / "runs" / "train" / "weights" / "last.pt"), imgsz=96,
                                    data=str(folder / "set.yaml"), device="cpu", workers=0, plots=False, conf=0.001,
                                    save_json=True, batch=2, project=str(folder / "runs")))
    stats = validator()
    print(ultralytics.__version__, {name: value for name, value in stats.items() if "mAP" in name})
    import faster_coco_eval

    print("evaluated by", faster_coco_eval.COCOeval_faster.__module__)


if __name__ == "__main__":
    main()
