"""A training step of a segmenter (Mask R-CNN) in PyTorch: what `spinenet train` minimises, whole or in parts.

    net = torch_module(architecture, "segment", 640, batches.classes).train()
    losses = segment_losses(net, torch.from_numpy(batch["pixels"]), batch)     # a batch of Batches(..., task="segment")
    sum(losses.values()).backward()

The trunk's outputs teach the region proposals on a sample of the anchors; the boxes that they propose now, of which a
sample is drawn, are cut out of the features by ROI align and teach the box head; those that hold an object teach the mask
head. Of a cascade each further box head learns from the boxes of the one before it. Where the program draws samples, this
draws the same ones of the same seed, step and place of the image.

Needs PyTorch 2 and nothing else. Source: He et al., Mask R-CNN (2017), section 3.1, with the numbers of the published
SpineNet configurations; Cai and Vasconcelos, Cascade R-CNN (2018), section 4.
"""

import dataclasses
import re
from typing import Any, Callable, NamedTuple, Optional, Sequence

import numpy
import torch
from torch.nn import functional

from spinenet_cpp import _core
from spinenet_cpp.errors import UsageError
from spinenet_cpp.torch_losses import box_head_losses, flatten_levels, mask_head_loss, proposal_losses
from spinenet_cpp.torch_module import SpineNet

CANONICAL_LEVEL, CANONICAL_SIDE = 4, 224


@dataclasses.dataclass(frozen=True)
class TwoStageOptions:
    """The keys two_stage.* of a recipe (docs/config.md), with the same defaults."""

    anchor_samples: int = 256
    proposals_before_nms: int = 2000
    proposals: int = 1000
    roi_samples: int = 512
    roi_positives: float = 0.25
    proposal_delta: float = 1 / 9
    box_delta: float = 1.0
    proposal_box_weight: float = 1.0
    box_weight: float = 1.0
    mask_weight: float = 1.0


def pyramid_of(outputs: dict[str, torch.Tensor]) -> dict[int, torch.Tensor]:
    """The feature maps "p3", "p4" .. among the outputs of a trunk, by their level, from the finest."""
    maps = {int(name[1:]): output for name, output in outputs.items() if re.fullmatch(r"p\d+", name)}
    return dict(sorted(maps.items()))


class _Points(NamedTuple):
    """Of the points of each ROI on one axis: two neighbouring cells and their shares, [R, bins, samples, 2]."""

    cells: torch.Tensor
    shares: torch.Tensor


def _lay_axis(begin: torch.Tensor, end: torch.Tensor, extent: torch.Tensor, bins: int, samples: int) -> _Points:
    """begin, end and extent [R] in cells of the ROI's level. What lies more than a cell outside has no share."""
    width = ((end - begin) / bins)[:, None, None]
    bin, sample = (torch.arange(count, dtype=begin.dtype, device=begin.device) for count in (bins, samples))
    at = begin[:, None, None] + bin[:, None] * width + (sample + 0.5) * width / samples
    last = (extent - 1)[:, None, None]
    inside = (at >= -1) & (at <= last + 1)
    at = torch.where(inside, at, 0).clamp(min=0)
    low = torch.minimum(at.long(), last)
    beyond = torch.where(low < last, at - low, 0)
    shares = torch.stack([1 - beyond, beyond], -1) * inside[..., None]
    return _Points(torch.stack([low, torch.minimum(low + 1, last)], -1), shares)


def _levels_of(boxes: torch.Tensor, levels: list[int]) -> torch.Tensor:
    """Of each ROI the place of its level in `levels`: 4 for a square of 224 pixels, one more for each doubled side."""
    sides = (boxes[:, 2:] - boxes[:, :2]).double()
    least = [float(CANONICAL_SIDE * 2.0 ** (level - CANONICAL_LEVEL)) ** 2 for level in levels[1:]]
    return (sides.prod(1)[:, None] >= boxes.new_tensor(least, dtype=torch.float64)).sum(1)


