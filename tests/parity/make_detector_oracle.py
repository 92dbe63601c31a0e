#!/usr/bin/env python3
"""Writes checkpoints of detectors and pyramids in PyTorch, and what they answer, for tests/parity/import_detector_test.cpp.

    make_detector_oracle.py MODEL FOLDER     one of those that --list gives

FOLDER gets weights.pth and values.safetensors: the input `in`, the maps `p3` ... of a pyramid or the outputs `class.p3`
..., `box.p3` ... of torchvision's RetinaNet in our order, and its `detections` as rows of x1, y1, x2, y2, class, score.
torchvision's program makes the files called retinanet-..., hrnet_oracle.py and detnet_oracle.py the others.

Needs: pip install torch torchvision numpy safetensors. Exit status 77 says that one is missing.
"""

import argparse
import pathlib
import sys

HEIGHT, WIDTH = 128, 256
CLASSES = 6  # of torchvision's RetinaNet, the background among them
THRESHOLD = 0.3
SKIPPED = 77


def generator():
    import torch

    return torch.Generator().manual_seed(11)


def write_pyramid(network, folder, first_level):
    import torch
    import torch_weights
    from safetensors.torch import save_file

    random = generator()
    image = torch_weights.picture(random, 2, HEIGHT, WIDTH)
    torch_weights.fill(network, random, lambda module: module(image))
    with torch.no_grad():
        maps = network(image)
    torch.save(network.state_dict(), folder / "weights.pth")
    values = {f"p{first_level + i}": tensor.contiguous() for i, tensor in enumerate(maps)}
    save_file({"in": image, **values}, folder / "values.safetensors")


def hrnet_pyramid(folder, stride):
    import hrnet_oracle

    write_pyramid(hrnet_oracle.HRNetFPN(18, stride=stride), folder, 3 if stride == 2 else 2)


def detnet_pyramid(folder, first_level, stride_place):
    import detnet_oracle

    levels = tuple(range(first_level, 7))
    write_pyramid(detnet_oracle.DetNetFPN(levels, stride_place=stride_place), folder, first_level)


def retinanet(frozen):
    """Of torchvision, for our input as it is; its published weights go with frozen batch norms without an epsilon."""
    from torchvision.models.detection import backbone_utils, retinanet_resnet50_fpn
    from torchvision.models.detection.retinanet import RetinaNet
    from torchvision.models.detection.transform import GeneralizedRCNNTransform
    from torchvision.models.resnet import resnet50
    from torchvision.ops import misc
    from torchvision.ops.feature_pyramid_network import LastLevelP6P7

    options = dict(score_thresh=THRESHOLD, topk_candidates=1000, detections_per_img=300)
    if frozen:
        body = resnet50(weights=None, norm_layer=misc.FrozenBatchNorm2d)
        backbone = backbone_utils._resnet_fpn_extractor(body, 5, returned_layers=[2, 3, 4],
                                                        extra_blocks=LastLevelP6P7(256, 256))
        model = RetinaNet(backbone, CLASSES, **options)
    else:
        model = retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=CLASSES, **options)
    model.transform = GeneralizedRCNNTransform(HEIGHT, WIDTH, [0.0] * 3, [1.0] * 3, size_divisible=128)
    return model


def without_epsilon(model):
    """Batch norms whose variances are so small that an epsilon would show."""
    import torch
    from torchvision.models.detection._utils import overwrite_eps
    from torchvision.ops import misc

    small = 0.01
    with torch.no_grad():
        for module in model.backbone.body.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.weight.mul_(small)
            elif isinstance(module, misc.FrozenBatchNorm2d):
                module.running_mean.mul_(small)
                module.running_var.mul_(small * small)
    overwrite_eps(model, 0.0)


def old_names(state):
    """The names before torchvision 0.13, which its published file has: no block around a layer."""
    renamed = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[:2] == ["backbone", "fpn"] and parts[2] in ("inner_blocks", "layer_blocks"):
            del parts[4]
        elif parts[0] == "head" and parts[2] == "conv":
            parts[3:5] = [str(2 * int(parts[3]))]
        renamed[".".join(parts)] = value
    return renamed


