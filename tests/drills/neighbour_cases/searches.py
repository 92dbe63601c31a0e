"""Items 3 and 7: folders of trials, and faults of the machine."""
import json
import os
import subprocess

from .place import NotHere, each, neighbour

SEARCH = ["--threads", "1", "--trials", "1", "-q"]


@each(3, "a user's {name} stays, which lies where trials go {how}", [
    dict(name="trial-000000-1/notes.txt", how="by default", place="a.study.trials", words=[]),
    dict(name="trial-000000-1/run/best.safetensors", how="by --out", place="mine", words=["--out", "mine"]),
    dict(name="trial-000000-1/architecture.json", how="by --out with --keep-runs", place="mine",
         words=["--out", "mine", "--keep-runs"]),
    dict(name="trial-000000-1/notes.txt", how="by --out through a link", place="mine", words=["--out", "link"]),
])
def notes_stay(at, name, how, place, words):
    at.training()
    at.put(f"{place}/{name}")
    os.symlink("mine", at.path("link"))
    with at.untouched(f"{place}/{name}"):
        at.ends(at.run("search", at.search_recipe(), "--study", "a.study", *words, *SEARCH))


@each(3, "a second study with the folder of a first one's kept runs, {how}", [
    dict(how="one after the other", folder="trials"), dict(how="by another spelling", folder="./x/../trials"),
])
def second_study(at, how, folder):
    at.training()
    at.path("x").mkdir()
    recipe = at.search_recipe()
    at.succeeds(at.run("search", recipe, "--study", "a.study", "--out", "trials", "--keep-runs", *SEARCH))
    runs = [path.relative_to(at.folder) for path in at.path("trials").glob("trial-*")]
    with at.untouched(*map(str, runs)):
        at.ends(at.run("search", recipe, "--study", "b.study", "--out", folder, "--keep-runs", *SEARCH))


def no_network_failed(at, ended):
    shown = at.run("study", "show", "a.study", "--json")
    if shown.status == 0:
        at.must(json.loads(shown.out)["failed"] == 0, "a network is called failed")
    at.must(not ended.late, "does not end")
    at.must(ended.status not in (0, 70), f"status {ended.status}: {ended.tail}")


@each(7, "no network fails by a training image that is {what}", [
    dict(what="cut", content=lambda whole: whole[:len(whole) // 2]), dict(what="gone", content=None),
    dict(what="a text", content=lambda whole: b"no image"), dict(what="empty", content=lambda whole: b""),
    dict(what="of another size", content=lambda whole: None),
])
def bad_image(at, what, content):
    at.training()
    for image in at.path("data/train").glob("*.jpg"):
        if content is None:
            image.unlink()
        elif what == "of another size":
            image.write_bytes((at.inputs / "data/val/000001.jpg").read_bytes())
        else:
            image.write_bytes(content(image.read_bytes()))
    if what == "of another size":
        coco = at.coco("train")
        for image in coco["images"]:
            image["width"] = 256
        at.put_json("data/annotations/train.json", coco)
    no_network_failed(at, at.run("search", at.search_recipe(), "--study", "a.study", *SEARCH))


@each(7, "no network fails where no file may be larger than {size} bytes", [dict(size=60000), dict(size=110000)])
def small_files(at, size):
    at.training()
    no_network_failed(at, at.run("search", at.search_recipe(), "--study", "a.study", *SEARCH, largest=size))


@neighbour(7, "no network fails on a disk that is too small for its run")
def small_disk(at):
    at.training()
    at.path("trials").mkdir()
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        raise NotHere("no mount namespaces here")
    mount = "mount -t tmpfs -o size=100k none trials && exec \"$@\""
    no_network_failed(at, at.run("search", at.search_recipe(), "--study", "a.study", "--out", "trials", *SEARCH,
                                 prefix=["unshare", "-rm", "sh", "-c", mount, "sh"]))