def roi_align(features: dict[int, torch.Tensor], rois: Sequence[torch.Tensor], bins: int, *, samples: int = 2,
              half_cell: bool = True, coarsest_stride: int = 1 << 30) -> torch.Tensor:
    """What the features say about each ROI, [R, C, bins, bins], image after image. It has a gradient for the features.

    `features`: of pyramid_of(), neighbouring levels by their number, [N, C, H, W] each; a cell of level l is 2^l pixels,
    `coarsest_stride` at most. `rois`: of each of the N images its boxes [R_n, 4]. Each is read from the level that suits
    its size. A bin is the mean of samples x samples points that are read bilinearly; with `half_cell` a cell's value
    stands at its middle.
    Source: He et al., Mask R-CNN (2017), section 3; Lin et al., Feature Pyramid Networks (2017), equation 1.
    """
    levels = list(features)
    if not levels or levels != list(range(levels[0], levels[0] + len(levels))):
        raise UsageError(f"features are neighbouring levels from the finest, not {levels}")
    maps = list(features.values())
    if any(len(one) != len(rois) for one in maps) or any(one.dim() != 2 or one.shape[1] != 4 for one in rois):
        raise UsageError(f"features of {len(maps[0])} images and ROIs of {len(rois)}: a tensor [R, 4] for each image")
    if bins < 1 or samples < 1:
        raise UsageError(f"{bins} bins of {samples} points: at least 1 of each")
    device = maps[0].device
    # All cells of all levels and images as rows, [level, image, row, column] by [C].
    rows = torch.cat([one.permute(0, 2, 3, 1).flatten(0, 2) for one in maps])
    rows = rows.float() if rows.dtype in (torch.float16, torch.bfloat16) else rows
    sizes = torch.tensor([[one.shape[2], one.shape[3]] for one in maps], device=device)
    cells = sizes.prod(1)
    first = torch.cumsum(cells * len(rois), 0) - cells * len(rois)
    strides = torch.tensor([min(1 << level, coarsest_stride) for level in levels], dtype=torch.float32, device=device)

    boxes = torch.cat([one.to(device, torch.float32) for one in rois])
    image = torch.cat([torch.full((len(one),), i, device=device) for i, one in enumerate(rois)])
    level = _levels_of(boxes, levels)
    corners = boxes * (1 / strides)[level, None] - (0.5 if half_cell else 0.0)
    height, width = sizes[level].unbind(1)
    y = _lay_axis(corners[:, 1], corners[:, 3], height, bins, samples)
    x = _lay_axis(corners[:, 0], corners[:, 2], width, bins, samples)
    # [R, row of bins, column of bins, sample in y, sample in x, cell in y, cell in x]
    down, along = (slice(None), slice(None), None, slice(None), None, slice(None), None), \
        (slice(None), None, slice(None), None, slice(None), None, slice(None))
    start = (first[level] + image * cells[level]).view(-1, *[1] * 6)
    read = start + y.cells[down] * width.view(-1, *[1] * 6) + x.cells[along]
    shares = y.shares[down] * x.shares[along] / (samples * samples)
    # One embedding bag for a bin, so that nothing but the result is kept for the gradient.
    bag = samples * samples * 4
    values = functional.embedding_bag(read.reshape(-1, bag), rows, mode="sum",
                                      per_sample_weights=shares.reshape(-1, bag).to(rows.dtype))
    return values.view(len(boxes), bins, bins, rows.shape[1]).permute(0, 3, 1, 2).contiguous()


class _Rois(NamedTuple):
    """What one box head learns from: of each image ROIs [R_n, 4] and their objects [R_n], and what all of them learn."""

    boxes: list[numpy.ndarray]
    matches: list[numpy.ndarray]
    classes: torch.Tensor  # [R]
    codes: torch.Tensor  # [R, 4]


