"""What pycocotools.cocoeval has: COCOeval and Params, equal to it to the last bit in every array, measured in C++.

    evaluation = COCOeval(truth, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    evaluation.stats, evaluation.eval["precision"]

evaluate() measures all at once and without Python's lock (the GIL); `evalImgs` and `ious` are made when they are asked for,
and from then on accumulate() reads `evalImgs`, as it does when it was set. What the evaluation in C++ does not understand
as pycocotools does (values of odd types, ids that occur twice, scores that are no numbers, thresholds that do not ascend, a
subclass with steps of its own) is computed step by step in Python: slower, with the same results. Key points are refused.
"""

from __future__ import annotations

import copy
import datetime
import math
import numbers
import time
from collections import defaultdict
from typing import Any

import numpy

from spinenet_cpp import _coco_sources as sources
from spinenet_cpp import _core, mask
from spinenet_cpp.errors import UnsupportedError

__all__ = ["COCOeval", "Params"]

_HIGHEST = 1 - 1e-10


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and not math.isnan(value)


def _whole_ids(ids: Any) -> list[int] | None:
    """As plain integers, or None where they are anything else."""
    if len(ids) == 0:
        return None
    array = numpy.asarray(ids)
    return array.tolist() if array.ndim == 1 and array.dtype.kind in "iu" else None


class Params:
    """What an evaluation measures. All of it may be changed before evaluate() is called."""

    def __init__(self, iouType: str = "segm") -> None:
        if iouType == "keypoints":
            raise UnsupportedError("iouType keypoints: key points are not evaluated; bbox and segm are")
        if iouType not in ("segm", "bbox"):
            raise Exception(f"iouType not supported: {iouType}")
        self.imgIds: list = []
        self.catIds: list = []
        self.iouThrs = numpy.linspace(0.5, 0.95, 10)
        self.recThrs = numpy.linspace(0.0, 1.0, 101)
        self.maxDets = [1, 10, 100]
        self.areaRng = [[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]]
        self.areaRngLbl = ["all", "small", "medium", "large"]
        self.useCats: Any = 1
        self.iouType = iouType
        self.useSegm: Any = None

    def __deepcopy__(self, memo: dict) -> Params:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        for name, value in self.__dict__.items():
            flat = name in ("imgIds", "catIds") and type(value) is list
            made.__dict__[name] = list(value) if flat else copy.deepcopy(value, memo)
        return made

    def _measures_as(self, other: Any) -> bool:
        """Whether accumulate() would find the arrays that evaluate() made of `other`."""
        names = ["imgIds", "maxDets", "areaRng", "useCats", "iouType"] + (["catIds"] if self.useCats else [])
        same = all(_equal(getattr(self, name), getattr(other, name)) for name in names)
        return same and all(_equal(getattr(self, name), getattr(other, name)) for name in ("iouThrs", "recThrs"))

    def _protocol(self) -> tuple | None:
        """Thresholds, areas and limits as plain numbers; None where the evaluation in C++ has no meaning for them."""
        ious, recalls, limits = list(self.iouThrs), list(self.recThrs), list(self.maxDets)
        areas = [list(area) for area in self.areaRng]
        if not (ious and recalls and limits and areas) or any(len(area) != 2 for area in areas):
            return None
        edges = [edge for area in areas for edge in area]
        if not all(_is_number(value) for value in ious + recalls + edges):
            return None
        whole = all(isinstance(limit, numbers.Integral) and 1 <= limit < 2**31 for limit in limits)
        if not whole or min(ious) < 0 or any(a > b for a, b in zip(recalls, recalls[1:])):
            return None
        return [float(v) for v in ious], [float(v) for v in recalls], [list(map(float, a)) for a in areas], limits


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, numpy.ndarray) or isinstance(other, numpy.ndarray):
        return numpy.array_equal(one, other)
    return one is other or one == other


