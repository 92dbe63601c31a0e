#!/usr/bin/env python3
"""Writes backbone_*.json: what the published SpineNet implementations answer for formula weights.

No weight is stored: every parameter and the input are a function of their name (see `uniform`), which
backbone_test.cpp repeats. Needs tensorflow, tf_keras and tf-models-official (the "garden" form: SAME padding, repeated
3x3 max pools), and a checkout of github.com/tensorflow/tpu (the "tpu" form: symmetric padding of strided
convolutions, one max pool). Neither is needed to run the test.

    make_backbone_oracle.py garden --out backbone_garden.json
    make_backbone_oracle.py mobile --out backbone_mobile.json
    make_backbone_oracle.py tpu --source tpu/models/official/detection --out backbone_tpu.json
"""
import argparse
import base64
import importlib.util
import json
import math
import os
import re
import sys
import types

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np  # noqa: E402

BN_EPSILON = 1e-3
# 128 px alone would not do: there P7 is one pixel and both forms of the 8-fold down-sampling pool the whole map. Scale
# 0.25 has no projection in the stem (4 * 16 = 64 channels), scale 0.2 has one and truncates every width.
VARIANTS = [
    dict(name="relu", filter_size_scale=0.25, resample_alpha=0.5, block_repeats=1, activation="relu",
         endpoints_num_filters=16, image_size=[128, 128]),
    dict(name="relu_repeats_2_alpha_1", filter_size_scale=0.25, resample_alpha=1.0, block_repeats=2,
         activation="relu", endpoints_num_filters=8, image_size=[256, 128]),
    dict(name="swish_truncated_widths", filter_size_scale=0.2, resample_alpha=0.5, block_repeats=1,
         activation="swish", endpoints_num_filters=8, image_size=[128, 256]),
]
# The garden's SpineNet-Mobile; it takes no resample_alpha, and its repeats are broken (each one reads the group's input).
MOBILE_VARIANTS = [
    dict(name="swish", filter_size_scale=0.65, block_repeats=1, activation="swish", endpoints_num_filters=8,
         image_size=[128, 128]),
    dict(name="hard_swish", filter_size_scale=0.5, block_repeats=1, activation="hard_swish", endpoints_num_filters=8,
         image_size=[128, 256]),
]
LEVELS = range(3, 8)


def uniform(name, shape):
    """In [-1, 1): SplitMix64's output function over FNV-1a of the name plus the element's row-major index."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = ((key ^ byte) * 0x100000001B3) % 2**64
    x = np.uint64(key) + np.arange(math.prod(shape), dtype=np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return (2.0 * ((x >> np.uint64(11)).astype(np.float64) * 2.0**-53) - 1.0).reshape(shape)


def conv_kernel(name, hwio):
    """The convolution's weight, made as OIHW and turned to the sources' HWIO."""
    height, width, inputs, outputs = hwio
    weight = uniform(name + ".weight", (outputs, inputs, height, width)) * math.sqrt(3.0 / (inputs * height * width))
    return weight.transpose(2, 3, 1, 0).astype(np.float32)


def batch_norm(name, size):
    """gamma, beta, moving mean, moving variance."""
    return [(1 + 0.3 * uniform(name + ".weight", size)).astype(np.float32),
            (0.1 * uniform(name + ".bias", size)).astype(np.float32),
            (0.1 * uniform(name + ".running_mean", size)).astype(np.float32),
            (1 + 0.5 * uniform(name + ".running_var", size)).astype(np.float32)]


def input_image(variant):
    height, width = variant["image_size"]
    return uniform("input", (1, 3, height, width)).transpose(0, 2, 3, 1).astype(np.float32)


def resample_names(specs, index):
    """(convolution, batch norm) of the two parents of block `index`, in the order in which both sources build them."""
    levels = [2, 2] + [spec.level for spec in specs]
    names = []
    for j, parent in enumerate(specs[index - 2].input_offsets):
        steps = ["squeeze"] + (["down"] if levels[parent] < levels[index] else []) + ["expand"]
        names += [(f"resample.{index}.{j}.{step}", f"resample.{index}.{j}.{step}_bn") for step in steps]
    return names


def endpoint_names():
    return [(f"endpoints.p{level}.conv", f"endpoints.p{level}.bn") for level in LEVELS]


STEM_NAMES = [("stem.conv", "stem.bn")]


def prepare_garden():
    """Lets the backbone be imported without running its packages' __init__, which pull in most of the library."""
    import tf_keras
    root = importlib.util.find_spec("official").submodule_search_locations[0]
    for folder in ["", "core", "nlp", "vision", "vision/modeling", "vision/modeling/backbones",
                   "vision/modeling/layers", "vision/ops"]:
        package = types.ModuleType(".".join(["official"] + folder.split("/")).rstrip("."))
        package.__path__ = [os.path.join(root, folder)]
        sys.modules[package.__name__] = package
    # Classes beside the backbone's blocks derive from text layers.
    text_layers = types.SimpleNamespace(TransformerEncoderBlock=tf_keras.layers.Layer,
                                        TransformerScaffold=tf_keras.layers.Layer)
    sys.modules["official.nlp"].modeling = types.SimpleNamespace(layers=text_layers)


