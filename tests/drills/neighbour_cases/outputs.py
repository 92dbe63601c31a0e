"""Items 4, 6 and 20: outputs that are inputs, outputs that are no files, refusals that come too late."""
import os
import stat
import subprocess

from .place import NotHere, each, neighbour

MODEL, IMAGE = "detector.safetensors", "data/val/000001.jpg"
ANNOTATIONS = "data/annotations/val.json"

# `link`: (kind, name, what it leads to). What is `kept` may not change, the link included.
OWN_INPUTS = [
    dict(words=["export", MODEL, "--onnx", f"data/../{MODEL}"], what="export over its model, spelled otherwise",
         kept=MODEL),
    dict(words=["export", MODEL, "--onnx", "link"], what="export over a link to its model", link=("symbolic", "link", MODEL),
         kept="link"),
    dict(words=["data", "fix", ANNOTATIONS, "--out", "link"], what="data fix over a hard link to its annotations",
         link=("hard", "link", ANNOTATIONS), kept="link"),
    dict(words=["eval", MODEL, "--annotations", ANNOTATIONS, "--images", "data/val", "--save-results", IMAGE],
         what="eval --save-results over an image", kept=IMAGE),
    dict(words=["eval", MODEL, "--annotations", ANNOTATIONS, "--images", "data/val", "--save-results", MODEL],
         what="eval --save-results over the model", kept=MODEL),
    dict(words=["calibrate", MODEL, "data/val", "--out", MODEL], what="calibrate over its model", kept=MODEL),
    dict(words=["calibrate", MODEL, "data/val", "--out", "data/val/000002.jpg"], what="calibrate over an image of its folder",
         kept="data/val/000002.jpg"),
    dict(words=["describe", "architecture.json", "--svg", "architecture.json"], what="describe --svg over the architecture",
         kept="architecture.json"),
    dict(words=["describe", MODEL, "--svg", MODEL], what="describe --svg over the model", kept=MODEL),
    dict(words=["study", "export", "evolution.study", "--csv", "evolution.study"], what="study export --csv over the study",
         kept="evolution.study"),
    dict(words=["study", "export", "evolution.study", "--html", "./evolution.study"],
         what="study export --html over the study", kept="evolution.study"),
    dict(words=["study", "export", "evolution.study", "--architecture", "evolution.study"],
         what="study export --architecture over the study", kept="evolution.study"),
    dict(words=["predict", MODEL, "data/val", "--json=data/val/000003.jpg"], what="predict --json over an image of its folder",
         kept="data/val/000003.jpg"),
    dict(words=["predict", MODEL, IMAGE, "--json=link"], what="predict --json over a link to its image",
         link=("symbolic", "link", IMAGE), kept="link"),
]


@each(4, "{what}", OWN_INPUTS)
def over_its_input(at, words, what, kept, link=None):
    for name in (MODEL, "data", "architecture.json", "evolution.study"):
        at.copy(name)
    if link:
        kind, name, target = link
        (os.symlink if kind == "symbolic" else os.link)(at.path(target) if kind == "hard" else target, at.path(name))
    with at.untouched(kept):
        at.refuses(at.run(*words))


@each(6, "{what}", [
    dict(words=["describe", MODEL, "--svg", "pipe"], begins=b"<svg", what="describe --svg into a pipe"),
    dict(words=["data", "fix", ANNOTATIONS, "--out", "pipe"], begins=b"{", what="data fix --out into a pipe"),
    dict(words=["study", "export", "evolution.study", "--csv", "pipe"], begins=b"number",
         what="study export --csv into a pipe"),
    dict(words=["predict", MODEL, IMAGE, "--json=pipe"], begins=b"[", what="predict --json into a pipe"),
])
def into_a_pipe(at, words, begins, what):
    for name in (MODEL, "data", "evolution.study"):
        at.copy(name)
    os.mkfifo(at.path("pipe"))
    reader = subprocess.Popen(["cat", "pipe"], cwd=at.folder, stdout=subprocess.PIPE)
    try:
        ended = at.run(*words)
        at.must(stat.S_ISFIFO(os.lstat(at.path("pipe")).st_mode), "the pipe was replaced")
        at.succeeds(ended)
        found = reader.communicate(timeout=10)[0]
    finally:
        reader.kill()
        reader.wait()
    at.must(found.startswith(begins), f"into the pipe came {found[:20]}")