class _Step:
    """One batch on its way through the networks."""

    def __init__(self, net: SpineNet, pixels: torch.Tensor, batch: dict[str, Any], options: TwoStageOptions, seed: int,
                 first_image: int, total: Optional[Callable[[torch.Tensor], torch.Tensor]]) -> None:
        self.net, self.targets, self.options = net, batch["targets"], options
        self.device, (self.height, self.width) = pixels.device, pixels.shape[2:]
        self.settings = _core.segmenter_settings(net.architecture)
        self.total = total or (lambda count: count)
        self.draws = [{"seed": seed, "step": batch["step"], "image": first_image + i} for i in range(len(pixels))]
        self.outputs = net(pixels)
        self.features = pyramid_of(self.outputs)
        self.objectness = [value for name, value in self.outputs.items() if name.startswith("objectness.")]
        self.codes = [value for name, value in self.outputs.items() if name.startswith("proposal_box.")]

    def counted(self, chosen: torch.Tensor) -> torch.Tensor:
        return self.total(chosen.sum())

    def crops(self, rois: Sequence[Any], bins: int) -> torch.Tensor:
        """As the architecture's heads read them."""
        single = self.settings["single_point"]
        return roi_align(self.features, [torch.as_tensor(one) for one in rois], bins, samples=1 if single else 2,
                         half_cell=not single, coarsest_stride=self.settings["coarsest_stride"])

    def propose(self) -> list[numpy.ndarray]:
        """Of each image the boxes that may hold an object."""
        cells = _core.anchors(self.net.architecture, "segment", self.height)
        objectness, codes = ([level.detach().float().cpu().numpy() for level in levels]
                             for levels in (self.objectness, self.codes))
        return [_core.propose([level[i] for level in objectness], [level[i] for level in codes], cells, self.height,
                              self.width, pre_nms=self.options.proposals_before_nms,
                              post_nms=self.options.proposals)[0] for i in range(len(self.targets))]

    def proposal_losses(self, classes: numpy.ndarray, codes: numpy.ndarray) -> dict[str, torch.Tensor]:
        sampled = [_core.subsample(one, samples=self.options.anchor_samples, **draw)
                   for one, draw in zip(classes, self.draws)]
        learned = torch.as_tensor(numpy.stack(sampled)).to(self.device)
        return proposal_losses(flatten_levels(self.objectness, 1).squeeze(2), flatten_levels(self.codes, 4), learned,
                               torch.as_tensor(codes).to(self.device), self.counted(learned != -2),
                               self.counted(learned >= 0), delta=self.options.proposal_delta,
                               box_weight=self.options.proposal_box_weight)

    def rois_of(self, candidates: list[numpy.ndarray], stage: int) -> _Rois:
        """The first head draws a sample of the proposals, each later one takes the boxes of the head before it."""
        positive = self.settings["box_thresholds"][stage]
        boxes, matches, classes, codes = [], [], [], []
        for found, target, draw in zip(candidates, self.targets, self.draws):
            if stage == 0:
                rois, own = _core.sample_rois(found, target["boxes"], target["crowd"], positive=positive,
                                              samples=self.options.roi_samples, positives=self.options.roi_positives,
                                              **draw)
            else:
                rois, own = _core.match_rois(found, target["boxes"], target["crowd"], positive=positive)
            if len(rois) == 0:  # outputs that are no numbers propose nothing: the heads still need something to look at
                rois, own = numpy.array([[0, 0, self.width, self.height]], numpy.float32), numpy.array([-1])
            learned = _core.label_rois(rois, own, target["boxes"], target["labels"], target["crowd"], stage=stage)
            for values, value in zip((boxes, matches, classes, codes), (rois, own, *learned)):
                values.append(value)
        return _Rois(boxes, matches, torch.as_tensor(numpy.concatenate(classes)).to(self.device),
                     torch.as_tensor(numpy.concatenate(codes)).to(self.device))

    def box_losses(self, rois: _Rois, stage: int) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """The losses of a box head, its share of those of a cascade, and its codes."""
        name = str(stage + 1) if stage else ""
        outputs = self.net.run("box_head" + name, self.crops(rois.boxes, self.settings["box_crop"]))
        logits, codes = outputs["class" + name].flatten(1), outputs["box" + name].flatten(1)
        losses = box_head_losses(logits, codes, rois.classes, rois.codes, self.counted(torch.ones_like(rois.classes)),
                                 self.counted(rois.classes >= 0), delta=self.options.box_delta,
                                 box_weight=self.options.box_weight)
        heads = len(self.settings["box_thresholds"])
        return {part + name: loss / heads for part, loss in losses.items()}, codes

    def refine(self, rois: _Rois, codes: torch.Tensor, stage: int) -> list[numpy.ndarray]:
        """The boxes that a head makes of its ROIs."""
        parts = codes.detach().float().cpu().split([len(one) for one in rois.boxes])
        return [_core.refine_rois(part.numpy(), own, self.height, self.width, stage=stage)
                for part, own in zip(parts, rois.boxes)]

    def mask_loss(self, rois: _Rois) -> torch.Tensor:
        """Of the ROIs that hold an object with a mask. The later heads of a cascade may have more than a sample has."""
        most = int(self.options.roi_samples * self.options.roi_positives + 0.5)
        boxes, classes, masks, size = [], [], [], self.settings["mask_size"]
        for own, matches, target, draw in zip(rois.boxes, rois.matches, self.targets, self.draws):
            kept = _core.subsample(matches, samples=max(most, 1), positives=1.0 if most else 0.0, part="masks", **draw)
            objects = numpy.flatnonzero(~target["crowd"])[kept[kept >= 0]]
            present = target["masks"].present[objects]
            chosen, objects = own[kept >= 0][present], objects[present]
            boxes.append(chosen)
            classes.append(target["labels"][objects])
            masks.append(target["masks"].targets(objects, chosen, size))
        count = sum(len(one) for one in boxes)
        total = self.total(torch.tensor(count, device=self.device))
        # Every process runs the head, whose batch norms may be synchronised: one without a mask looks at some ROI, for
        # nothing.
        crops = self.crops(boxes if count else [rois.boxes[0][:1], *boxes[1:]], self.settings["mask_crop"])
        logits = self.net.run("mask_head", crops)["mask"]
        wanted, labels = (torch.as_tensor(numpy.concatenate(one)).to(self.device) for one in (masks, classes))
        return mask_head_loss(logits[:count], labels, wanted, total, mask_weight=self.options.mask_weight)


