"""What pycocotools.coco has: the class COCO, with the same attributes, methods and meaning, read and measured in C++.

    truth = COCO("instances_val2017.json")
    found = truth.loadRes("results.json")        # or a list of dicts, or an array [N, 7]

A file is read by the package's own reader; the dicts of `dataset`, `anns`, `imgs`, `cats`, `imgToAnns` and `catToImgs` are
made when they are first asked for. From then on they are what an evaluation reads, so changed values count. (The dicts of
`cats` and the lists of `catToImgs` hold nothing that an evaluation reads; to look at them changes nothing.)
"""

from __future__ import annotations

import copy
import itertools
import json
import sys
import time
import types
from collections import defaultdict
from typing import Any, Iterable

import numpy

from spinenet_cpp import _coco_sources as sources
from spinenet_cpp import mask
from spinenet_cpp.errors import UnsupportedError

__all__ = ["COCO", "install"]


def _is_array_like(value: Any) -> bool:
    return hasattr(value, "__iter__") and hasattr(value, "__len__")


def _as_list(value: Any) -> Any:
    return value if _is_array_like(value) else [value]


class _Content:
    """The six attributes of a COCO object, made when they are first asked for."""

    def __init__(self) -> None:
        self._source: Any = None  # of the content, while nobody has looked at the dicts that an evaluation reads
        self._dataset: Any = {}
        self._anns: dict = {}
        self._imgs: dict = {}
        self._cats: dict = {}
        self._img_to_anns: Any = defaultdict(list)
        self._cat_to_imgs: Any = defaultdict(list)

    def _built(self) -> dict:
        """The dataset; who asks leaves its values as they are."""
        if self._dataset is None:
            self._dataset = self._source.dataset()
            self._make_index()
        return self._dataset

    def _open(self) -> None:
        """From now on the dicts count."""
        self._built()
        self._source = None

    def _take_source(self, source: Any) -> None:
        self._source = source
        self._dataset = None

    def _make_index(self) -> None:
        dataset = self._dataset
        annotations = dataset.get("annotations", [])
        img_to_anns, cat_to_imgs = defaultdict(list), defaultdict(list)
        anns = {}
        for ann in annotations:
            img_to_anns[ann["image_id"]].append(ann)
            anns[ann["id"]] = ann
        if "categories" in dataset:
            for ann in annotations:
                cat_to_imgs[ann["category_id"]].append(ann["image_id"])
        self._anns, self._img_to_anns, self._cat_to_imgs = anns, img_to_anns, cat_to_imgs
        self._imgs = {image["id"]: image for image in dataset.get("images", [])}
        self._cats = {category["id"]: category for category in dataset.get("categories", [])}

    def __getstate__(self) -> dict:
        self._open()
        return self.__dict__

    def __deepcopy__(self, memo: dict) -> Any:
        """While nobody has looked at the dicts, the copy shares what is behind them."""
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        for name, value in self.__dict__.items():
            made.__dict__[name] = value if name == "_source" else copy.deepcopy(value, memo)
        return made


def _attribute(name: str, counts: bool, doc: str) -> property:
    """`counts`: an evaluation reads what is in it."""

    def get(self: _Content) -> Any:
        if counts:
            self._open()
        else:
            self._built()
        return getattr(self, name)

    def put(self: _Content, value: Any) -> None:
        self._open()
        setattr(self, name, value)

    return property(get, put, doc=doc)