class COCOeval:
    """Measures results against annotations."""

    _params_type: Any = Params
    _flag_may_be_absent = False  # an annotation without iscrowd counts as one with 0

    def __init__(self, cocoGt: Any = None, cocoDt: Any = None, iouType: str = "segm") -> None:
        self._set_up(cocoGt, cocoDt, self._params_type(iouType=iouType))

    def _set_up(self, cocoGt: Any, cocoDt: Any, params: Any) -> None:
        self.cocoGt = cocoGt
        self.cocoDt = cocoDt
        self.params = params
        self._measured: Any = None  # what evaluate() made in C++
        self._eval_imgs: Any = defaultdict(list)
        self._ious: Any = {}
        self.eval: dict = {}
        self._gts: Any = defaultdict(list)
        self._dts: Any = defaultdict(list)
        self._paramsEval: Any = {}
        self.stats: Any = []
        if cocoGt is not None:
            self.params.imgIds = sorted(cocoGt.getImgIds())
            self.params.catIds = sorted(cocoGt.getCatIds())

    def _say(self, text: str) -> None:
        print(text)

    @property
    def evalImgs(self) -> Any:
        """Who was matched with whom: a dict or None for each category, area range and image, in this order."""
        if self._eval_imgs is None:
            p = self._paramsEval
            self._eval_imgs = self._measured.eval_images(
                list(p.imgIds), self._categories(p), list(p.areaRng), p.maxDets[-1]
            )
        return self._eval_imgs

    @evalImgs.setter
    def evalImgs(self, value: Any) -> None:
        self._eval_imgs = value

    @property
    def ious(self) -> Any:
        """The overlaps [D, G] of each image and category, or []; D are the best results, by falling score."""
        if self._ious is None:
            p = self._paramsEval
            self._ious = self._measured.ious(list(p.imgIds), self._categories(p))
        return self._ious

    @ious.setter
    def ious(self, value: Any) -> None:
        self._ious = value

    @staticmethod
    def _categories(p: Any) -> list:
        return list(p.catIds) if p.useCats else [-1]

    def evaluate(self) -> None:
        """Measures the results of each image and category, as `params` says."""
        start = time.time()
        self._say("Running per image evaluation...")
        p = self.params
        if getattr(p, "useSegm", None) is not None:
            p.iouType = "segm" if p.useSegm == 1 else "bbox"
            self._say(f"useSegm (deprecated) is not None. Running {p.iouType} evaluation")
        self._say(f"Evaluate annotation type *{p.iouType}*")
        self._sort_params(p)
        self._measured = self._measure_at_once(p)
        if self._measured is not None:
            self._eval_imgs = None
            self._ious = None
            self.eval = {}
        else:
            self._prepare()
            self._ious = {(i, c): self.computeIoU(i, c) for i in p.imgIds for c in self._categories(p)}
            limit = p.maxDets[-1]
            self._eval_imgs = [
                self.evaluateImg(i, c, area, limit) for c in self._categories(p) for area in p.areaRng for i in p.imgIds
            ]
        self._paramsEval = copy.deepcopy(self.params)
        self._say(f"DONE (t={time.time() - start:0.2f}s).")

    @staticmethod
    def _sort_params(p: Any) -> None:
        p.imgIds = list(numpy.unique(p.imgIds))
        if p.useCats:
            p.catIds = list(numpy.unique(p.catIds))
        p.maxDets = sorted(p.maxDets)

    def _has_own_steps(self) -> bool:
        """Whether a subclass, or somebody who changed this object, computes a step in another way."""
        steps = ("_prepare", "computeIoU", "evaluateImg")
        return any(name in self.__dict__ or getattr(type(self), name) is not getattr(COCOeval, name) for name in steps)

    def _measure_at_once(self, p: Any) -> Any:
        """The evaluation in C++, or None where it has to be done step by step."""
        protocol = p._protocol() if hasattr(p, "_protocol") else None
        images, categories = _whole_ids(p.imgIds), _whole_ids(p.catIds)
        unfit = self._has_own_steps() or p.iouType not in ("bbox", "segm") or p.useCats not in (0, 1)
        if unfit or protocol is None or images is None or categories is None:
            return None
        if len(set(categories)) < len(categories):
            return None
        masks = p.iouType == "segm"
        results = self._results(self.cocoDt, images, masks, protocol)
        if results is None or not results.plain:
            return None
        truth = self._truth(self.cocoGt, images, masks)
        if truth is None or not truth.plain:
            return None
        return _core._coco_measure(truth, results, p.iouType, images, categories, bool(p.useCats), *protocol)

    def _truth(self, coco: Any, images: list[int], masks: bool) -> Any:
        source = getattr(coco, "_source", None)
        if isinstance(source, sources.TruthFile):
            return source.truth(masks)
        index = (coco.imgToAnns, coco.anns, coco.imgs)
        if not all(isinstance(one, dict) for one in index):
            return None
        return _core._coco_truth_from_dicts(*index, images, masks, self._flag_may_be_absent)

    @staticmethod
    def _results(coco: Any, images: list[int], masks: bool, protocol: tuple) -> Any:
        source = getattr(coco, "_source", None)
        if isinstance(source, sources.ResultArray) and source.single_precision():
            edges = [edge for area in protocol[2] for edge in area]
            if any(float(numpy.float32(edge)) != edge for edge in edges):
                return None
        if hasattr(source, "results"):
            return source.results(masks)
        index = (coco.imgToAnns, coco.anns, coco.imgs)
        if not all(isinstance(one, dict) for one in index):
            return None
        return _core._coco_results_from_dicts(*index, images, masks)

    # Step by step, on dicts.

    def _prepare(self) -> None:
        """Sorts annotations and results by image and category, with masks as run-length codes where those count."""
        p = self.params
        chosen = {"imgIds": p.imgIds, "catIds": p.catIds} if p.useCats else {"imgIds": p.imgIds}
        gts = self.cocoGt.loadAnns(self.cocoGt.getAnnIds(**chosen))
        dts = self.cocoDt.loadAnns(self.cocoDt.getAnnIds(**chosen))
        if p.iouType == "segm":
            for anns, coco in ((gts, self.cocoGt), (dts, self.cocoDt)):
                for ann in anns:
                    ann["segmentation"] = coco.annToRLE(ann)
        if self._flag_may_be_absent:
            for gt in gts:
                gt.setdefault("iscrowd", 0)
        for gt in gts:
            gt["ignore"] = "iscrowd" in gt and gt["iscrowd"]
        self._gts, self._dts = defaultdict(list), defaultdict(list)
        for gt in gts:
            self._gts[gt["image_id"], gt["category_id"]].append(gt)
        for dt in dts:
            self._dts[dt["image_id"], dt["category_id"]].append(dt)
        self._eval_imgs = defaultdict(list)
        self.eval = {}

    def _of_cell(self, by_cell: Any, imgId: Any, catId: Any) -> list:
        if self.params.useCats:
            return by_cell[imgId, catId]
        return [one for category in self.params.catIds for one in by_cell[imgId, category]]

    @staticmethod
    def _by_score(dt: list) -> list:
        order = numpy.argsort([-one["score"] for one in dt], kind="mergesort")
        return [dt[place] for place in order]

    def computeIoU(self, imgId: Any, catId: Any) -> Any:
        """The overlaps of an image and category: [D, G] or []."""
        p = self.params
        gt, dt = self._of_cell(self._gts, imgId, catId), self._of_cell(self._dts, imgId, catId)
        if len(gt) == 0 and len(dt) == 0:
            return []
        dt = self._by_score(dt)[: max(p.maxDets[-1], 0) if len(dt) > p.maxDets[-1] >= 0 else len(dt)]
        if p.iouType not in ("segm", "bbox"):
            raise Exception("unknown iouType for iou computation")
        key = "segmentation" if p.iouType == "segm" else "bbox"
        crowd = [int(one["iscrowd"]) for one in gt]
        return mask.iou([one[key] for one in dt], [one[key] for one in gt], crowd)

    def computeOks(self, imgId: Any, catId: Any) -> Any:
        """Refused: key points are not evaluated."""
        raise UnsupportedError("computeOks: key points are not evaluated; bbox and segm are")

    def evaluateImg(self, imgId: Any, catId: Any, aRng: Any, maxDet: int) -> dict | None:
        """Who is matched with whom in an image and category, within a range of areas."""
        gt, dt = self._of_cell(self._gts, imgId, catId), self._of_cell(self._dts, imgId, catId)
        if len(gt) == 0 and len(dt) == 0:
            return None
        for one in gt:
            one["_ignore"] = 1 if one["ignore"] or (one["area"] < aRng[0] or one["area"] > aRng[1]) else 0
        order = numpy.argsort([one["_ignore"] for one in gt], kind="mergesort")
        gt = [gt[place] for place in order]
        dt = self._by_score(dt)[0:maxDet]
        crowd = [int(one["iscrowd"]) for one in gt]
        ious = self.ious[imgId, catId]
        ious = ious[:, order] if len(ious) > 0 else ious
        thresholds = self.params.iouThrs
        gt_matches = numpy.zeros((len(thresholds), len(gt)))
        dt_matches = numpy.zeros((len(thresholds), len(dt)))
        gt_ignore = numpy.array([one["_ignore"] for one in gt])
        dt_ignore = numpy.zeros((len(thresholds), len(dt)))
        for t, threshold in enumerate(thresholds if len(ious) > 0 else []):
            for d, one in enumerate(dt):
                best = _best_match(ious[d], min([threshold, _HIGHEST]), gt_matches[t], gt_ignore, crowd)
                if best is None:
                    continue
                dt_ignore[t, d] = gt_ignore[best]
                dt_matches[t, d] = gt[best]["id"]
                gt_matches[t, best] = one["id"]
        outside = numpy.array([one["area"] < aRng[0] or one["area"] > aRng[1] for one in dt]).reshape((1, len(dt)))
        unmatched_outside = numpy.logical_and(dt_matches == 0, numpy.repeat(outside, len(thresholds), 0))
        return {
            "image_id": imgId,
            "category_id": catId,
            "aRng": aRng,
            "maxDet": maxDet,
            "dtIds": [one["id"] for one in dt],
            "gtIds": [one["id"] for one in gt],
            "dtMatches": dt_matches,
            "gtMatches": gt_matches,
            "dtScores": [one["score"] for one in dt],
            "gtIgnore": gt_ignore,
            "dtIgnore": numpy.logical_or(dt_ignore, unmatched_outside),
        }

    def accumulate(self, p: Any = None) -> None:
        """Precision, recall and scores over all images into `eval`; -1 where there is nothing to find."""
        self._say("Accumulating evaluation results...")
        start = time.time()
        if self._eval_imgs is not None and not len(self._eval_imgs):
            self._say("Please run evaluate() first")
        p = self.params if p is None else p
        at_once = self._measured is not None and self._eval_imgs is None and p._measures_as(self._paramsEval)
        p.catIds = p.catIds if p.useCats == 1 else [-1]
        precision, recall, scores = self._measured.take_arrays() if at_once else self._accumulate_images(p)
        self.eval = {
            "params": p,
            "counts": list(precision.shape),
            "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
            "precision": precision,
            "recall": recall,
            "scores": scores,
        }
        self._say(f"DONE (t={time.time() - start:0.2f}s).")

    def _accumulate_images(self, p: Any) -> tuple:
        """The arrays, from evalImgs."""
        known = self._paramsEval
        t, r, a, m = len(p.iouThrs), len(p.recThrs), len(p.areaRng), len(p.maxDets)
        k = len(p.catIds) if p.useCats else 1
        precision, recall = -numpy.ones((t, r, k, a, m)), -numpy.ones((t, k, a, m))
        scores = -numpy.ones((t, r, k, a, m))
        categories, images = set(self._categories(known)), set(known.imgIds)
        areas, limits = set(map(tuple, known.areaRng)), set(known.maxDets)
        category_places = [n for n, one in enumerate(p.catIds) if one in categories]
        area_places = [n for n, one in enumerate(map(tuple, p.areaRng)) if one in areas]
        image_places = [n for n, one in enumerate(p.imgIds) if one in images]
        wanted = [one for one in p.maxDets if one in limits]
        for k_at, k_place in enumerate(category_places):
            for a_at, a_place in enumerate(area_places):
                begin = (k_place * len(known.areaRng) + a_place) * len(known.imgIds)
                cells = [self.evalImgs[begin + place] for place in image_places]
                cells = [one for one in cells if one is not None]
                if len(cells) == 0:
                    continue
                for m_at, limit in enumerate(wanted):
                    at = (slice(None), slice(None), k_at, a_at, m_at)
                    curves = _curves(cells, limit, p.recThrs)
                    if curves is not None:
                        precision[at], recall[:, k_at, a_at, m_at], scores[at] = curves
        return precision, recall, scores

    def summarize(self) -> None:
        """Prints the twelve numbers of COCO and puts them into `stats`."""
        if not self.eval:
            raise Exception("Please run accumulate() first")
        most = self.params.maxDets
        rows: list[tuple] = [(1, None, "all", 100), (1, 0.5, "all", most[2]), (1, 0.75, "all", most[2])]
        rows += [(1, None, area, most[2]) for area in ("small", "medium", "large")]
        rows += [(0, None, "all", most[place]) for place in range(3)]
        rows += [(0, None, area, most[2]) for area in ("small", "medium", "large")]
        self.stats = numpy.array([self._number(*row) for row in rows], dtype=float)

    def _number(self, ap: int, iouThr: Any, areaRng: str, maxDets: int) -> Any:
        """One number: the mean of what is defined. -1 of nothing."""
        p = self.params
        s = self.eval["precision" if ap == 1 else "recall"]
        if iouThr is not None:
            s = s[numpy.where(iouThr == p.iouThrs)[0]]
        area_places = [n for n, label in enumerate(p.areaRngLbl) if label == areaRng]
        limit_places = [n for n, limit in enumerate(p.maxDets) if limit == maxDets]
        if len(area_places) == len(limit_places) == 1:
            s = s[..., area_places[0], limit_places[0]]
        else:
            s = s[..., area_places, limit_places]
        defined = s[s > -1]
        mean = -1 if len(defined) == 0 else numpy.mean(defined)
        title, kind = ("Average Precision", "(AP)") if ap == 1 else ("Average Recall", "(AR)")
        iou = f"{p.iouThrs[0]:0.2f}:{p.iouThrs[-1]:0.2f}" if iouThr is None else f"{iouThr:0.2f}"
        self._say(f" {title:<18} {kind} @[ IoU={iou:<9} | area={areaRng:>6s} | maxDets={maxDets:>3d} ] = {mean:0.3f}")
        return mean

    def __str__(self) -> str:
        self.summarize()
        return super().__repr__()


