"""Items 12, 13 and 21: settings that cannot train, runs that go on, and signals."""
import os
import shutil
import signal
import subprocess

import drill

from .outputs import many_images
from .place import each, stop, wait_for

ONE_THREAD = ["--threads", "1"]


def without_objects(coco):
    coco["annotations"] = []


def crowds_alone(coco):
    for annotation in coco["annotations"]:
        annotation["iscrowd"] = 1


def one_class(coco):
    coco["categories"] = coco["categories"][:1]
    for annotation in coco["annotations"]:
        annotation["category_id"] = coco["categories"][0]["id"]


@each(12, "a batch of one image, where a map has one value: {what}", [
    dict(what="Mask R-CNN", recipe="segment.yaml", settings=[]),
    dict(what="a classifier", recipe="classify.yaml", settings=[]),
    dict(what="another family", recipe="detect.yaml", settings=["architecture.base=spinenet-mobile-49xs",
                                                                   "architecture.filter_size_scale=0.3"]),
    dict(what="a pyramid", recipe="detect.yaml", settings=["architecture.base=resnet-50-fpn"]),
])
def one_value(at, what, recipe, settings):
    words = [word for setting in settings for word in ("--set", setting)]
    at.refuses(at.run("train", at.training(recipe, batch=1, epochs=1), "--out", "run", *ONE_THREAD, *words), "batch")


@each(12, "{what} is refused before training", [
    dict(what="a training set of crowds alone", part="train", change=crowds_alone, recipe="detect.yaml", more={}),
    dict(what="an early stop, measured on no object", part="val", change=without_objects, recipe="detect.yaml",
         more=dict(early_stop=2)),
    dict(what="an early stop, measured on crowds alone", part="val", change=crowds_alone, recipe="detect.yaml",
         more=dict(early_stop=1)),
    dict(what="a classifier of one class", part="train_classes", change=one_class, recipe="classify.yaml", more={}),
    dict(what="a segmentation of no object", part="train", change=without_objects, recipe="segment.yaml", more={}),
])
def refused_data(at, what, part, change, recipe, more):
    words = ["train", at.training(recipe, epochs=1, **more), "--out", "run", *ONE_THREAD]
    coco = at.coco(part)
    change(coco)
    at.put_json(f"data/annotations/{part}.json", coco)
    if part == "train_classes":
        at.put_json("data/annotations/val_classes.json", {**at.coco("val_classes"), "categories": coco["categories"],
                                                          "annotations": []})
    at.refuses(at.run(*words))


def begun(at, **changes):
    """A run of two epochs that stopped after the first, of this program."""
    at.succeeds(at.run("train", at.training(**changes), "--out", "run", "--until", "1", *ONE_THREAD))


def moved_box(coco):
    coco["annotations"][0]["bbox"][0] += 3


def one_less(coco):
    gone = coco["images"].pop()["id"]
    coco["annotations"] = [a for a in coco["annotations"] if a["image_id"] != gone]


def other_class(coco):
    ids = [category["id"] for category in coco["categories"]]
    coco["annotations"][0]["category_id"] = ids[1] if coco["annotations"][0]["category_id"] == ids[0] else ids[0]


def other_name(coco):
    coco["categories"][0]["name"] = "another"


@each(13, "a run goes on after {what}, which is said", [
    dict(what="a box of training moved", part="train", change=moved_box),
    dict(what="an image of training was left out", part="train", change=one_less),
    dict(what="an object of the validation set got another class", part="val", change=other_class),
    dict(what="an image of the validation set was left out", part="val", change=one_less),
    dict(what="a class was renamed", part="train", change=other_name),
])
def changed_data(at, what, part, change):
    begun(at)
    coco = at.coco(part)
    change(coco)
    at.put_json(f"data/annotations/{part}.json", coco)
    ended = at.ends(at.run("train", "--resume", "--out", "run", *ONE_THREAD))
    at.must(any(word in ended.err for word in ("data", "training", "validation", "class")),
            f"nothing is said: {ended.tail}")


@each(13, "a run goes on with {what}", [
    dict(what="one thread", begin=["--threads", "2"], words=["--threads", "1"]),
    dict(what="an epoch more", begin=[], words=["--set", "epochs=3"]),
    dict(what="another interval of its log", begin=[], words=["--set", "log_every=2"]),
    dict(what="a checkpoint every step", begin=[], words=["--set", "checkpoint_every=1"]),
    dict(what="its device by name", begin=[], words=["--set", "device=cpu"]),
])
def goes_on_with(at, what, begin, words):
    at.succeeds(at.run("train", at.training(), "--out", "run", "--until", "1", *(begin or ONE_THREAD)))
    at.succeeds(at.run("train", "--resume", "--out", "run", *words))


@each(21, "SIGHUP ends {what} with a checkpoint", [
    dict(what="training a segmenter", recipe="segment.yaml"), dict(what="training a classifier", recipe="classify.yaml"),
    dict(what="training that resumed", recipe="detect.yaml"),
])
def hang_up(at, what, recipe):
    words = ["train", at.training(recipe, epochs=2000, eval_every=2000, checkpoint_every=100000), "--out", "run",
             *ONE_THREAD]
    process = at.start(*words)
    log = at.path("run/metrics.jsonl")
    began = wait_for(lambda: (log.exists() and log.read_text().count("\n") > 2) or process.poll() is not None, at.patience)
    stop(process, signal.SIGHUP)
    ended = at.wait(process, at.patience)
    at.must(began, f"does not begin: {ended.tail}")
    at.must(list(at.path("run/checkpoints").glob("step-*.safetensors")), "there is no checkpoint")
    at.must(ended.status == 128 + signal.SIGHUP, f"status {ended.status}")


@each(21, "SIGTERM while {what} waits for {other} ends it soon", [
    dict(what="predict", other="an image on standard input", words=["predict", "detector.safetensors", "-"]),
    dict(what="training of two processes", other="its peer", words=["train", "detect.yaml", "--out", "run"]),
])
def waiting(at, what, other, words):
    at.copy("detector.safetensors")
    at.training()
    at.need_training(words)
    environment = at.drill.environment({"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
                                        "MASTER_PORT": "29777", "LOCAL_RANK": "0"} if words[0] == "train" else {})
    ends = os.pipe()
    process = subprocess.Popen([at.drill.program, *words], cwd=at.folder, env=environment, stdin=ends[0],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_for(lambda: process.poll() is not None, 4)
        stop(process)
        ended = at.wait(process, min(at.patience, 15))
    finally:
        for end in ends:
            os.close(end)
    at.must(not ended.late, "does not end")
    at.must(ended.status in (-signal.SIGTERM, 128 + signal.SIGTERM), f"status {ended.status}: {ended.tail}")


@each(21, "SIGTERM in the middle of {what} leaves no temporary file", [
    dict(what="calibrate", words=["calibrate", "scenes-easy.safetensors", "many", "--out", "q.safetensors"], after=0.5),
    dict(what="data scenes", words=["data", "scenes", "--out", "made", "--images", "2000", "--val-images", "2000"], after=1.5),
])
def no_temporary(at, what, words, after):
    shutil.copy(drill.MODEL, at.path("scenes-easy.safetensors"))
    many_images(at, 100)
    process = at.start(*words)
    wait_for(lambda: process.poll() is not None, after)
    stop(process)
    at.wait(process, at.patience)
    left = [path.name for path in at.folder.rglob("*") if ".tmp" in path.name]
    at.must(not left, f"{left[:2]} is left")
