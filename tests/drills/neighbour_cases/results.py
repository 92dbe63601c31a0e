"""Items 8 and 25: drawings that end, and what a result holds."""
import json

from .place import each, neighbour

# Blocks with so many parents, of a search space that allows them.
PARENTS = [dict(parents=4, task="detect", blocks=1), dict(parents=4, task="classify", blocks=1),
           dict(parents=5, task="detect", blocks=3), dict(parents=8, task="segment", blocks=1),
           dict(parents=3, task="detect", blocks=6)]


@each(8, "describe --svg of {blocks} blocks with {parents} parents, to {task}", PARENTS)
def drawing_ends(at, parents, task, blocks):
    architecture = at.architecture()
    for block in architecture["backbone"]["blocks"][-blocks:]:
        more = [parent for parent in range(9) if parent not in block["parents"]]
        block["parents"] = sorted(block["parents"] + more[:parents - len(block["parents"])])
    at.put_json("a.json", architecture)
    ended = at.run("describe", "a.json", "--size", "128", "--task", task, "--svg", "a.svg", cpu=10)
    at.ends(ended)
    at.must(ended.status == 0, f"status {ended.status}: {ended.tail}")


@each(25, "eval takes {flag}", [
    dict(flag="--max-detections", value=3), dict(flag="--max-per-class", value=2), dict(flag="--max-detections", value=300),
])
def limit_of_eval(at, flag, value):
    at.copy("detector.safetensors")
    at.copy("data")
    at.succeeds(at.run("eval", "detector.safetensors", "--annotations", "data/annotations/val.json", "--images", "data/val",
                       flag, value, "--json"))


@neighbour(25, "predict --max-per-class limits the objects of each class")
def limit_of_predict(at):
    at.copy("detector.safetensors")
    at.copy("data")
    ended = at.succeeds(at.run("predict", "detector.safetensors", "data/val/000001.jpg", "--threshold", "0.001",
                               "--max-per-class", "1", "--json"))
    classes = [result["category_id"] for result in json.loads(ended.out)]
    at.must(classes and len(classes) == len(set(classes)), "a class has two objects")


@each(25, "predict --max 2 of a classifier shows two classes of {what}", [
    dict(what="an image", image="data/val/000001.jpg", images=1),
    dict(what="each image of a folder", image="data/val", images=3),
])
def classes_shown(at, what, image, images):
    at.copy("classifier.safetensors")
    at.copy("data")
    ended = at.succeeds(at.run("predict", "classifier.safetensors", image, "--max", 2))
    names = {category["name"] for category in at.coco("val_classes")["categories"]}
    at.must(sum(ended.out.count(name) for name in names) >= 2 * images, f"shows {ended.out}")