def segment_losses(net: SpineNet, pixels: torch.Tensor, batch: dict[str, Any], *, seed: int = 1, first_image: int = 0,
                   total: Optional[Callable[[torch.Tensor], torch.Tensor]] = None,
                   options: TwoStageOptions = TwoStageOptions()) -> dict[str, torch.Tensor]:
    """What a batch costs a segmenter, by the names that `spinenet train` logs; their sum is minimised.

    objectness_loss, proposal_loss, class_loss and box_loss (of a cascade also class_loss2, box_loss2 .., each head's
    divided by the number of heads), mask_loss. `net`: of torch_module(..., task="segment"), in training. `pixels`
    [N, 3, H, W], on the module's device, square. `batch`: of Batches(..., task="segment"), or a dict with its "step",
    "targets", "classes" and "codes". Objects without a mask teach the mask head nothing.
    `seed`: of the samples that are drawn, with the batch's step and each image's place in the global batch, which begins
    with `first_image`. `total`: adds a count up over all processes, such as an all-reduce; by default there is one.
    """
    if net.task != "segment":
        raise UsageError(f"a network for the task {net.task} is no segmenter: make it with task=\"segment\"")
    missing = [name for name in ("step", "targets", "classes", "codes") if name not in batch]
    if missing or any("masks" not in target for target in batch["targets"]):
        raise UsageError(f"the batch has no {missing[0] if missing else 'masks'}: "
                         "make it with Batches(..., architecture=..., task=\"segment\")")
    if len(pixels) != len(batch["targets"]) or pixels.shape[2] != pixels.shape[3]:
        raise UsageError(f"pixels {list(pixels.shape)} for {len(batch['targets'])} images: they are [N, 3, size, size]")
    step = _Step(net, pixels, batch, options, seed, first_image, total)
    losses = step.proposal_losses(batch["classes"], batch["codes"])
    candidates = step.propose()
    for stage in range(len(step.settings["box_thresholds"])):
        rois = step.rois_of(candidates, stage)
        own, codes = step.box_losses(rois, stage)
        losses.update(own)
        if stage + 1 < len(step.settings["box_thresholds"]):
            candidates = step.refine(rois, codes, stage)
    losses["mask_loss"] = step.mask_loss(rois)
    return losses
