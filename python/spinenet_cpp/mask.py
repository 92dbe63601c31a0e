"""Masks as COCO's run-length codes: what pycocotools.mask has, equal to it to the last bit.

    code = encode(numpy.asfortranarray(pixels))   # {"size": [height, width], "counts": b"..."}
    pixels = decode(code)

A run-length code is a dict with "size" and "counts", bytes or text. Where a function takes a list of codes it gives an
array or list with one entry for each; of a single code it gives the one entry. A code whose runs do not fit its size is
refused with a BadDataError.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy

from spinenet_cpp import _core

__all__ = ["area", "decode", "encode", "frPyObjects", "iou", "merge", "segmToRle", "toBbox"]


def encode(bimask: numpy.ndarray) -> Any:
    """The code of a mask [height, width], or a list of codes of masks [height, width, N], of uint8 or bool.

    Whatever is not 0 belongs to the mask. Any order in memory will do; Fortran order is the fastest.
    """
    if bimask.dtype.kind not in "bu" or bimask.dtype.itemsize != 1:
        raise ValueError(f"a mask is an array of uint8 or bool, and this one is of {bimask.dtype}")
    if bimask.ndim == 2:
        return _core._mask_encode(bimask[:, :, None])[0]
    return _core._mask_encode(bimask)


def decode(rleObjs: Any) -> numpy.ndarray:
    """Masks of 0 and 1 as uint8 in Fortran order: [height, width, N] of a list of codes, [height, width] of one code."""
    return _core._mask_decode(rleObjs) if type(rleObjs) is list else _core._mask_decode([rleObjs])[:, :, 0]


def area(rleObjs: Any) -> Any:
    """Pixels that belong to the mask: uint32 [N] of a list, a number of one code."""
    return _core._mask_area(rleObjs) if type(rleObjs) is list else _core._mask_area([rleObjs])[0]


def toBbox(rleObjs: Any) -> numpy.ndarray:
    """The box around the mask as x, y, width, height: float64 [N, 4] of a list, [4] of one code."""
    return _core._mask_to_bbox(rleObjs) if type(rleObjs) is list else _core._mask_to_bbox([rleObjs])[0]


def merge(rleObjs: list, intersect: Any = 0) -> dict:
    """The union of the masks, or what they have in common. Of masks of different sizes: the empty mask of size 0."""
    return _core._mask_merge(rleObjs, bool(intersect))


def _boxes_or_codes(objects: Any) -> Any:
    """An array [N, 4], or a list of codes."""
    if type(objects) is numpy.ndarray:
        if objects.ndim != 2 or objects.shape[1] != 4:
            raise ValueError(f"an array holds boxes [N, 4] (x, y, width, height), and this one is {list(objects.shape)}")
        return objects.astype(numpy.double)
    if type(objects) is not list:
        raise TypeError(f"boxes are a list or an array, masks a list of run-length codes; this is {type(objects)}")
    if all(type(one) is dict for one in objects):
        return objects
    if all(type(one) in (list, numpy.ndarray) and len(one) == 4 for one in objects):
        return numpy.array(objects, dtype=numpy.double)
    raise TypeError("a list holds boxes of four numbers, or run-length codes")


def iou(dt: Any, gt: Any, pyiscrowd: Sequence) -> Any:
    """Intersection over union of boxes (x, y, width, height) or codes: float64 [D, G], or [] where one of them is empty.

    Of a crowd region it is the share of the detection that lies in it. Masks of different sizes that may touch give -1.
    """
    if len(pyiscrowd) != len(gt):
        raise AssertionError(f"there are {len(gt)} truths, and {len(pyiscrowd)} entries of iscrowd")
    if len(dt) == 0 or len(gt) == 0:
        return []
    detected, truths = _boxes_or_codes(dt), _boxes_or_codes(gt)
    if type(detected) is not type(truths):
        raise TypeError("boxes overlap boxes and masks masks: one of the two lists has the other kind")
    crowd = numpy.array(pyiscrowd, dtype=numpy.uint8).tolist()
    function = _core._mask_ious if type(detected) is list else _core._box_ious
    return function(detected, truths, crowd)


def _of_runs(code: dict) -> dict:
    runs = code["counts"]
    if isinstance(runs, (bytes, str)):
        raise ValueError("the code is compressed already: its counts are no list of numbers")
    return _core._mask_from_runs(code["size"][0], code["size"][1], [int(run) for run in runs])


def frPyObjects(pyobj: Any, h: int, w: int) -> Any:
    """Codes of masks of h x w pixels.

    Of an array [N, 4]: of the boxes (x, y, width, height). Of a list of polygons (x, y, x, y, ... of at least three
    points each): one code for each; merge() unites them. Of a list of uncompressed codes (counts are a list of numbers,
    with sizes of their own): compressed ones. Of one polygon as a flat list, one box as a flat list, or one uncompressed
    code: one code. A list of lists of four numbers could mean boxes or lines and is refused: hand in an array.
    """
    if type(pyobj) is numpy.ndarray:
        return _core._mask_from_boxes(pyobj, h, w)
    if type(pyobj) is dict:
        return _of_runs(pyobj)
    if type(pyobj) is not list:
        raise TypeError(f"{type(pyobj)} is no mask: an array of boxes, a list of polygons, or a run-length code")
    if len(pyobj) == 0:
        raise IndexError("the list is empty: there is no mask in it")
    first = pyobj[0]
    if type(first) is dict:
        return [_of_runs(code) for code in pyobj]
    if not hasattr(first, "__len__"):
        if len(pyobj) == 4:
            return _core._mask_from_boxes(numpy.array([pyobj], dtype=numpy.double), h, w)[0]
        return frPyObjects([pyobj], h, w)[0]
    if len(first) == 4:
        raise TypeError("four numbers are a box or two points: boxes are an array [N, 4], a polygon has three points")
    if len(first) < 4:
        raise ValueError(f"a polygon of {len(first)} numbers: it needs an x and a y for each of at least three points")
    return _core._mask_from_polygons(pyobj, h, w)


def segmToRle(segm: Any, w: int, h: int) -> dict:
    """One code of the parts of an annotation, as faster-coco-eval has it: polygons united, runs compressed."""
    if type(segm) is list:
        return merge(frPyObjects(segm, h, w))
    return frPyObjects(segm, h, w) if type(segm["counts"]) is list else segm
