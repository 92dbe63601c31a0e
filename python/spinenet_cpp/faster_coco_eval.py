"""The face of faster-coco-eval: COCO, COCOeval_faster and stats_as_dict over the same evaluation.

    truth = COCO("annotations.json")
    evaluation = COCOeval_faster(truth, truth.loadRes("results.json"), iouType="bbox", print_function=print)
    evaluation.run()
    evaluation.stats_as_dict["AP_50"]

Key points, boundaries, LVIS and the extra figures of matched pairs (extra_calc, mIoU, mAUC, extended_metrics) are refused
by name.
"""

from __future__ import annotations

import copy
import json
import logging
import os
from typing import Any, Callable

import numpy

from spinenet_cpp import _core, coco, cocoeval, mask
from spinenet_cpp.errors import UnsupportedError

__all__ = ["COCO", "COCOeval", "COCOeval_faster", "init_as_pycocotools", "mask"]

__author__ = "spinenet_cpp"
__version__ = _core.version()

_logger = logging.getLogger(__name__)


def _listed(ids: Any) -> list:
    """Ids as a list; TypeError for anything that is no integer."""
    if ids is None:
        return []
    values = list(ids) if hasattr(ids, "__iter__") and not isinstance(ids, (str, bytes)) else [ids]
    if any(isinstance(one, bool) or not isinstance(one, (int, numpy.integer)) for one in values):
        raise TypeError("ids must be an int or an iterable of ints")
    return values


def _or_empty(value: Any) -> Any:
    return [] if value is None else value


