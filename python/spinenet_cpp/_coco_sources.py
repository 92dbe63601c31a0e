"""Where the content of a COCO object comes from while nobody has looked at its dicts.

Each source gives the evaluation what it needs in C++ at once (truth() or results(), None where only Python understands
it), and the dicts that pycocotools would have made when they are asked for (dataset()).
"""

from __future__ import annotations

import copy
import json
import os
from typing import Any

import numpy

from spinenet_cpp import _core, mask
from spinenet_cpp.errors import BadDataError

# Lists of files that are longer are read in pieces of about as many bytes, beside each other.
PIECE_BYTES = 256 << 10


def _stamp(path: Any) -> tuple:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ino


class _File:
    """A file that was read once, and is read again for its dicts."""

    def __init__(self, path: Any) -> None:
        self._path = os.path.abspath(path)
        self._stamp = _stamp(path)

    def json(self) -> Any:
        if _stamp(self._path) != self._stamp:
            raise BadDataError(f"{self._path}: the file has changed since it was loaded; load it again")
        with open(self._path) as file:
            return json.load(file)


class TruthFile(_File):
    """An annotation file that the package's own reader has read, but for the masks, which are read when they are wanted."""

    @staticmethod
    def of(path: Any) -> TruthFile | None:
        """None where there is anything in the file that this reader and pycocotools understand differently."""
        try:
            source = TruthFile(path)
        except OSError:
            return None
        source._truth = _core._coco_truth_from_file(path, PIECE_BYTES)
        source._has_masks = False
        return source if source._truth is not None else None

    def truth(self, masks: bool = False) -> Any:
        """None where masks are wanted and there is one that this reader and pycocotools understand differently."""
        if masks and not self._has_masks:
            found = _core._coco_truth_with_masks(self._truth)
            if found is None:
                return None
            self._truth, self._has_masks = found, True
        return self._truth

    def image_ids(self) -> list[int]:
        return self._truth.image_ids()

    def category_ids(self) -> list[int]:
        return self._truth.category_ids()

    def dataset(self) -> dict:
        return self.json()


def complete(anns: list, has_boxes: bool) -> list:
    """Gives results what pycocotools' loadRes gives them: area, id, iscrowd, and the box or the outline that they lack."""
    for place, ann in enumerate(anns):
        if has_boxes:
            x, y, w, h = ann["bbox"][0], ann["bbox"][1], ann["bbox"][2], ann["bbox"][3]
            if "segmentation" not in ann:
                ann["segmentation"] = [[x, y, x, y + h, x + w, y + h, x + w, y]]
            ann["area"] = w * h
        else:
            ann["area"] = mask.area(ann["segmentation"])
            if "bbox" not in ann:
                ann["bbox"] = mask.toBbox(ann["segmentation"])
        ann["id"] = place + 1
        ann["iscrowd"] = 0
    return anns


class _Results:
    """Results of a set whose COCO object is `parent`."""

    def __init__(self, parent: Any) -> None:
        self._parent = parent

    def anns(self) -> list:
        raise NotImplementedError

    def dataset(self) -> dict:
        given = self._parent._built()
        return {
            "info": copy.deepcopy(given.get("info", {})),
            "images": list(given["images"]),
            "categories": copy.deepcopy(given["categories"]),
            "annotations": self.anns(),
        }


class ResultFile(_Results):
    """A results file that the package's own reader has read."""

    def __init__(self, parent: Any, path: Any, results: Any) -> None:
        super().__init__(parent)
        self._file = _File(path)
        self._results = results

    @staticmethod
    def of(parent: Any, path: Any, truth: Any) -> ResultFile | None:
        results = _core._coco_results_from_file(path, truth, PIECE_BYTES)
        return ResultFile(parent, path, results) if results is not None else None

    def results(self, masks: bool) -> Any:
        return self._results

    def anns(self) -> list:
        anns = self._file.json()
        return complete(anns, has_boxes(anns))


class ResultList(_Results):
    """A list of dicts. The dicts stay the caller's: what they hold when evaluate() is called counts."""

    def __init__(self, parent: Any, anns: list, boxes: bool) -> None:
        super().__init__(parent)
        self._anns = anns
        self._boxes = boxes

    def results(self, masks: bool) -> Any:
        return _core._coco_results_from_list(self._anns, masks, self._boxes)

    def anns(self) -> list:
        return complete(self._anns, self._boxes)


class ResultArray(_Results):
    """An array [N, 7] as it was when it was loaded."""

    def __init__(self, parent: Any, array: numpy.ndarray, results: Any) -> None:
        super().__init__(parent)
        self._array = array.copy()
        self._results = results

    @staticmethod
    def of(parent: Any, array: numpy.ndarray) -> ResultArray | None:
        results = _core._coco_results_from_array(array)
        return ResultArray(parent, array, results) if results.plain and len(results) > 0 else None

    def single_precision(self) -> bool:
        return self._array.dtype == numpy.float32

    def results(self, masks: bool) -> Any:
        return None if masks else self._results

    def anns(self) -> list:
        return complete(dicts_of_rows(self._array), True)


def dicts_of_rows(data: numpy.ndarray) -> list:
    """A dict for each row of [N, 7]: image id, x, y, width, height, score, category id."""
    return [
        {"image_id": int(row[0]), "bbox": [row[1], row[2], row[3], row[4]], "score": row[5], "category_id": int(row[6])}
        for row in data
    ]


def has_boxes(anns: list) -> bool:
    return "bbox" in anns[0] and not anns[0]["bbox"] == []