@each(6, "{what} keeps a link that it writes through", [
    dict(words=["describe", MODEL, "--svg", "link"], what="describe --svg"),
    dict(words=["export", MODEL, "--onnx", "link"], what="export"),
    dict(words=["study", "export", "evolution.study", "--html", "link"], what="study export --html"),
])
def through_a_link(at, words, what):
    for name in (MODEL, "evolution.study"):
        at.copy(name)
    at.path("other").mkdir()
    os.symlink("other/file", at.path("link"))
    at.ends(at.run(*words))
    at.must(at.path("link").is_symlink(), "the link was replaced")


@each(6, "{what} keeps mode {mode:o} of what it made before", [
    dict(words=["describe", MODEL, "--svg", "x"], mode=0o600, what="describe --svg"),
    dict(words=["study", "export", "evolution.study", "--csv", "x"], mode=0o640, what="study export --csv"),
    dict(words=["data", "fix", ANNOTATIONS, "--out", "x"], mode=0o660, what="data fix"),
])
def mode_stays(at, words, mode, what):
    for name in (MODEL, "data", "evolution.study"):
        at.copy(name)
    at.succeeds(at.run(*words))
    at.path("x").chmod(mode)
    at.ends(at.run(*words))
    now = stat.S_IMODE(at.path("x").stat().st_mode)
    at.must(now == mode, f"the mode is {now:o}")


@each(6, "{what} follows no link of a guessed temporary name", [
    dict(words=["describe", MODEL, "--svg", "x"], what="describe --svg"),
    dict(words=["study", "export", "evolution.study", "--csv", "x"], what="study export"),
    dict(words=["data", "fix", ANNOTATIONS, "--out", "x"], what="data fix"),
])
def guessed_temporary(at, words, what):
    for name in (MODEL, "data", "evolution.study"):
        at.copy(name)
    at.put("victim")
    plant = "ln -s victim x.tmp.$$; exec \"$@\""
    with at.untouched("victim"):
        at.ends(at.run(*words, prefix=["sh", "-c", plant, "sh"]))


@neighbour(6, "study export --csv onto a device of its own folder leaves it a device")
def own_device(at):
    at.copy("evolution.study")
    try:
        os.mknod(at.path("null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.close(os.open(at.path("null"), os.O_WRONLY))
    except OSError as error:
        raise NotHere(f"no device can be made here: {error}") from error
    ended = at.run("study", "export", "evolution.study", "--csv", "null")
    at.must(stat.S_ISCHR(os.lstat(at.path("null")).st_mode), "the device was replaced")
    at.succeeds(ended)


@each(20, "predict from standard input refuses {what} before it waits", [
    dict(words=["--json=nowhere/x.json"], what="--json into a folder that is not there"),
    dict(words=["--json=data"], what="--json onto a folder"),
    dict(words=["--out", "taken"], what="--out that is a file"),
    dict(words=["--out", "taken/drawn"], what="--out below a file"),
    dict(words=["--json=taken/x.json"], what="--json below a file"),
])
def refused_before_reading(at, words, what):
    at.copy(MODEL)
    at.put("data/x")
    at.put("taken")
    ends = os.pipe()
    try:
        at.refuses(at.run("predict", MODEL, "-", *words, stdin=ends[0], patience=min(at.patience, 20)))
    finally:
        for end in ends:
            os.close(end)


def many_images(at, count):
    """Annotations of so many images, which are the same few; eval of them takes some seconds of processor."""
    coco = at.coco()
    coco["images"] = [{**coco["images"][i % 3], "id": i + 1, "file_name": f"{i}.jpg"} for i in range(count)]
    coco["annotations"] = [{**coco["annotations"][0], "image_id": 1, "id": 1}]
    at.put_json("many.json", coco)
    at.path("many").mkdir()
    for i in range(count):
        os.link(at.inputs / f"data/val/00000{i % 3 + 1}.jpg", at.path(f"many/{i}.jpg"))


@each(20, "{verb} of 1500 images refuses {what} at once", [
    dict(verb="eval", words=["--save-results", "nowhere/r.json"], what="a folder that is not there"),
    dict(verb="eval", words=["--save-results", "many"], what="a folder as a file"),
    dict(verb="predict", words=["--json=nowhere/p.json"], what="a folder that is not there"),
])
def refused_before_computing(at, verb, words, what):
    at.copy(MODEL)
    many_images(at, 1500)
    inputs = ["--annotations", "many.json", "--images", "many"] if verb == "eval" else ["many"]
    at.refuses(at.run(verb, MODEL, *inputs, *words, cpu=3))
