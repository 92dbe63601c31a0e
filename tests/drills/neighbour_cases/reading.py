"""Items 14, 16, 17 and 18: what is read, how long and how much of it, and what of it reaches a terminal."""
import json
import os
import shutil

from .place import REFUSALS, each, neighbour

MODEL = "detector.safetensors"
GIGABYTE = 1 << 30


def predicted(at, *words):
    """Names of the images that were answered."""
    ended = at.succeeds(at.run("predict", MODEL, *words, "--threshold", "0.001", "--json"))
    return {os.path.basename(result["file_name"]) for result in json.loads(ended.out)}


@each(14, "predict of a folder reads a JPEG named {name!r}", [
    dict(name="scan.dat"), dict(name="photo.jpeg_large"), dict(name="IMG.JPG~"), dict(name="0001.img"),
    dict(name="image.tiff"),
])
def named_otherwise(at, name):
    at.copy(MODEL)
    at.copy("data/val/000001.jpg", f"images/{name}")
    at.copy("data/val/000002.jpg", "images/plain.jpg")
    found = predicted(at, "images")
    at.must(found == {name, "plain.jpg"}, f"answers {sorted(found)} alone")


@each(14, "predict of a folder passes over {what}", [
    dict(what="the hidden file of macOS", name="._000001.jpg", content=b"\0\5\x16\7"),
    dict(what="a text named .jpg, and counts it", name="list.jpg", content=b"000001\n"),
    dict(what="an empty file named .png, and counts it", name="empty.png", content=b""),
    dict(what="an image that is being downloaded", name=".a.jpg.part", content=b"\xff\xd8\xff"),
])
def passed_over(at, what, name, content):
    at.copy(MODEL)
    at.copy("data/val/000001.jpg", "images/plain.jpg")
    at.put(f"images/{name}", content)
    at.must(predicted(at, "images") == {"plain.jpg"}, "answers something else")


@each(14, "predict --annotations goes on past {count} unlisted images {where}", [
    dict(count=1, where="at the beginning", listed="000002.jpg"), dict(count=2, where="around", listed="000002.jpg"),
    dict(count=2, where="at the end", listed="000001.jpg"),
])
def unlisted(at, count, where, listed):
    at.copy(MODEL)
    at.copy("data")
    coco = at.coco()
    coco["images"] = [image for image in coco["images"] if image["file_name"] == listed]
    coco["annotations"] = []
    at.put_json("t.json", coco)
    inputs = ["data/val"] if count == 2 else ["data/val/000001.jpg", "data/val/000002.jpg"]
    at.must(predicted(at, *inputs, "--annotations", "t.json") == {listed}, "answers others")


def many_keys(count=100000):
    return {f"key{i}": i for i in range(count)}


@each(16, "100,000 keys in {what} take no longer than reading them", [
    dict(what="an architecture"), dict(what="one result"), dict(what="one image"), dict(what="one category"),
    dict(what="info"), dict(what="one annotation of predict --annotations"),
])
def many_keys_in(at, what):
    at.copy(MODEL)
    at.copy("data")
    coco = at.coco()
    result = {"image_id": 1, "category_id": 2, "bbox": [1, 2, 30, 40], "score": 0.5}
    if what == "one result":
        result.update(many_keys())
    elif what == "info":
        coco["info"] = many_keys()
    elif what != "an architecture":
        coco[{"one image": "images", "one category": "categories"}.get(what, "annotations")][0].update(many_keys())
    at.put_json("t.json", coco)
    at.put_json("r.json", [result])
    at.put_json("a.json", {**at.architecture(), **many_keys()} if what == "an architecture" else {})
    words = ["eval", "--annotations", "t.json", "--results", "r.json"]
    if what == "an architecture":
        words = ["describe", "a.json"]
    elif what.endswith("--annotations"):
        words = ["predict", MODEL, "data/val/000001.jpg", "--annotations", "t.json"]
    ended = at.run(*words, cpu=4)
    at.must(ended.status >= 0, f"ends by signal {-ended.status} after {ended.seconds:.1f} s of processor")