class COCO(coco.COCO):
    """spinenet_cpp.coco.COCO with what faster-coco-eval adds: dicts as a source, print_function, other names."""

    def __init__(
        self, annotation_file: Any = None, use_deepcopy: bool = False, print_function: Callable = _logger.debug
    ) -> None:
        self.print_function = print_function
        self.use_deepcopy = use_deepcopy
        self.annotation_file = annotation_file
        if annotation_file is None or isinstance(annotation_file, (str, os.PathLike)):
            super().__init__(annotation_file)
            return
        super().__init__()
        if not isinstance(annotation_file, (dict, list)):
            raise TypeError(f"type {type(annotation_file)} is not supported")
        dataset = self.load_json(annotation_file, use_deepcopy)
        assert type(dataset) is dict, f"annotation file format {type(dataset)} not supported"
        self.dataset = dataset
        self.createIndex()

    def _say(self, text: Any) -> None:
        self.print_function(text)

    @staticmethod
    def load_json(json_file: Any, use_deepcopy: Any = False) -> Any:
        """The content of a file; of a dict or list a copy, shallow or deep."""
        if isinstance(json_file, (str, os.PathLike)):
            with open(json_file) as file:
                return json.load(file)
        return copy.deepcopy(json_file) if use_deepcopy else json_file.copy()

    def getAnnIds(self, imgIds: Any = None, catIds: Any = None, areaRng: Any = None, iscrowd: Any = None) -> list:
        """As pycocotools has it, with None for what is not asked for."""
        return super().getAnnIds(_or_empty(imgIds), _or_empty(catIds), _or_empty(areaRng), iscrowd)

    def getCatIds(self, catNms: Any = None, supNms: Any = None, catIds: Any = None) -> list:
        """As pycocotools has it, with None for what is not asked for."""
        return super().getCatIds(_or_empty(catNms), _or_empty(supNms), _or_empty(catIds))

    def getImgIds(self, imgIds: Any = None, catIds: Any = None) -> list:
        """As pycocotools has it, with None for what is not asked for."""
        return super().getImgIds(_or_empty(imgIds), _or_empty(catIds))

    def loadAnns(self, ids: Any = None) -> list:
        """The annotations with these ids."""
        return [self.anns[one] for one in _listed(ids)]

    def loadCats(self, ids: Any = None) -> list:
        """The categories with these ids."""
        return [self.cats[one] for one in _listed(ids)]

    def loadImgs(self, ids: Any = None) -> list:
        """The images with these ids."""
        return [self.imgs[one] for one in _listed(ids)]

    get_ann_ids = getAnnIds
    load_anns = loadAnns
    load_cats = loadCats
    load_imgs = loadImgs

    def get_cat_ids(self, cat_names: Any = None, sup_names: Any = None, cat_ids: Any = None) -> list:
        """getCatIds by another name."""
        return self.getCatIds(cat_names, sup_names, cat_ids)

    def get_img_ids(self, img_ids: Any = None, cat_ids: Any = None) -> list:
        """getImgIds by another name."""
        return self.getImgIds(img_ids, cat_ids)

    @property
    def img_ann_map(self) -> Any:
        """imgToAnns by another name."""
        return self.imgToAnns

    @img_ann_map.setter
    def img_ann_map(self, value: Any) -> None:
        self.imgToAnns = value

    @property
    def cat_img_map(self) -> Any:
        """catToImgs by another name."""
        return self.catToImgs

    @cat_img_map.setter
    def cat_img_map(self, value: Any) -> None:
        self.catToImgs = value

    def loadRes(self, resFile: Any, min_score: float = 0.0) -> COCO:
        """As pycocotools has it; results below min_score are left out, and no results are an empty set."""
        res = COCO(print_function=self.print_function)
        is_file = isinstance(resFile, (str, os.PathLike))
        if not is_file and not isinstance(resFile, (list, numpy.ndarray)):
            raise TypeError(f"type {type(resFile)} is not supported")
        if min_score != 0.0:
            given = self.loadNumpyAnnotations(resFile) if isinstance(resFile, numpy.ndarray) else self.load_json(resFile)
            resFile, is_file = [one for one in given if one.get("score", 1) >= min_score], False
        if is_file and not self._can_read(resFile) or not is_file and len(resFile) == 0:
            resFile, is_file = self.load_json(resFile) if is_file else [], False
        if not is_file and len(resFile) == 0:
            given = self._built()
            res.dataset = {
                "info": copy.deepcopy(given.get("info", {})),
                "images": list(given["images"]),
                "annotations": [],
                "categories": copy.deepcopy(given.get("categories", [])),
            }
            res.createIndex()
            return res
        if self.use_deepcopy and not is_file:
            resFile = copy.deepcopy(resFile)
        self._fill_results(res, resFile, is_file)
        return res

    @staticmethod
    def _can_read(path: Any) -> bool:
        """Whether the file is more than an empty list, which is a set without results."""
        return os.path.getsize(path) > 64

    def download(self, tarDir: Any = None, imgIds: Any = None) -> None:
        """Refused: the package downloads nothing."""
        super().download(tarDir, _or_empty(imgIds))

    def to_dict(self, separate_fn: bool = False) -> dict:
        """The content as a dict. UnsupportedError for separate_fn, which wants the figures of extra_calc."""
        if separate_fn:
            raise UnsupportedError("COCO.to_dict: separate_fn wants extra_calc, which is not computed")
        return {
            "info": {"description": "Created from faster-coco-eval"},
            "images": list(self.imgs.values()),
            "annotations": [dict(one) for one in self.anns.values()],
            "categories": [dict(one) for one in self.cats.values()],
        }

    def __iter__(self) -> Any:
        yield from self.to_dict().items()


class Params(cocoeval.Params):
    """Params with faster-coco-eval's ranges of areas."""

    def __init__(self, iouType: str = "segm", kpt_sigmas: Any = None, ranges: dict | None = None) -> None:
        if iouType not in ("bbox", "segm"):
            raise UnsupportedError(f"iouType {iouType}: it is not evaluated; bbox and segm are")
        super().__init__(iouType)
        if ranges is not None:
            self.areaRng = [[0, 1e10], *ranges.values()]
            self.areaRngLbl = ["all", *ranges.keys()]
        self.compute_rle = iouType == "segm"
        self.compute_boundary = False
        self.imgCountLbl = ["r", "c", "f"]