def _best_match(ious: Any, lowest: Any, taken: Any, ignored: Any, crowd: list) -> int | None:
    """The truth that a result takes: of those that are free or crowds the one with most overlap, the last of equals."""
    best = None
    for g in range(len(crowd)):
        if taken[g] > 0 and not crowd[g]:
            continue
        if best is not None and ignored[best] == 0 and ignored[g] == 1:
            break
        if ious[g] < lowest:
            continue
        lowest = ious[g]
        best = g
    return best


def _curves(cells: list, limit: int, thresholds: Any) -> tuple | None:
    """Precision [T, R], recall [T] and scores [T, R] of the cells of a category; None where there is nothing to find."""
    found = numpy.concatenate([one["dtScores"][0:limit] for one in cells])
    order = numpy.argsort(-found, kind="mergesort")
    found = found[order]
    matches = numpy.concatenate([one["dtMatches"][:, 0:limit] for one in cells], axis=1)[:, order]
    ignored = numpy.concatenate([one["dtIgnore"][:, 0:limit] for one in cells], axis=1)[:, order]
    targets = numpy.count_nonzero(numpy.concatenate([one["gtIgnore"] for one in cells]) == 0)
    if targets == 0:
        return None
    counted = numpy.logical_not(ignored)
    hits = numpy.cumsum(numpy.logical_and(matches, counted), axis=1).astype(float)
    misses = numpy.cumsum(numpy.logical_and(numpy.logical_not(matches), counted), axis=1).astype(float)
    precision, scores = numpy.zeros((len(hits), len(thresholds))), numpy.zeros((len(hits), len(thresholds)))
    recall = numpy.zeros(len(hits))
    for t in range(len(hits)):
        if len(found) == 0:
            continue
        reached = hits[t] / targets
        recall[t] = reached[-1]
        falling = hits[t] / (misses[t] + hits[t] + numpy.spacing(1))
        falling = numpy.maximum.accumulate(falling[::-1])[::-1]
        for place, at in enumerate(numpy.searchsorted(reached, thresholds, side="left")):
            if at >= len(found):
                break  # what follows is not filled in either, whatever its threshold
            precision[t, place], scores[t, place] = falling[at], found[at]
    return precision, recall, scores