class COCO(_Content):
    """A set of images with annotations, or with results."""

    dataset = _attribute("_dataset", True, "The content as in the file.")
    anns = _attribute("_anns", True, "Annotations by id.")
    imgs = _attribute("_imgs", True, "Images by id.")
    cats = _attribute("_cats", False, "Categories by id.")
    imgToAnns = _attribute("_img_to_anns", True, "Lists of annotations by image id.")
    catToImgs = _attribute("_cat_to_imgs", False, "Lists of image ids by category id, one for each annotation.")

    def __init__(self, annotation_file: Any = None) -> None:
        super().__init__()
        if annotation_file is not None:
            self._load(annotation_file)

    def _say(self, text: Any) -> None:
        print(text)

    def _load(self, annotation_file: Any) -> None:
        self._say("loading annotations into memory...")
        start = time.time()
        own_index = type(self).createIndex in (COCO.createIndex, getattr(type(self), "_known_create_index", None))
        source = sources.TruthFile.of(annotation_file) if own_index else None
        if source is not None:
            self._say(f"Done (t={time.time() - start:0.2f}s)")
            self._take_source(source)
            self._say("creating index...")
            self._say("index created!")
            return
        with open(annotation_file) as file:
            dataset = json.load(file)
        assert type(dataset) is dict, f"annotation file format {type(dataset)} not supported"
        self._say(f"Done (t={time.time() - start:0.2f}s)")
        self.dataset = dataset
        self.createIndex()

    def createIndex(self) -> None:
        """Makes anns, imgs, cats, imgToAnns and catToImgs of `dataset`."""
        self._say("creating index...")
        self._open()
        self._make_index()
        self._say("index created!")

    def info(self) -> None:
        """Prints what the file says of itself."""
        for key, value in self._built()["info"].items():
            self._say(f"{key}: {value}")

    def getAnnIds(self, imgIds: Any = [], catIds: Any = [], areaRng: Any = [], iscrowd: Any = None) -> list:
        """Ids of annotations of these images and categories, within an open range of areas, crowd regions or not."""
        imgIds, catIds = _as_list(imgIds), _as_list(catIds)
        dataset = self._built()
        if len(imgIds) == 0:
            anns = dataset["annotations"]
        else:
            anns = list(
                itertools.chain.from_iterable(self._img_to_anns[i] for i in imgIds if i in self._img_to_anns)
            )
        if len(catIds) > 0:
            anns = [ann for ann in anns if ann["category_id"] in catIds]
        if len(areaRng) > 0:
            anns = [ann for ann in anns if areaRng[0] < ann["area"] < areaRng[1]]
        if iscrowd is not None:
            anns = [ann for ann in anns if ann["iscrowd"] == iscrowd]
        return [ann["id"] for ann in anns]

    def getCatIds(self, catNms: Any = [], supNms: Any = [], catIds: Any = []) -> list:
        """Ids of categories with these names, supercategories and ids."""
        catNms, supNms, catIds = _as_list(catNms), _as_list(supNms), _as_list(catIds)
        if len(catNms) == len(supNms) == len(catIds) == 0 and isinstance(self._source, sources.TruthFile):
            return self._source.category_ids()
        cats = self._built()["categories"]
        if len(catNms) > 0:
            cats = [cat for cat in cats if cat["name"] in catNms]
        if len(supNms) > 0:
            cats = [cat for cat in cats if cat["supercategory"] in supNms]
        if len(catIds) > 0:
            cats = [cat for cat in cats if cat["id"] in catIds]
        return [cat["id"] for cat in cats]

    def getImgIds(self, imgIds: Any = [], catIds: Any = []) -> list:
        """Ids of images: of these, those with annotations of all these categories."""
        imgIds, catIds = _as_list(imgIds), _as_list(catIds)
        if len(imgIds) == len(catIds) == 0:
            if isinstance(self._source, sources.TruthFile):
                return self._source.image_ids()
            self._built()
            return list(self._imgs.keys())
        self._built()
        ids = set(imgIds)
        for place, category in enumerate(catIds):
            of_category = set(self._cat_to_imgs[category])
            ids = of_category if place == 0 and len(ids) == 0 else ids & of_category
        return list(ids)

    def _of_ids(self, by_id: dict, ids: Any) -> Any:
        if _is_array_like(ids):
            return [by_id[one] for one in ids]
        return [by_id[ids]] if type(ids) is int else None

    def loadAnns(self, ids: Any = []) -> Any:
        """The annotations with these ids."""
        return self._of_ids(self.anns, ids)

    def loadCats(self, ids: Any = []) -> Any:
        """The categories with these ids."""
        return self._of_ids(self.cats, ids)

    def loadImgs(self, ids: Any = []) -> Any:
        """The images with these ids."""
        return self._of_ids(self.imgs, ids)

    def loadRes(self, resFile: Any) -> COCO:
        """The results of a file, a list of dicts, or an array [N, 7] (image, x, y, width, height, score, category).

        Results of images that are not of this set are refused. The dicts of a list stay yours: what they hold when
        evaluate() is called counts, and they get area, id, iscrowd, bbox and segmentation as with pycocotools once the
        dicts of the returned object are asked for.
        """
        res = COCO()
        self._fill_results(res, resFile, type(resFile) is str)
        return res

    def _fill_results(self, res: COCO, given: Any, is_file: bool) -> None:
        self._say("Loading and preparing results...")
        start = time.time()
        source = None
        if is_file:
            if isinstance(self._source, sources.TruthFile):
                source = sources.ResultFile.of(self, given, self._source.truth())
            if source is None:
                with open(given) as file:
                    given = json.load(file)
        elif type(given) is numpy.ndarray:
            if given.ndim == 2 and given.shape[1] == 7:
                source = sources.ResultArray.of(self, given)
                if source is not None:
                    self._check_images(set(given[:, 0].astype(numpy.int64).tolist()))
            if source is None:
                given = self.loadNumpyAnnotations(given)
        if source is None:
            source = self._source_of_list(given, res)
        self._say(f"DONE (t={time.time() - start:0.2f}s)")
        self._say("creating index...")
        if source is not None:
            res._take_source(source)
        else:
            res._make_index()
        self._say("index created!")

    def _check_images(self, ids: set) -> None:
        assert ids <= set(self.getImgIds()), "Results do not correspond to current coco set"

    def _source_of_list(self, anns: Any, res: COCO) -> Any:
        """None where the results are filled in already: captions, key points, and entries without any of them."""
        assert type(anns) is list, "results in not an array of objects"
        ids = {ann["image_id"] for ann in anns}
        self._check_images(ids)
        kinds = anns[0]
        if "caption" not in kinds and (sources.has_boxes(anns) or "segmentation" in kinds):
            return sources.ResultList(self, list(anns), sources.has_boxes(anns))
        given = self._built()
        dataset = {"info": copy.deepcopy(given.get("info", {})), "images": list(given["images"])}
        if "caption" in kinds:
            dataset["images"] = [image for image in dataset["images"] if image["id"] in ids]
            for place, ann in enumerate(anns):
                ann["id"] = place + 1
        elif "keypoints" in kinds:
            dataset["categories"] = copy.deepcopy(given["categories"])
            for place, ann in enumerate(anns):
                x, y = ann["keypoints"][0::3], ann["keypoints"][1::3]
                left, right, top, bottom = numpy.min(x), numpy.max(x), numpy.min(y), numpy.max(y)
                ann["area"] = (right - left) * (bottom - top)
                ann["id"] = place + 1
                ann["bbox"] = [left, top, right - left, bottom - top]
        dataset["annotations"] = anns
        res._dataset = dataset
        return None

    def loadNumpyAnnotations(self, data: numpy.ndarray) -> list:
        """A dict for each row of an array [N, 7]: image id, x, y, width, height, score, category id."""
        self._say("Converting ndarray to lists...")
        assert type(data) is numpy.ndarray
        self._say(data.shape)
        assert data.shape[1] == 7
        return sources.dicts_of_rows(data)

    def annToRLE(self, ann: dict) -> Any:
        """The mask of an annotation as a run-length code."""
        self._built()
        segmentation = ann["segmentation"]
        image = self._imgs[ann["image_id"]]
        if type(segmentation) is list:
            return mask.merge(mask.frPyObjects(segmentation, image["height"], image["width"]))
        if type(segmentation["counts"]) is list:
            return mask.frPyObjects(segmentation, image["height"], image["width"])
        return segmentation

    def annToMask(self, ann: dict) -> numpy.ndarray:
        """The mask of an annotation: uint8 [height, width] of 0 and 1."""
        return mask.decode(self.annToRLE(ann))

    def showAnns(self, anns: Iterable, draw_bbox: bool = False) -> Any:
        """Draws annotations on matplotlib's current axes. UnsupportedError where matplotlib is not installed."""
        from spinenet_cpp import _coco_drawing

        return _coco_drawing.show(self, anns, draw_bbox)

    def download(self, tarDir: Any = None, imgIds: Any = []) -> None:
        """Refused: the package downloads nothing."""
        raise UnsupportedError("COCO.download: images are not downloaded; fetch them with a tool for that")


