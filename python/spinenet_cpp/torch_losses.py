"""The losses of a RetinaNet as `spinenet train` has them, and how its outputs become rows. Needs PyTorch 2.

None of them looks at values in Python, so torch.compile takes them whole.

Source: Lin et al., Focal Loss for Dense Object Detection (2017), sections 3 and 4.1.
"""

from typing import Optional

import torch
from torch.nn import functional

BACKGROUND, IGNORED = -1, -2


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
