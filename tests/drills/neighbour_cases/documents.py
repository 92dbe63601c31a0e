"""Items 5, 11 and 24: what annotations say, what is made of it, and what is told about it."""
import json

from .place import each, neighbour

BOX = [10, 10, 50, 40]


def one_image(**annotation):
    """A set of one image and one object, whose fields `annotation` replaces; a value of ... leaves one out."""
    entry = {"id": 1, "image_id": 1, "category_id": 1, "bbox": BOX, "area": 2000, "iscrowd": 0, **annotation}
    return {"images": [{"id": 1, "file_name": "000001.jpg", "height": 128, "width": 128}],
            "categories": [{"id": 1, "name": "one"}],
            "annotations": [{key: value for key, value in entry.items() if value is not ...}]}


def fixed(at, coco):
    at.put_json("t.json", coco)
    at.succeeds(at.run("data", "fix", "t.json", "--out", "fixed.json"))
    return json.loads(at.path("fixed.json").read_text())


@each(5, "data fix keeps a good box whose segmentation is {shown}", [
    dict(shown="pairs in lists", value=[[[10, 10], [60, 10], [60, 50], [10, 50]]]),
    dict(shown="pairs", value=[[10, 10], [60, 10], [60, 50], [10, 50]]),
    dict(shown="nested four times", value=[[[[10, 10, 60, 10, 60, 50, 10, 50]]]]),
    dict(shown="a polygon and a box", value=[[10, 10, 60, 10, 60, 50, 10, 50], [10, 10, 50, 40]]),
    dict(shown="[null]", value=[None]),
    dict(shown="numbers as texts", value=[["10", "10", "60", "10", "60", "50"]]),
    dict(shown="a list of objects", value=[{"x": 10, "y": 10}, {"x": 60, "y": 10}, {"x": 60, "y": 50}]),
    dict(shown="a code of another size", value={"size": [1, 1], "counts": [1]}),
    dict(shown="a polygon of five numbers", value=[[10, 10, 60, 10, 60]]),
])
def box_is_kept(at, shown, value):
    annotations = fixed(at, one_image(segmentation=value))["annotations"]
    at.must(len(annotations) == 1, "the object is gone")
    at.must(annotations[0].get("bbox") == BOX, f"the box is {annotations[0]['bbox']}")


@each(5, "data fix takes a box that is {shown} from the mask", [
    dict(shown="null", value=None), dict(shown="missing", value=...), dict(shown="three numbers", value=[10, 10, 50]),
])
def box_of_mask(at, shown, value):
    annotations = fixed(at, one_image(bbox=value, segmentation=[[10, 10, 60, 10, 60, 50, 10, 50]]))["annotations"]
    at.must(len(annotations) == 1 and annotations[0].get("bbox") == BOX, f"of the object is left {annotations}")


@each(11, "eval refuses {list}.{field} of {value!r}", [
    dict(list="annotations", field="iscrowd", value="1"),
    dict(list="annotations", field="iscrowd", value=[1]),
    dict(list="annotations", field="iscrowd", value=2),
    dict(list="annotations", field="iscrowd", value=-1),
    dict(list="annotations", field="iscrowd", value=0.5),
    dict(list="annotations", field="iscrowd", value={}),
    dict(list="annotations", field="area", value="2000"),
    dict(list="annotations", field="area", value=True),
    dict(list="annotations", field="area", value=[]),
    dict(list="categories", field="name", value=True),
    dict(list="categories", field="name", value=["one"]),
    dict(list="categories", field="name", value={"en": "one"}),
    dict(list="categories", field="supercategory", value=True),
])
def value_refused(at, list, field, value):
    coco = one_image()
    coco[list][0][field] = value
    at.put_json("t.json", coco)
    at.put_json("r.json", [{"image_id": 1, "category_id": 1, "bbox": BOX, "score": 0.5}])
    at.refuses(at.run("eval", "--annotations", "t.json", "--results", "r.json", "--json"), field)