def creation_order(layers):
    """Keras numbers the layers of one kind as they are made: conv2d, conv2d_1, ..."""
    return sorted(layers, key=lambda layer: int((re.search(r"_(\d+)$", layer.name) or [0, 0])[1]))


def fill_garden(model, specs, repeats):
    import tf_keras
    from official.vision.modeling.layers import nn_blocks
    kinds = {"bottleneck": nn_blocks.BottleneckBlock, "residual": nn_blocks.ResidualBlock}

    def made(kind):
        return creation_order([layer for layer in model.layers if type(layer) is kind])

    def fill(conv, bn, names):
        conv.set_weights([conv_kernel(names[0], conv.kernel.shape)])
        bn.set_weights(batch_norm(names[1], (bn.gamma.shape[0],)))
        return 2

    plain = STEM_NAMES + [n for i in range(2, 2 + len(specs)) for n in resample_names(specs, i)] + endpoint_names()
    convs, bns = made(tf_keras.layers.Conv2D), made(tf_keras.layers.BatchNormalization)
    assert len(convs) == len(bns) == len(plain)
    filled = sum(fill(*each) for each in zip(convs, bns, plain))

    remaining = {kind: made(layer) for kind, layer in kinds.items()}
    outputs = []
    for i, kind in enumerate(["bottleneck"] * 2 + [spec.block_fn for spec in specs]):
        for r in range(repeats):
            block = remaining[kind].pop(0)
            prefix = f"blocks.{i}.{r}."
            if block._use_projection:
                filled += fill(block._shortcut, block._norm0, (prefix + "shortcut", prefix + "shortcut_bn"))
            for k in range(1, 4 if kind == "bottleneck" else 3):
                filled += fill(getattr(block, f"_conv{k}"), getattr(block, f"_norm{k}"),
                               (f"{prefix}conv{k}", f"{prefix}bn{k}"))
        outputs.append(block.output)
    assert not any(remaining.values()) and 5 * filled == 2 * len(model.weights)
    return outputs


def run_garden(variant):
    import tf_keras
    from official.vision.modeling.backbones import spinenet
    # Without the source's last block, which makes P2: with it the outputs are the same.
    specs = spinenet.build_block_specs(spinenet.SPINENET_BLOCK_SPECS[:15])
    model = spinenet.SpineNet(
        input_specs=tf_keras.layers.InputSpec(shape=[None, *variant["image_size"], 3]), block_specs=specs,
        endpoints_num_filters=variant["endpoints_num_filters"], resample_alpha=variant["resample_alpha"],
        block_repeats=variant["block_repeats"], filter_size_scale=variant["filter_size_scale"],
        activation=variant["activation"], norm_epsilon=BN_EPSILON)
    block_outputs = fill_garden(model, specs, variant["block_repeats"])
    both = tf_keras.Model(model.inputs, [block_outputs, [model.output[str(level)] for level in LEVELS]])
    blocks, endpoints = both(input_image(variant), training=False)
    return [y.numpy() for y in blocks], [y.numpy() for y in endpoints]


