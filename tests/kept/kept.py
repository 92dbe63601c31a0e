"""What is kept of each release, and the questions whose answers are kept with it.

A release's folder holds what its program wrote: a data set, recipes, models of each task, int8 models, a run that has not
ended, a study in SQLite and one of PostgreSQL as a dump; and answers.json, what that program said about them.
"""
import json
import math
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
DATA = """data:
  root: data
  train_annotations: annotations/train.json
  train_images: train
  val_annotations: annotations/val.json
  val_images: val
  loader_threads: 1
"""
WIDTHS = """architecture:
  base: spinenet-49
  filter_size_scale: 0.03125
  endpoints_num_filters: 8
  stem_filters: 4
"""
STEPS = """image_size: 128
batch: 2
epochs: 2
optimizer:
  kind: adamw
  learning_rate: 0.002
schedule:
  warmup_steps: 1
log_every: 1
checkpoint_every: 100
seed: 1
"""
RECIPES = {
    "detect.yaml": WIDTHS + "  head_convs: 1\n  head_filters: 8\n" + DATA + STEPS,
    "segment.yaml": "task: segment\n" + WIDTHS + """  rpn_filters: 8
  box_head_convs: 1
  box_head_filters: 8
  box_head_dense: 16
  mask_head_convs: 1
  mask_head_filters: 8
""" + DATA + STEPS + "two_stage:\n  proposals: 30\n  roi_samples: 16\n",
    "classify.yaml": "task: classify\n" + WIDTHS + DATA.replace("train.json", "train_classes.json").replace(
        "val.json", "val_classes.json") + "  classes_from: annotations\n  group_key: name\n" + STEPS,
    "search.yaml": """algorithm:
  kind: KIND
  controller:
    hidden: 8
    embedding: 8
    batch: 2
proxy:
  recipe: detect.yaml
  epochs: 1
  hold_out: 0.3
trials: 3
lag: 2
""",
}
TASKS = {"detect": "detector", "segment": "segmenter", "classify": "classifier"}
# Trials that the program of the release made, and those with them that today's makes.
TRIALS, MORE_TRIALS = 3, 5
DATABASE = "study_of_release"


class Question:
    """A command line whose answer is JSON. Numbers of today's answer may be off by `tolerance` (of 1, or of themselves)."""

    def __init__(self, name, words, tolerance=1e-4, left_out=()):
        self.name, self.words, self.tolerance, self.left_out = name, [*words, "--json"], tolerance, left_out


def questions_of_model(task, model, precision):
    """Of int8 models more is left open: their sums are rounded, and where one falls on the border another digit follows."""
    end, tolerance = (["--precision", "int8"], 2e-2) if precision == "int8" else ([], 1e-4)
    if task == "classify":
        yield Question(f"eval {model}", ["eval", f"{model}.safetensors", "--annotations",
                                         "data/annotations/val_classes.json", "--images", "data/val", *end],
                       tolerance, ("seconds",))
    else:
        yield Question(f"eval {model}", ["eval", f"{model}.safetensors", "--annotations",
                                         "data/annotations/val.json", "--images", "data/val", *end], tolerance)
    words = ["predict", f"{model}.safetensors", "data/val", *end]
    if task != "classify":
        words += ["--threshold", "0.001", "--max", "5"]
    # A pixel of a mask may fall on the other side of the threshold.
    yield Question(f"predict {model}", words, tolerance, ("counts",))


def questions():
    """Of the files of a release, and of the project's own model, which is older than all of them."""
    yield from questions_of_model("detect", "scenes-easy", "fp32")
    for task, model in TASKS.items():
        yield Question(f"describe {model}", ["describe", f"{model}.safetensors"])
        yield from questions_of_model(task, model, "fp32")
        if task != "segment":
            yield from questions_of_model(task, f"{model}-int8", "int8")
    yield from questions_of_study("sqlite", "evolution.study")


def questions_of_study(kind, place):
    yield Question(f"study show {kind}", ["study", "show", place], left_out=("study",))
    yield Question(f"study best {kind}", ["study", "best", place], left_out=("study",))


def difference(kept, today, question, place=""):
    """Where today's answer is not the kept one, "" if nowhere. Today's may say more."""
    if isinstance(kept, bool) or isinstance(kept, str) or kept is None:
        return "" if kept == today else f"{place}: {json.dumps(today)}, kept is {json.dumps(kept)}"
    if isinstance(kept, (int, float)):
        near = isinstance(today, (int, float)) and math.isclose(kept, today, rel_tol=question.tolerance,
                                                               abs_tol=question.tolerance)
        return "" if near else f"{place}: {json.dumps(today)}, kept is {kept}"
    if type(kept) is not type(today):
        return f"{place}: another type than was kept"
    if isinstance(kept, list):
        if len(kept) != len(today):
            return f"{place}: {len(today)} entries, kept are {len(kept)}"
        pairs = [(str(i), kept[i], today[i]) for i in range(len(kept))]
    else:
        gone = [key for key in kept if key not in today and key not in question.left_out]
        if gone:
            return f"{place}: {gone[0]} is not told"
        pairs = [(key, kept[key], today[key]) for key in kept if key not in question.left_out]
    return next((found for key, a, b in pairs if (found := difference(a, b, question, f"{place}/{key}"))), "")


def losses(run):
    """Step and loss of each line of a run's metrics that has one."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines if "loss" in line]