def in_our_order(rows, height, width, kept):
    """[1, rows * columns * ratios * scales, outputs] as [1, scales * ratios * outputs, rows, columns]."""
    maps = rows.reshape(height, width, 3, 3, -1)[..., kept].permute(3, 2, 4, 0, 1)
    return maps.reshape(1, -1, height, width).contiguous()


def head_outputs(model, image):
    features = list(model.backbone(image).values())
    found = model.head(features)
    values, begin = {}, 0
    for level, x in enumerate(features, start=3):
        height, width = x.shape[2:]
        rows = slice(begin, begin + 9 * height * width)
        begin = rows.stop
        values[f"class.p{level}"] = in_our_order(found["cls_logits"][:, rows], height, width, slice(1, None))
        values[f"box.p{level}"] = in_our_order(found["bbox_regression"][:, rows], height, width, [1, 0, 3, 2])
    return values


def clear_threshold(values):
    """Near THRESHOLD, as far from all scores as can be: no rounding decides whether one passes."""
    import torch

    scores = torch.cat([maps.sigmoid().flatten() for name, maps in values.items() if name.startswith("class.")])
    near = scores[(scores - THRESHOLD).abs() < 0.03].sort().values
    widest = (near[1:] - near[:-1]).argmax()
    return float((near[widest] + near[widest + 1]) / 2)


def detections_of(model, image):
    """Cut to the image behind the suppression instead of before it, and without the background."""
    import torch
    from torchvision.models.detection import retinanet as program

    clip = program.box_ops.clip_boxes_to_image
    program.box_ops.clip_boxes_to_image = lambda boxes, size: boxes
    try:
        found = model([image[0]])[0]
    finally:
        program.box_ops.clip_boxes_to_image = clip
    boxes = clip(found["boxes"], image.shape[2:])
    rows = torch.cat([boxes, found["labels"][:, None] - 1, found["scores"][:, None]], dim=1)
    assert len(rows) < model.detections_per_img, "so many that some are left out"
    return rows[found["labels"] > 0]


def write_retinanet(folder, frozen):
    import torch
    import torch_weights
    from safetensors.torch import save_file

    random = generator()
    model = retinanet(frozen)
    image = torch_weights.picture(random, 1, HEIGHT, WIDTH)
    torch_weights.fill(model, random, lambda module: module([image[0]]))
    with torch.no_grad():
        model.head.classification_head.cls_logits.weight.mul_(1.5)
        model.head.classification_head.cls_logits.bias.sub_(4.5)
        model.head.regression_head.bbox_reg.weight.mul_(0.1)
        model.head.regression_head.bbox_reg.bias.mul_(0.3)
    if frozen:
        without_epsilon(model)
    state = model.state_dict()
    with torch.no_grad():
        values = head_outputs(model, image)
        model.score_thresh = clear_threshold(values)
        detections = detections_of(model, image)
    for level in range(3, 8):
        passing = (values[f"class.p{level}"].sigmoid() > model.score_thresh).sum()
        assert passing < model.topk_candidates, "so many candidates that some are left out"
    assert len(detections) > 30
    if frozen:
        state = old_names(state)
        model.load_state_dict(dict(state))  # torchvision reads its old names, too
    torch.save(state, folder / "weights.pth")
    threshold = torch.tensor([model.score_thresh])
    save_file({"in": image, "detections": detections.contiguous(), "threshold": threshold, **values},
              folder / "values.safetensors")


MODELS = {
    "retinanet-torchvision": lambda folder: write_retinanet(folder, frozen=False),
    "retinanet-torchvision-published": lambda folder: write_retinanet(folder, frozen=True),
    "hrnet-w18-fpn": lambda folder: hrnet_pyramid(folder, stride=2),
    "hrnet-w18-fpn-from-p2": lambda folder: hrnet_pyramid(folder, stride=1),
    "detnet-59-fpn": lambda folder: detnet_pyramid(folder, 3, "conv3x3"),
    "detnet-59-fpn-from-p2": lambda folder: detnet_pyramid(folder, 2, "conv1x1"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", choices=list(MODELS))
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--list", action="store_true", help="print the names and end")
    arguments = parser.parse_args()
    if arguments.list or arguments.folder is None:
        print("\n".join(MODELS))
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    try:
        MODELS[arguments.model](arguments.folder)
    except ImportError as error:
        print(f"{sys.executable} cannot make {arguments.model}: {error}")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
