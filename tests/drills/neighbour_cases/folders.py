"""Items 1 and 2: data sets and run folders that are not the program's."""
import os

from .place import each, neighbour

SCENES = ["--level", "easy", "--images", "2", "--val-images", "2"]
SCENE_RECIPE = dict(data__scenes="easy", data__scenes_images="2", data__scenes_val_images="2")


def theirs(at, *names):
    for name in names:
        at.put(f"mine/{name}")


@each(1, "data scenes over a folder with {name} alone", [
    dict(name="val/000001.jpg"), dict(name="train/000002.jpg"), dict(name="annotations/val.json"),
])
def scenes_over(at, name):
    theirs(at, name)
    with at.untouched("mine"):
        at.refuses(at.run("data", "scenes", "--out", "mine", *SCENES))


@neighbour(1, "data scenes through a link to a user's folder")
def scenes_through_link(at):
    theirs(at, "annotations/train.json")
    os.symlink("mine", at.path("link"))
    with at.untouched("mine"):
        at.refuses(at.run("data", "scenes", "--out", "link", *SCENES))


@neighbour(1, "data scenes into the folder in which it is called")
def scenes_here(at):
    at.put("annotations/val.json")
    with at.untouched("annotations"):
        at.refuses(at.run("data", "scenes", "--out", ".", *SCENES))


def scene_recipe(at):
    recipe = at.training()
    text = at.path(recipe).read_text().replace("  root: data\n", "  root: mine\n  scenes: easy\n  scenes_images: 2\n"
                                                                 "  scenes_val_images: 2\n")
    at.put(recipe, text.replace("epochs: 2", "epochs: 1"))
    return recipe


@each(1, "{verb} with scenes over a folder with {name} alone", [
    dict(verb="train", name="val/000002.jpg"), dict(verb="compare", name="annotations/val.json"),
    dict(verb="search", name="train/000001.jpg"),
])
def training_over(at, verb, name):
    theirs(at, name)
    recipe = scene_recipe(at)
    words = {"train": [recipe, "--out", "run"], "compare": [recipe, "--seeds", "1", "--out", "all"],
             "search": [at.search_recipe(), "--study", "a.study", "--trials", "1"]}[verb]
    with at.untouched("mine"):
        at.ends(at.run(verb, *words, "--threads", "1"))


@each(2, "train --out onto a folder with {name} alone", [
    dict(name="metrics.jsonl"), dict(name="report.html"), dict(name="last.safetensors"),
    dict(name="checkpoints/step-000000001.safetensors"),
])
def train_onto(at, name):
    at.put(f"mine/{name}")
    with at.untouched("mine"):
        at.refuses(at.run("train", at.training(epochs=1), "--out", "mine", "--threads", "1"))


@neighbour(2, "train into its usual folder, where a user's model lies")
def train_usual_folder(at):
    recipe = at.training(epochs=1)
    at.put("runs/detect/best.safetensors")
    with at.untouched("runs"):
        at.refuses(at.run("train", recipe, "--threads", "1"))


@neighbour(2, "train --out through a link to a user's folder")
def train_through_link(at):
    at.put("mine/best.safetensors")
    os.symlink("mine", at.path("link"))
    with at.untouched("mine"):
        at.refuses(at.run("train", at.training(epochs=1), "--out", "link", "--threads", "1"))


@each(2, "compare --out onto a folder with {name} alone", [dict(name="compare.html"), dict(name="compare.json")])
def compare_onto(at, name):
    at.put(f"mine/{name}")
    with at.untouched("mine"):
        at.refuses(at.run("compare", at.training(epochs=1), "--seeds", "1", "--out", "mine", "--threads", "1"))
