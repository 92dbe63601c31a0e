"""Object detection, instance segmentation and classification with SpineNet on the CPU.

    import spinenet_cpp

    model = spinenet_cpp.Model("best.safetensors")
    found = model("photo.jpg")
    found.boxes, found.scores, found.names

Every error of the package is a spinenet_cpp.Error whose message names the file, the place and what to do.
"""

from spinenet_cpp._core import (
    Architecture,
    Batches,
    Cost,
    Model,
    ObjectMasks,
    Prediction,
    Study,
    Trial,
    anchors,
    architectures,
    label_anchors,
    label_rois,
    label_yolo,
    match_rois,
    propose,
    refine_rois,
    sample_rois,
    segmenter_settings,
    set_thread_budget,
    subsample,
    thread_budget,
    version,
    yolo_cells,
)
from spinenet_cpp.errors import BadDataError, Error, FailedError, InputOutputError, UnsupportedError, UsageError

__version__ = version()

__all__ = [
    "Architecture",
    "BadDataError",
    "Batches",
    "Cost",
    "Error",
    "FailedError",
    "InputOutputError",
    "Model",
    "ObjectMasks",
    "Prediction",
    "Study",
    "Trial",
    "UnsupportedError",
    "UsageError",
    "anchors",
    "architectures",
    "label_anchors",
    "label_rois",
    "label_yolo",
    "match_rois",
    "propose",
    "refine_rois",
    "sample_rois",
    "segmenter_settings",
    "set_thread_budget",
    "subsample",
    "thread_budget",
    "version",
    "yolo_cells",
]
