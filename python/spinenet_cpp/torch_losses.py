"""The losses of every detector and segmenter as `spinenet train` has them, and how outputs become rows. Needs PyTorch 2.

    detection_losses(outputs, classes, codes)                       RetinaNet's head
    yolo_losses(outputs, cells, targets)                            YOLO's head
    proposal_losses(...), box_head_losses(...), mask_head_loss(...) the two stages of Mask R-CNN; see torch_segment.py

Each gives a dict of scalars with the names that the program logs, whose sum is minimised. Sums of many terms are computed
in float32, also where the network computes in bfloat16. Boxes are x1, y1, x2, y2 in pixels of the network's input.

None of them looks at values in Python, so torch.compile takes them whole. Shapes that do not go together are a UsageError.

Sources: Lin et al., Focal Loss for Dense Object Detection (2017), sections 3 and 4.1; Bochkovskiy et al., YOLOv4 (2020),
section 3.4; Zheng et al., Distance-IoU Loss (2020), section 3.3; Ren et al., Faster R-CNN (2015), section 3.1.2; Girshick,
Fast R-CNN (2015), section 2.3; He et al., Mask R-CNN (2017), section 3.
"""

import math
from typing import Any, NamedTuple, Optional, Sequence, Union

import torch
from torch.nn import functional

from spinenet_cpp.errors import UsageError

BACKGROUND, IGNORED = -1, -2
YOLO_BOX_CHANNELS = 5  # x, y, w, h, objectness; the classes follow
MAX_LOG_SCALE = math.log(1000 / 16)  # of the sides of a decoded box to those of its anchor

_Count = Union[torch.Tensor, float, None]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise UsageError(message)


def flatten_levels(levels: list[torch.Tensor], last: int) -> torch.Tensor:
    """Outputs of the levels, [N, A*last, H, W], as [N, anchors, last] in the order of anchors()."""
    return torch.cat([level.permute(0, 2, 3, 1).reshape(level.shape[0], -1, last) for level in levels], 1)