def depthwise_kernel(name, hwim):
    """As conv_kernel; the weight is [C, 1, k, k]."""
    height, width, channels, _ = hwim
    weight = uniform(name + ".weight", (channels, 1, height, width)) * math.sqrt(3.0 / (height * width))
    return weight.transpose(2, 3, 0, 1).astype(np.float32)


def mobile_names(specs):
    """Plain convolutions, depthwise convolutions and batch norms outside of blocks, each in the order of making."""
    convs, depthwise, bns = ["stem.conv"], [], ["stem.bn"]
    levels = [1, 2] + [spec.level for spec in specs]
    for index, spec in enumerate(specs, start=2):
        for j, parent in enumerate(spec.input_offsets):
            scope = f"resample.{index}.{j}."
            downs = [f"{scope}down{i}" for i in range(max(0, spec.level - levels[parent]))]
            depthwise += downs
            convs.append(scope + "expand")
            bns += [down + "_bn" for down in downs] + [scope + "expand_bn"]
    return (convs + [name for name, _ in endpoint_names()], depthwise, bns + [name for _, name in endpoint_names()])


def fill_mobile_block(block, prefix):
    def fill(conv, bn, k, kernel):
        conv.set_weights([kernel(f"{prefix}conv{k}", conv.weights[0].shape)])
        bn.set_weights(batch_norm(f"{prefix}bn{k}", (bn.gamma.shape[0],)))

    fill(block._conv0, block._norm0, 1, conv_kernel)
    fill(block._conv1, block._norm1, 2, depthwise_kernel)
    fill(block._conv2, block._norm2, 3, conv_kernel)
    for conv, name in [(block._squeeze_excitation._se_reduce, prefix + "se.reduce"),
                       (block._squeeze_excitation._se_expand, prefix + "se.expand")]:
        conv.set_weights([conv_kernel(name, conv.kernel.shape),
                          (0.1 * uniform(name + ".bias", (conv.kernel.shape[3],))).astype(np.float32)])


def run_mobile(variant):
    import tensorflow as tf
    import tf_keras
    from official.modeling import activations
    # The source writes 0.16667 for a sixth, which would hide differences of less than 1e-5.
    activations.hard_sigmoid = lambda x: tf.nn.relu6(x + 3.0) / 6.0
    from official.vision.modeling.backbones import spinenet_mobile
    from official.vision.modeling.layers import nn_blocks
    specs = spinenet_mobile.build_block_specs()
    model = spinenet_mobile.SpineNetMobile(
        input_specs=tf_keras.layers.InputSpec(shape=[None, *variant["image_size"], 3]), block_specs=specs,
        endpoints_num_filters=variant["endpoints_num_filters"], filter_size_scale=variant["filter_size_scale"],
        activation=variant["activation"], norm_epsilon=BN_EPSILON)

    def made(kind):
        return creation_order([layer for layer in model.layers if type(layer) is kind])

    names = mobile_names(specs)
    kinds = [tf_keras.layers.Conv2D, tf_keras.layers.DepthwiseConv2D, tf_keras.layers.BatchNormalization]
    for kind, kind_names in zip(kinds, names):
        assert len(made(kind)) == len(kind_names)
    for conv, name in zip(made(kinds[0]), names[0]):
        conv.set_weights([conv_kernel(name, conv.kernel.shape)])
    for conv, name in zip(made(kinds[1]), names[1]):
        conv.set_weights([depthwise_kernel(name, conv.weights[0].shape)])
    for bn, name in zip(made(kinds[2]), names[2]):
        bn.set_weights(batch_norm(name, (bn.gamma.shape[0],)))
    blocks = made(nn_blocks.InvertedBottleneckBlock)
    assert len(blocks) == len(specs) + 2
    for i, block in enumerate(blocks):
        fill_mobile_block(block, f"blocks.{i}.0.")
    both = tf_keras.Model(model.inputs, [[block.output for block in blocks],
                                         [model.output[str(level)] for level in LEVELS]])
    outputs, endpoints = both(input_image(variant), training=False)
    return [y.numpy() for y in outputs], [y.numpy() for y in endpoints]