def install() -> None:
    """Makes `import pycocotools` and `import faster_coco_eval` mean this package, in this process.

    Call it before what imports them. Modules that hold the classes of the others already keep them.
    """
    from spinenet_cpp import cocoeval, faster_coco_eval

    this = sys.modules[__name__]
    pycocotools = types.ModuleType("pycocotools", "spinenet_cpp in place of pycocotools.")
    pycocotools.__path__ = []  # type: ignore[attr-defined]
    for name, module in {"coco": this, "cocoeval": cocoeval, "mask": mask}.items():
        setattr(pycocotools, name, module)
        sys.modules[f"pycocotools.{name}"] = module
    sys.modules["pycocotools"] = pycocotools
    sys.modules["faster_coco_eval"] = faster_coco_eval
    core = types.ModuleType("faster_coco_eval.core", "spinenet_cpp in place of faster-coco-eval.")
    core.__path__ = []  # type: ignore[attr-defined]
    parts = {"coco": faster_coco_eval, "cocoeval": faster_coco_eval, "faster_eval_api": faster_coco_eval, "mask": mask}
    for name, module in parts.items():
        setattr(core, name, module)
        sys.modules[f"faster_coco_eval.core.{name}"] = module
    core.COCO, core.COCOeval_faster = faster_coco_eval.COCO, faster_coco_eval.COCOeval_faster  # type: ignore
    sys.modules["faster_coco_eval.core"] = core
    for name in ("mask", "core"):
        sys.modules[f"faster_coco_eval.{name}"] = mask if name == "mask" else core