@neighbour(11, "a number as a category's name is its digits, also where it is no id")
def number_as_name(at):
    coco = one_image()
    coco["categories"][0]["name"] = 2024
    at.put_json("t.json", coco)
    at.put_json("r.json", [{"image_id": 1, "category_id": 1, "bbox": BOX, "score": 0.5}])
    ended = at.succeeds(at.run("eval", "--annotations", "t.json", "--results", "r.json", "--json"))
    at.must(json.loads(ended.out)["per_class"][0]["name"] == "2024", f"the name is not 2024: {ended.out[-200:]}")


@each(24, "data check finds an object that is there twice, {how}", [
    dict(how="of another id", change={"id": 2}),
    dict(how="with its numbers written with a point", change={"id": 2, "bbox": [10.0, 10.0, 50.0, 40.0]}),
    dict(how="with another area", change={"id": 2, "area": 2000.0}),
])
def repeated(at, how, change):
    coco = one_image()
    coco["annotations"].append({**coco["annotations"][0], **change})
    at.put_json("t.json", coco)
    ended = at.ends(at.run("data", "check", "t.json", "--json"))
    found = json.loads(ended.out)
    at.must(found["counts"], "nothing is found")


@each(24, "data check knows a classification set by {how}", [
    dict(how="boxes that are missing", fields=dict(bbox=..., area=..., iscrowd=...)),
    dict(how="boxes of null", fields=dict(bbox=None, area=...)),
    dict(how="null for box and mask", fields=dict(bbox=None, segmentation=None)),
])
def classification(at, how, fields):
    at.put_json("t.json", one_image(**fields))
    ended = at.ends(at.run("data", "check", "t.json", "--json"))
    at.must(json.loads(ended.out)["errors"] == 0, f"finds {json.loads(ended.out)['counts']}")


@each(24, "data fix writes a size that is {shown}", [
    dict(shown="digits in texts", size={"height": "128", "width": "128"}, value=None),
    dict(shown="with a text for the height alone", size={"height": "128", "width": 128}, value=None),
    dict(shown="missing, from the codes of its masks", size={}, value={"size": [128, 128], "counts": [1290, 50, 15044]}),
])
def size_is_written(at, shown, size, value):
    coco = one_image(segmentation=value)
    coco["images"][0] = {"id": 1, "file_name": "000001.jpg", **size}
    image = fixed(at, coco)["images"][0]
    at.must((image.get("height"), image.get("width")) == (128, 128), f"the size is {image}")


@each(24, "data check names the file near {name!r}", [
    dict(name="sub\\000001.jpg"), dict(name="000001.JPG"), dict(name="000001.jpg "), dict(name="%30%30%30001.jpg"),
])
def near_file(at, name):
    at.copy("data/val/000001.jpg", "images/sub/000001.jpg")
    coco = one_image()
    coco["images"][0]["file_name"] = name
    at.put_json("t.json", coco)
    ended = at.ends(at.run("data", "check", "t.json", "--images", "images"))
    at.must("sub/000001.jpg" in ended.said, "the near file is not named")


@each(24, "predict --annotations finds an image that is listed as {name!r}", [
    dict(name="./000001.jpg"), dict(name="././000001.jpg"), dict(name="val//000001.jpg"), dict(name="val/./000001.jpg"),
])
def listed_otherwise(at, name):
    at.copy("detector.safetensors")
    at.copy("data")
    coco = at.coco()
    coco["images"] = [{**coco["images"][0], "file_name": name, "id": 77}]
    coco["annotations"] = []
    at.put_json("t.json", coco)
    ended = at.run("predict", "detector.safetensors", "data/val/000001.jpg", "--annotations", "t.json", "--threshold",
                   "0.001", "--json")
    found = json.loads(at.succeeds(ended).out)
    at.must({result["image_id"] for result in found} == {77}, "has another id")