class COCOeval_faster(cocoeval.COCOeval):
    """spinenet_cpp.cocoeval.COCOeval with faster-coco-eval's numbers and names."""

    _flag_may_be_absent = True

    def __init__(
        self,
        cocoGt: Any = None,
        cocoDt: Any = None,
        iouType: str = "segm",
        ranges: dict | None = None,
        print_function: Callable = _logger.info,
        extra_calc: bool = False,
        kpt_oks_sigmas: Any = None,
        use_area: bool | None = True,
        lvis_style: bool = False,
        separate_eval: bool = False,
        boundary_dilation_ratio: float = 0.02,
        boundary_cpu_count: int = 4,
        rle_iou_max_workers: int = 8,
    ) -> None:
        """UnsupportedError for extra_calc and lvis_style. What concerns key points, boundaries and threads is ignored."""
        if extra_calc:
            raise UnsupportedError("extra_calc: the figures of matched pairs are not computed")
        if lvis_style:
            raise UnsupportedError("lvis_style: LVIS's protocol is not evaluated")
        self.print_function = print_function
        self.extra_calc = extra_calc
        self.lvis_style = lvis_style
        self.separate_eval = separate_eval
        self.use_area = use_area
        self.matched = False
        self.all_stats: Any = []
        for one in (cocoGt, cocoDt):
            if one is not None and print_function is print:
                one.print_function = print
        self._set_up(cocoGt, cocoDt, Params(iouType, kpt_oks_sigmas, ranges))

    def _say(self, text: str) -> None:
        self.print_function(text)

    def run(self) -> None:
        """evaluate(), accumulate() and summarize()."""
        self.evaluate()
        self.accumulate()
        self.summarize()

    def summarize(self) -> None:
        """The numbers into `all_stats`, and those before the recalls at 0.5 and 0.75 into `stats`."""
        if not self.eval:
            raise Exception("Please run accumulate() first")
        limits, areas = self.params.maxDets, self.params.areaRngLbl[1:]
        most = limits[-1]
        rows: list[tuple] = [(1, None, "all", most), (1, 0.5, "all", most), (1, 0.75, "all", most)]
        rows += [(1, None, area, most) for area in areas]
        rows += [(0, None, "all", limit) for limit in limits]
        rows += [(0, None, area, most) for area in areas]
        rows += [(0, 0.5, "all", most), (0, 0.75, "all", most)]
        self.all_stats = numpy.array([self._number(*row) for row in rows], dtype=float)
        self.stats = self.all_stats[: len(rows) - 2]

    @property
    def stats_as_dict(self) -> dict[str, float]:
        """all_stats by name: AP_all, AP_50, AP_75, AP_small ..., AR_all, AR_second, AR_third, AR_small ..., AR_50, AR_75.

        With other limits than 1, 10 and 100 the recalls are named after theirs, as AR_300.
        """
        p = self.params
        areas = [label for label in p.areaRngLbl if label != "all"]
        of_coco = p.maxDets == [1, 10, 100]
        labels = ["AP_all", "AP_50", "AP_75"] + [f"AP_{area}" for area in areas]
        labels += ["AR_all", "AR_second", "AR_third"] if of_coco else [f"AR_{limit}" for limit in p.maxDets]
        labels += [f"AR_{area}" for area in areas] + ["AR_50", "AR_75"]
        return {label: float(self.all_stats[place]) for place, label in enumerate(labels)}

    def _refuse_pairs(self, name: str) -> Any:
        raise UnsupportedError(f"{name}: the figures of matched pairs are not computed")

    def compute_mIoU(self) -> float:
        """Refused: UnsupportedError."""
        return self._refuse_pairs("compute_mIoU")

    def compute_mAUC(self) -> float:
        """Refused: UnsupportedError."""
        return self._refuse_pairs("compute_mAUC")

    @property
    def extended_metrics(self) -> dict:
        """Refused: UnsupportedError."""
        return self._refuse_pairs("extended_metrics")


class COCOeval(COCOeval_faster):
    """What stands for pycocotools' COCOeval in faster-coco-eval."""


def init_as_pycocotools() -> None:
    """Makes `import pycocotools` mean this package, in this process."""
    coco.install()