def detector_rows(outputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits [N, anchors, K] and codes [N, anchors, 4] of what a detector's module gives."""
    logits = [output for name, output in outputs.items() if name.startswith("class.")]
    codes = [output for name, output in outputs.items() if name.startswith("box.")]
    anchors = codes[0].shape[1] // 4
    return flatten_levels(logits, logits[0].shape[1] // anchors), flatten_levels(codes, 4)


def _negative(x: torch.Tensor, alpha: float, gamma: float) -> torch.Tensor:
    """Of a logit whose target is 0: (1 - alpha) p^gamma (-log(1 - p))."""
    return functional.softplus(x) * torch.sigmoid(x).pow(gamma) * (1 - alpha)


def _positive(x: torch.Tensor, alpha: float, gamma: float) -> torch.Tensor:
    """Target 1: alpha (1 - p)^gamma (-log p)."""
    return functional.softplus(-x) * torch.sigmoid(-x).pow(gamma) * alpha


def focal_loss(logits: torch.Tensor, classes: torch.Tensor, alpha: float = 0.25, gamma: float = 1.5) -> torch.Tensor:
    """The sum over all anchors that are not ignored and all classes.

    `logits`: [..., K]; `classes`: [...] of int64: the class, -1 background, -2 ignored. Logits of +-1e4 give finite
    values.
    """
    learned = (classes != IGNORED).unsqueeze(-1)
    total = torch.where(learned, _negative(logits, alpha, gamma), 0).sum()
    # Nearly all targets are 0, so the sum is taken as if all were, and repaired at the few that are not.
    x = logits.gather(-1, classes.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    repaired = _positive(x, alpha, gamma) - _negative(x, alpha, gamma)
    return total + torch.where(classes >= 0, repaired, 0).sum()


def box_loss(codes: torch.Tensor, wanted: torch.Tensor, classes: torch.Tensor, delta: float = 0.1) -> torch.Tensor:
    """Huber loss, the sum over the codes [..., 4] of the anchors that have a class."""
    each = functional.huber_loss(codes, wanted, reduction="none", delta=delta)
    return torch.where((classes >= 0).unsqueeze(-1), each, 0).sum()


def detection_losses(outputs: dict[str, torch.Tensor], classes: torch.Tensor, codes: torch.Tensor,
                     positives: Optional[torch.Tensor] = None, *, focal_alpha: float = 0.25, focal_gamma: float = 1.5,
                     huber_delta: float = 0.1, box_weight: float = 50.0) -> dict[str, torch.Tensor]:
    """classification_loss and box_loss of a batch; their sum is minimised.

    `outputs`: of a detector's module. `classes` [N, anchors] and `codes` [N, anchors, 4]: targets as label_anchors()
    or Batches give them. `positives`: how many anchors of the whole batch, over all processes, have a class; by default
    those of `classes`. The classification loss is divided by positives + 1, the box loss by 4 times that.
    """
    logits, predicted = detector_rows(outputs)
    if positives is None:
        positives = (classes >= 0).sum()
    normaliser = positives + 1
    # Losses are sums of many terms: in float32, also where the network computes in bfloat16.
    classification = focal_loss(logits.float(), classes, focal_alpha, focal_gamma) / normaliser
    box = box_loss(predicted.float(), codes, classes, huber_delta) * (box_weight / (4 * normaliser))
    return {"classification_loss": classification, "box_loss": box}


class YoloTargets(NamedTuple):
    """What the anchor cells of a batch learn; yolo_targets() makes it.

    Anchor cells are numbered as the rows of spinenet_cpp.yolo_cells(); those of image n follow after n times their
    number.
    """

    positives: torch.Tensor  # [P] int64: the anchor cells that learn an object, ascending, each once
    classes: torch.Tensor  # [P, K]: 1 where one of its objects has the class, else 0
    match_positive: torch.Tensor  # [M] int64: of each object that one learns, the place in positives
    match_boxes: torch.Tensor  # [M, 4]
    ignored: torch.Tensor  # [I] int64: anchor cells that learn nothing, none of the positives
    boxes: list[torch.Tensor]  # of each image [T, 4]: its objects without crowds

    def to(self, device: Any) -> "YoloTargets":
        return YoloTargets(*(one.to(device) for one in self[:5]), [one.to(device) for one in self.boxes])


def _rows_of(targets: dict[str, Any], name: str, dtype: torch.dtype, *last: int) -> torch.Tensor:
    return torch.as_tensor(targets[name]).to(dtype).reshape(-1, *last)


def yolo_targets(targets: Sequence[dict[str, Any]], cells: int, classes: int) -> YoloTargets:
    """What `cells` anchor cells an image learn of `classes` classes, from the "targets" of a batch that Batches gives.

    Of each image a dict (arrays or tensors): "boxes" [T, 4], "labels" [T], "crowd" [T], and what
    spinenet_cpp.label_yolo() gives, "matches" [M, 2] and "ignored" [I].
    """
    _require(len(targets) > 0, "targets of no image")
    places, labels, boxes, ignored, objects = [], [], [], [], []
    for image, one in enumerate(targets):
        matches = _rows_of(one, "matches", torch.int64, 2)
        all_boxes, all_labels = _rows_of(one, "boxes", torch.float32, 4), _rows_of(one, "labels", torch.int64)
        crowd = _rows_of(one, "crowd", torch.bool)
        _require(len(all_boxes) == len(all_labels) == len(crowd),
                 f"image {image} has {len(all_boxes)} boxes, {len(all_labels)} labels and {len(crowd)} crowd marks")
        places.append(matches[:, 0] + image * cells)
        labels.append(all_labels[matches[:, 1]])
        boxes.append(all_boxes[matches[:, 1]])
        ignored.append(_rows_of(one, "ignored", torch.int64) + image * cells)
        objects.append(all_boxes[~crowd])
    own = torch.cat(labels)
    _require(bool(((own >= 0) & (own < classes)).all()), f"labels are 0 to {classes - 1}")
    positives, match_positive = torch.unique(torch.cat(places), return_inverse=True)
    wanted = torch.zeros(len(positives), classes)
    wanted[match_positive, own] = 1
    return YoloTargets(positives, wanted, match_positive, torch.cat(boxes), torch.cat(ignored), objects)


def yolo_rows(outputs: dict[str, torch.Tensor], cells: int) -> torch.Tensor:
    """[N, cells, 5 + K]: x, y, w, h, objectness and classes of each anchor cell, of what a module with a YOLO head gives.

    `cells`: anchor cells of an image.
    """
    levels = [output for name, output in outputs.items() if name.startswith("yolo.")]
    _require(len(levels) > 0, "the outputs are those of another head: there is no yolo.p3 or the like")
    numbers = sum(level[0].numel() for level in levels)
    channels = numbers // max(cells, 1)
    _require(channels * cells == numbers and channels > YOLO_BOX_CHANNELS, f"{numbers} outputs of an image and {cells} "
             "anchor cells: take yolo_cells() of this architecture and size")
    return flatten_levels(levels, channels)


def yolo_boxes(codes: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Codes [..., 4], x, y, w, h as the head gives them, as boxes in pixels; `cells` [..., 5] of yolo_cells()."""
    centre = cells[..., :2] + torch.sigmoid(codes[..., :2]) * cells[..., 2:3]
    half = codes[..., 2:].clamp(-MAX_LOG_SCALE, MAX_LOG_SCALE).exp() * cells[..., 3:] / 2
    return torch.cat([centre - half, centre + half], -1)


def _overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of boxes that broadcast against each other, [..., 4], with areas above 0."""
    sides = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    shared = sides[..., 0] * sides[..., 1]
    area_a, area_b = (a[..., 2:] - a[..., :2]).prod(-1), (b[..., 2:] - b[..., :2]).prod(-1)
    return shared / (area_a + area_b - shared)


def complete_iou(predicted: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """IoU - d^2 / c^2 - alpha v of each pair of boxes [..., 4] with areas above 0.

    d is the distance of the centres, c the diagonal of the smallest box around both, v the difference of their ratios,
    and alpha = v / (1 - IoU + v + 1e-6). The gradient is that of the whole formula.
    """
    iou = _overlap(predicted, wanted)
    distance = (predicted[..., :2] + predicted[..., 2:] - wanted[..., :2] - wanted[..., 2:]).square().sum(-1) / 4
    around = torch.maximum(predicted[..., 2:], wanted[..., 2:]) - torch.minimum(predicted[..., :2], wanted[..., :2])
    (w, h), (v, u) = ((box[..., 2:] - box[..., :2]).unbind(-1) for box in (wanted, predicted))
    ratio = (torch.atan(w / h) - torch.atan(v / u)).square() * (4 / math.pi ** 2)
    return iou - distance / around.square().sum(-1) - ratio.square() / (1 - iou + ratio + 1e-6)


def _logit(probability: float) -> float:
    if 0 < probability < 1:
        return math.log(probability / (1 - probability))
    return -math.inf if probability <= 0 else math.inf


def _background(rows: torch.Tensor, cells: torch.Tensor, targets: YoloTargets, ignore_overlap: float,
                ignore_class: float) -> torch.Tensor:
    """[N * anchor cells]: 1 where background is learned, else 0."""
    with torch.no_grad():
        background = torch.ones_like(rows[..., 0])
        background.view(-1).index_fill_(0, torch.cat([targets.ignored, targets.positives]), 0)
        sure = rows[..., YOLO_BOX_CHANNELS:].amax(-1) > _logit(ignore_class)
        given = yolo_boxes(rows[..., :4], cells)
        for image, boxes in enumerate(targets.boxes):
            if boxes.shape[0] > 0:
                right = _overlap(given[image].unsqueeze(1), boxes).amax(1) > ignore_overlap
                background[image].masked_fill_(right & sure[image], 0)
        return background.view(-1)


def yolo_losses(outputs: dict[str, torch.Tensor], cells: torch.Tensor, targets: YoloTargets,
                normaliser: _Count = None, *, objectness_weight: float = 1.0, class_weight: float = 1.0,
                box_weight: float = 5.0, ignore_overlap: float = 0.7,
                ignore_class: float = 0.25) -> dict[str, torch.Tensor]:
    """objectness_loss, classification_loss and box_loss of a batch; their sum is minimised.

    Binary cross entropy of objectness on every anchor cell that is not ignored, binary cross entropy of every class and
    1 - CIoU of the box on those that learn an object. Background that gives a box which overlaps some object by more
    than `ignore_overlap`, while one of its classes is likelier than `ignore_class`, is ignored. Of several objects in
    one anchor cell all classes are 1, and the box loss is the mean over them.

    `outputs`: of the module of a detector with a YOLO head. `cells` [C, 5]: of spinenet_cpp.yolo_cells(). `normaliser`:
    what the three sums are divided by, over all processes; by default anchor cells with an object plus images.
    Source: Bochkovskiy et al., YOLOv4 (2020), section 3.4; Zheng et al., Distance-IoU Loss (2020), section 3.3.
    """
    _require(cells.dim() == 2 and cells.shape[1] == 5, "anchor cells are [C, 5], as yolo_cells() gives them")
    rows = yolo_rows(outputs, cells.shape[0]).float()
    images, count, channels = rows.shape
    _require(len(targets.boxes) == images, f"targets of {len(targets.boxes)} images and outputs of {images}")
    _require(targets.classes.shape[1] == channels - YOLO_BOX_CHANNELS,
             f"targets of {targets.classes.shape[1]} classes and outputs of {channels - YOLO_BOX_CHANNELS}")
    if normaliser is None:
        normaliser = targets.positives.shape[0] + images
    # Cross entropy of a logit x: softplus(x) where 0 is wanted, softplus(-x) where 1 is.
    flat = rows.reshape(-1, channels)
    background = _background(rows, cells, targets, ignore_overlap, ignore_class)
    own = flat.index_select(0, targets.positives)
    objectness = (functional.softplus(flat[:, 4]) * background).sum() + functional.softplus(-own[:, 4]).sum()
    logits = own[:, YOLO_BOX_CHANNELS:]
    classification = (functional.softplus(logits) - logits * targets.classes).sum()

    boxes = yolo_boxes(own[:, :4], cells.index_select(0, targets.positives % count))
    place = targets.match_positive
    counts = boxes.new_zeros(boxes.shape[0]).index_add(0, place, boxes.new_ones(place.shape[0]))
    misses = 1 - complete_iou(boxes.index_select(0, place), targets.match_boxes)
    box = (misses / counts.index_select(0, place)).sum()
    return {"objectness_loss": objectness * (objectness_weight / normaliser),
            "classification_loss": classification * (class_weight / normaliser),
            "box_loss": box * (box_weight / normaliser)}


def _at_least_one(count: _Count, counted: torch.Tensor) -> torch.Tensor:
    """A number of samples to divide by: the given one, or else how many are counted here."""
    return (counted.sum() if count is None else torch.as_tensor(count, device=counted.device)).clamp(min=1)


def _rows_with_class(rows: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Of [R, K, ...] the row of each one's class, [R, ...]; that of class 0 where there is none."""
    return rows[torch.arange(rows.shape[0], device=rows.device), classes.clamp(min=0)]


def proposal_losses(objectness: torch.Tensor, codes: torch.Tensor, classes: torch.Tensor, wanted: torch.Tensor,
                    samples: _Count = None, positives: _Count = None, *, delta: float = 1 / 9,
                    box_weight: float = 1.0) -> dict[str, torch.Tensor]:
    """objectness_loss and proposal_loss of a region proposal network: binary cross entropy, and the Huber loss of boxes.

    `objectness` [N, A] logits and `codes` [N, A, 4]. `classes` [N, A] of the sampled anchors: 0 or more an object of
    whatever class, -1 background, -2 not sampled; `wanted` [N, A, 4]: their codes. `samples`, `positives`: how many are
    sampled and how many of these are objects, over all processes; by default those here. The entropy is divided by
    samples, the Huber loss by 4 positives.
    Source: Ren et al., Faster R-CNN (2015), section 3.1.2, with the deltas of the published SpineNet configurations.
    """
    _require(classes.shape == objectness.shape and codes.shape == wanted.shape == (*objectness.shape, 4),
             f"logits {list(objectness.shape)}, codes {list(codes.shape)}, classes {list(classes.shape)} and wanted codes "
             f"{list(wanted.shape)}: they are [N, A], [N, A, 4], [N, A], [N, A, 4]")
    sampled, objects = classes != IGNORED, classes >= 0
    logits = objectness.float()
    entropy = functional.binary_cross_entropy_with_logits(logits, objects.to(logits.dtype), reduction="none")
    return {"objectness_loss": torch.where(sampled, entropy, 0).sum() / _at_least_one(samples, sampled),
            "proposal_loss": box_loss(codes.float(), wanted, classes, delta) *
            (box_weight / (4 * _at_least_one(positives, objects)))}


def box_head_losses(logits: torch.Tensor, codes: torch.Tensor, classes: torch.Tensor, wanted: torch.Tensor,
                    samples: _Count = None, positives: _Count = None, *, delta: float = 1.0,
                    box_weight: float = 1.0) -> dict[str, torch.Tensor]:
    """class_loss and box_loss of a box head: cross entropy over the classes and the background, and the Huber loss.

    `logits` [R, K + 1] with the background first; `codes` [R, 4 * K], four for each class, or [R, 4], whatever the
    class. `classes` [R]: of each ROI, -1 background; `wanted` [R, 4]: of label_rois(). `samples`, `positives`: how many
    ROIs there are and how many of these hold an object, over all processes; by default those here.
    Source: Girshick, Fast R-CNN (2015), section 2.3; He et al., Mask R-CNN (2017), section 3.
    """
    rois = logits.shape[0]
    _require(logits.dim() == codes.dim() == 2 and classes.shape == (rois,) and wanted.shape == (rois, 4) and
             codes.shape[0] == rois and codes.shape[1] in (4, 4 * (logits.shape[1] - 1)),
             f"logits {list(logits.shape)}, codes {list(codes.shape)}, classes {list(classes.shape)} and wanted codes "
             f"{list(wanted.shape)}: they are [R, K + 1], [R, 4 * K] or [R, 4], [R], [R, 4]")
    objects = classes >= 0
    entropy = functional.cross_entropy(logits.float(), classes + 1, reduction="sum")
    boxes = codes.shape[1] // 4
    of_class = _rows_with_class(codes.float().view(rois, boxes, 4), classes.clamp(max=boxes - 1))
    count = torch.ones_like(classes)
    return {"class_loss": entropy / _at_least_one(samples, count),
            "box_loss": box_loss(of_class, wanted, classes, delta) *
            (box_weight / (4 * _at_least_one(positives, objects)))}


def mask_head_loss(logits: torch.Tensor, classes: torch.Tensor, masks: torch.Tensor, rois: _Count = None, *,
                   mask_weight: float = 1.0) -> torch.Tensor:
    """The mask_loss of a mask head: binary cross entropy, the mean over the cells of the masks of the ROIs' classes.

    `logits` [R, K, S, S] of ROIs that hold an object, `classes` [R] int64, `masks` [R, S, S] of 0 and 1, as
    ObjectMasks.targets() gives them. Only the mask of a ROI's class learns. `rois`: their number over all processes; by
    default R.
    Source: He et al., Mask R-CNN (2017), section 3.
    """
    _require(logits.dim() == 4 and classes.shape == logits.shape[:1] and
             masks.shape == (logits.shape[0], *logits.shape[2:]),
             f"logits {list(logits.shape)}, classes {list(classes.shape)} and masks {list(masks.shape)}: they are "
             "[R, K, S, S], [R], [R, S, S]")
    of_class = _rows_with_class(logits.float(), classes)
    entropy = functional.binary_cross_entropy_with_logits(of_class, masks.to(of_class.dtype), reduction="sum")
    cells = logits.shape[2] * logits.shape[3]
    return entropy * (mask_weight / (cells * _at_least_one(rois, torch.ones_like(classes))))