def tpu_names(specs, repeats, stem_projection):
    """(convolution, batch norm) in the order in which the source makes its variables."""
    def block(i, kind):
        names = []
        for r in range(repeats):
            if i == 0 and r == 0 and stem_projection:
                names.append(("blocks.0.0.shortcut", "blocks.0.0.shortcut_bn"))
            names += [(f"blocks.{i}.{r}.conv{k}", f"blocks.{i}.{r}.bn{k}")
                      for k in range(1, 4 if kind == "bottleneck" else 3)]
        return names

    names = STEM_NAMES + block(0, "bottleneck") + block(1, "bottleneck")
    for i, spec in enumerate(specs, start=2):
        names += resample_names(specs, i) + block(i, spec.block_fn)
    return names + endpoint_names()


def run_tpu(variant):
    import tensorflow.compat.v1 as tf
    from modeling.architecture import nn_ops
    from modeling.architecture import spinenet
    image = input_image(variant)
    specs = spinenet.build_block_specs()
    with tf.Graph().as_default(), tf.Session() as session:
        model = spinenet.SpineNet(
            block_specs=specs, endpoints_num_filters=variant["endpoints_num_filters"],
            resample_alpha=variant["resample_alpha"], block_repeats=variant["block_repeats"],
            filter_size_scale=variant["filter_size_scale"], activation=variant["activation"],
            batch_norm_activation=nn_ops.BatchNormActivation(epsilon=BN_EPSILON, activation=variant["activation"]))
        endpoints = model(tf.constant(image), is_training=False)
        variables = tf.global_variables()
        names = tpu_names(specs, variant["block_repeats"], int(64 * variant["filter_size_scale"]) * 4 != 64)
        assert len(variables) == 5 * len(names)
        values = []
        for (conv, bn), kernel in zip(names, variables[::5]):
            values += [conv_kernel(conv, kernel.shape.as_list())] + batch_norm(bn, (kernel.shape[3],))
        session.run([v.initializer for v in variables],
                    {v.initializer.inputs[1]: value for v, value in zip(variables, values)})
        blocks = [f"spinenet/stem_block_{i + 1}:0" for i in range(2)]
        blocks += [f"spinenet/sub_policy{i}/scale_permuted_block_{i + 2}/scale_permuted_block_{i}:0"
                   for i in range(len(specs))]
        return session.run([blocks, [endpoints[level] for level in LEVELS]])


def stored(y):
    y = np.ascontiguousarray(y.transpose(0, 3, 1, 2), dtype="<f4")
    return dict(shape=list(y.shape), mean=float(f"{y.mean(dtype=np.float64):.9g}"),
                abs_mean=float(f"{np.abs(y).mean(dtype=np.float64):.9g}"),
                float32_base64=base64.b64encode(y.tobytes()).decode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("form", choices=["garden", "mobile", "tpu"])
    parser.add_argument("--source", help="the folder models/official/detection of tensorflow/tpu")
    parser.add_argument("--out", required=True)
    parser.add_argument("--blocks", help="a folder for the output of every block, to find where a difference begins")
    args = parser.parse_args()
    if args.form == "tpu":
        sys.path.insert(0, args.source)
        run = run_tpu
    else:
        prepare_garden()
        run = run_mobile if args.form == "mobile" else run_garden
    variants = []
    for variant in MOBILE_VARIANTS if args.form == "mobile" else VARIANTS:
        blocks, endpoints = run(variant)
        outputs = {f"p{level}": stored(y) for level, y in zip(LEVELS, endpoints)}
        variants.append(dict(variant, bn_epsilon=BN_EPSILON, outputs=outputs))
        for name, y in outputs.items():
            print(args.form, variant["name"], name, y["shape"], y["mean"], y["abs_mean"])
        if args.blocks:
            arrays = {f"block_{i}": y.transpose(0, 3, 1, 2) for i, y in enumerate(blocks)}
            np.savez(os.path.join(args.blocks, f"{args.form}_{variant['name']}.npz"), **arrays)
    with open(args.out, "w") as file:
        json.dump(dict(form=args.form, variants=variants), file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