@each(16, "a model file with {what} takes no longer than reading it", [
    dict(what="60,000 keys of metadata", tensors=False), dict(what="60,000 empty tensors", tensors=True),
])
def many_keys_of_a_model(at, what, tensors):
    keys = 60000
    if tensors:
        header = {f"tensor{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(keys)}
    else:
        header = {"__metadata__": {f"key{i}": "x" for i in range(keys)}}
    text = json.dumps(header).encode()
    at.put("m.safetensors", len(text).to_bytes(8, "little") + text)
    ended = at.run("describe", "m.safetensors", cpu=4)
    at.must(ended.status in REFUSALS, f"status {ended.status} after {ended.seconds:.1f} s of processor")


@each(17, "{what} of six gigabytes is refused by name before it is read", [
    dict(what="a recipe", words=["train", "huge.yaml"]),
    dict(what="a recipe of a search", words=["search", "huge.yaml", "--study", "a.study"]),
    dict(what="an architecture", words=["describe", "huge.json"]),
    dict(what="a list of results", words=["eval", "--annotations", "t.json", "--results", "huge.json"]),
    dict(what="an annotation file of predict", words=["predict", MODEL, "data/val", "--annotations", "huge.json"]),
    dict(what="an image", words=["predict", MODEL, "huge.jpg"]),
    dict(what="an image of calibrate", words=["calibrate", MODEL, "huge.jpg", "--out", "q.safetensors"]),
])
def huge(at, what, words):
    at.copy(MODEL)
    at.copy("data")
    at.put_json("t.json", at.coco())
    name = next(word for word in words if word.startswith("huge"))
    at.sparse(name, begin=b"\xff\xd8\xff" if name.endswith("jpg") else b" ")
    ended = at.run(*words, memory=4 * GIGABYTE, cpu=20)
    at.refuses(ended, name)
    at.must(ended.megabytes < 1000, f"took {ended.megabytes:.0f} MB")


@each(16, "a model file with {what} takes no longer than reading it", [
    dict(what="60,000 tensors of one number", shape=[1]), dict(what="60,000 tensors without sides", shape=[]),
])
def many_tensors(at, what, shape):
    header = {f"tensor{i}": {"dtype": "F32", "shape": shape, "data_offsets": [4 * i, 4 * i + 4]} for i in range(60000)}
    text = json.dumps(header).encode()
    at.put("m.safetensors", len(text).to_bytes(8, "little") + text + bytes(4 * 60000))
    ended = at.run("describe", "m.safetensors", cpu=4)
    at.must(ended.status in REFUSALS, f"status {ended.status} after {ended.seconds:.1f} s of processor")


@each(16, "data {verb} of 150,000 annotations takes no longer than reading them", [dict(verb="fix"), dict(verb="check")])
def many_annotations(at, verb):
    coco = at.coco()
    first = coco["annotations"][0]
    coco["annotations"] = [{**first, "id": i + 1, "bbox": [1 + i % 50, 2, 30, 40 + i % 7]} for i in range(150000)]
    at.put_json("t.json", coco)
    words = ["--out", "fixed.json"] if verb == "fix" else []
    ended = at.run("data", verb, "t.json", *words, cpu=8)
    at.must(ended.status >= 0, f"ends by signal {-ended.status} after {ended.seconds:.1f} s of processor")


@each(17, "{what} that is a named pipe is not waited for", [
    dict(what="an image of eval", name="data/val/000002.jpg", words=["eval", MODEL, "--annotations", "t.json", "--images",
                                                                     "data/val"]),
    dict(what="an image of data check", name="data/val/000002.jpg", words=["data", "check", "t.json", "--images",
                                                                           "data/val"]),
    dict(what="an image in a folder of predict", name="data/val/000004.jpg", words=["predict", MODEL, "data/val"]),
    dict(what="an image of training", name="data/train/000002.jpg", words=["train", "detect.yaml", "--out", "run"]),
])
def piped(at, what, name, words):
    at.copy(MODEL)
    at.training()
    at.put_json("t.json", at.coco())
    at.path(name).unlink(missing_ok=True)
    os.mkfifo(at.path(name))
    at.ends(at.run(*words))


ESCAPES = [dict(shown="an escape code", text="a\x1b[31mb"), dict(shown="a line break", text="a\nb"),
           dict(shown="a C1 control", text="a\x9bb"), dict(shown="a mark of direction", text="a\u202eb")]


def is_plain(at, ended):
    ends = [c for c in ended.said if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E]
    at.must(not ends, f"prints {ends[0]!r}" if ends else "")


def lines_of(at, ended):
    return ended.said.count("\n")


@each(18, "{shown} in a category's name and data stats", ESCAPES)
def in_statistics(at, shown, text):
    coco = at.coco()
    at.put_json("t.json", coco)
    plain = at.run("data", "stats", "t.json")
    coco["categories"][0]["name"] = text
    at.put_json("t.json", coco)
    ended = at.succeeds(at.run("data", "stats", "t.json"))
    is_plain(at, ended)
    at.must(lines_of(at, ended) == lines_of(at, plain), "the table is broken")


@each(18, "{shown} in a file's name and a message of predict", ESCAPES)
def in_file_names(at, shown, text):
    at.copy(MODEL)
    at.put(text + ".jpg", b"no image")
    ended = at.ends(at.run("predict", MODEL, text + ".jpg"))
    is_plain(at, ended)


@each(18, "{shown} in an unknown key of an architecture", ESCAPES[:3])
def in_keys(at, shown, text):
    at.put_json("a.json", {**at.architecture(), text: 1})
    ended = at.refuses(at.run("describe", "a.json"))
    is_plain(at, ended)
    at.must("\n" not in ended.err.strip(), "the message has two lines")


@neighbour(18, "an escape code in a file's name and the table of predict")
def in_table(at):
    at.copy(MODEL)
    shutil.copy(at.inputs / "data/val/000001.jpg", at.path("a\x1b[2Jb.jpg"))
    is_plain(at, at.succeeds(at.run("predict", MODEL, "a\x1b[2Jb.jpg")))
