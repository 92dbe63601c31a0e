"""Annotations on matplotlib's axes, for COCO.showAnns."""

from __future__ import annotations

from typing import Any

import numpy

from spinenet_cpp import mask
from spinenet_cpp.errors import UnsupportedError

_CROWD = numpy.array([2.0, 166.0, 101.0]) / 255


def show(coco: Any, anns: Any, draw_bbox: bool) -> Any:
    """0 for no annotations; Exception for those that are neither instances nor captions."""
    if len(anns) == 0:
        return 0
    if "segmentation" in anns[0] or "keypoints" in anns[0]:
        _show_instances(coco, anns, draw_bbox)
    elif "caption" in anns[0]:
        for ann in anns:
            print(ann["caption"])
    else:
        raise Exception("datasetType not supported")
    return None


def _show_instances(coco: Any, anns: Any, draw_bbox: bool) -> None:
    try:
        from matplotlib import pyplot
        from matplotlib.collections import PatchCollection
        from matplotlib.patches import Polygon
    except ImportError as error:
        raise UnsupportedError("COCO.showAnns draws with matplotlib, which is not installed: pip install matplotlib") from error
    axes = pyplot.gca()
    axes.set_autoscale_on(False)
    outlines, colors = [], []
    for ann in anns:
        color = (numpy.random.random(3) * 0.6 + 0.4).tolist()
        shapes = []
        segmentation = ann.get("segmentation")
        if type(segmentation) is list:
            shapes = [numpy.array(part).reshape(-1, 2) for part in segmentation]
        elif segmentation is not None:
            pixels = coco.annToMask(ann)
            shade = numpy.empty((*pixels.shape, 4))
            shade[:, :, :3] = _CROWD if ann.get("iscrowd") else color
            shade[:, :, 3] = pixels * 0.5
            axes.imshow(shade)
        if draw_bbox:
            x, y, w, h = ann["bbox"]
            shapes.append(numpy.array([[x, y], [x, y + h], [x + w, y + h], [x + w, y]]))
        outlines += [Polygon(shape) for shape in shapes]
        colors += [color] * len(shapes)
        if type(ann.get("keypoints")) is list:
            _show_points(coco, ann, color, pyplot)
    axes.add_collection(PatchCollection(outlines, facecolor=colors, linewidths=0, alpha=0.4))
    axes.add_collection(PatchCollection(outlines, facecolor="none", edgecolors=colors, linewidths=2))


def _show_points(coco: Any, ann: dict, color: list, pyplot: Any) -> None:
    x, y, seen = (numpy.array(ann["keypoints"][place::3]) for place in range(3))
    for bone in numpy.array(coco.loadCats(ann["category_id"])[0]["skeleton"]) - 1:
        if numpy.all(seen[bone] > 0):
            pyplot.plot(x[bone], y[bone], linewidth=3, color=color)
    for least, edge in ((0, "k"), (1, color)):
        dots = {"markersize": 8, "markerfacecolor": color, "markeredgecolor": edge, "markeredgewidth": 2}
        pyplot.plot(x[seen > least], y[seen > least], "o", **dots)
