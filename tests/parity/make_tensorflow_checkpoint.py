#!/usr/bin/env python3
"""Writes a checkpoint as TensorFlow's own programs write it, and what its network answers.

    make_tensorflow_checkpoint.py FORM FOLDER

FORM: retinanet or mask_rcnn (the Model Garden's models, saved by tf.train.Checkpoint as its trainer saves them), or
tpu (the names of the older TPU repository, saved by tf.compat.v1.train.Saver; its values are functions of our names).
FOLDER gets the checkpoint ckpt-1 and expected.safetensors, tensors as we have them: NCHW, without the background.
tests/parity/import_tensorflow_test.cpp runs this. Needs tensorflow, tf_keras and tf-models-official.
"""
import json
import math
import os
import pathlib
import struct
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np  # noqa: E402
import make_backbone_oracle as backbone_oracle  # noqa: E402

CLASSES = 5  # the background not among them
SIZE = (128, 256)
LEVELS = range(3, 8)
RATIOS = [0.5, 1.0, 2.0]
PROPOSALS = 100
# A narrow SpineNet-49: every layer of the whole one, in a small file.
FILTER_SCALE, ENDPOINTS, ALPHA = 0.375, 32, 0.5


def write_tensors(path, tensors):
    header, data = {}, b""
    for name, tensor in sorted(tensors.items()):
        raw = np.ascontiguousarray(tensor, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(np.shape(tensor)), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def nchw(tensor):
    return np.asarray(tensor).transpose(0, 3, 1, 2)


def spread(model, random, predictors):
    """Random values under which every layer matters and the scores are far apart."""
    for variable in model.variables:
        name, shape = variable.name, variable.shape.as_list()
        if "moving_variance" in name or "gamma" in name:
            variable.assign(random.uniform(0.6, 1.4, shape))
        elif "moving_mean" in name or "beta" in name or "bias" in name:
            variable.assign(random.normal(0, 0.2, shape))
        elif "kernel" in name:
            variable.assign(random.normal(0, math.sqrt(1.5 / np.prod(shape[:-1])), shape))
    for layer, deviation in predictors:
        kernel = layer.kernel.shape.as_list()
        layer.kernel.assign(random.normal(0, deviation / math.sqrt(np.prod(kernel[:-1])), kernel))
        layer.bias.assign(random.normal(0, 0.1, layer.bias.shape))


def scale_outputs(layer, outputs, largest):
    """So that none of the predictor's outputs is greater: scores below 1 and boxes of a usual size."""
    found = max(np.abs(np.asarray(output)).max() for output in outputs.values())
    layer.kernel.assign(layer.kernel * (largest / found))


def save(model, folder):
    """As the trainer does, with an optimizer that has a slot of a variable."""
    import tensorflow as tf
    import tf_keras
    optimizer = tf_keras.optimizers.legacy.SGD(0.0, momentum=0.9)
    trained = model.trainable_variables[:3]
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in trained])
    step = tf.Variable(7, dtype=tf.int64)
    tf.train.Checkpoint(global_step=step, model=model, optimizer=optimizer, **model.checkpoint_items).save(
        str(folder / "ckpt"))


def garden_backbone():
    import tf_keras
    from official.vision.modeling.backbones import spinenet
    return spinenet.SpineNet(
        input_specs=tf_keras.layers.InputSpec(shape=[None, *SIZE, 3]), endpoints_num_filters=ENDPOINTS,
        resample_alpha=ALPHA, block_repeats=1, filter_size_scale=FILTER_SCALE, activation="swish", use_sync_bn=True)


def prepare_garden():
    backbone_oracle.prepare_garden()
    root = pathlib.Path(sys.modules["official"].__path__[0])
    for folder in ["vision/modeling/heads", "vision/utils", "vision/utils/object_detection"]:
        name = "official." + folder.replace("/", ".")
        package = type(sys)(name)
        package.__path__ = [str(root / folder)]
        sys.modules[name] = package


def without_background(tensor, anchors):
    height, width = tensor.shape[1:3]
    kept = np.asarray(tensor).reshape(1, height, width, anchors, CLASSES + 1)[..., 1:]
    return nchw(kept.reshape(1, height, width, anchors * CLASSES))


def input_image(random):
    return random.normal(0, 1, (1, *SIZE, 3)).astype(np.float32)


def detections_of(outputs):
    count = int(outputs["num_detections"][0])
    y1, x1, y2, x2 = np.asarray(outputs["detection_boxes"])[0, :count].T
    classes = np.asarray(outputs["detection_classes"])[0, :count]
    return np.stack([x1, y1, x2, y2, classes - 1, np.asarray(outputs["detection_scores"])[0, :count]], axis=1)


def make_retinanet(folder):
    prepare_garden()
    from official.vision.modeling import retinanet_model
    from official.vision.modeling.heads import dense_prediction_heads
    from official.vision.modeling.layers import detection_generator
    random = np.random.default_rng(1)
    anchors = 3 * len(RATIOS)
    head = dense_prediction_heads.RetinaNetHead(
        min_level=3, max_level=7, num_classes=CLASSES + 1, num_anchors_per_location=anchors, num_convs=4,
        num_filters=32, activation="swish", use_sync_bn=True)
    generator = detection_generator.MultilevelDetectionGenerator(nms_version="v2", pre_nms_score_threshold=0.3)
    model = retinanet_model.RetinaNetModel(
        garden_backbone(), None, head, generator, min_level=3, max_level=7, num_scales=3, aspect_ratios=RATIOS,
        anchor_size=3.0)
    image = input_image(random)
    model(image, training=True)
    spread(model, random, [(head._classifier, 1.5), (head._box_regressor, 0.3)])
    scores, boxes, _ = head(model.backbone(image, training=False))
    scale_outputs(head._classifier, scores, 6.0)
    scale_outputs(head._box_regressor, boxes, 0.7)
    save(model, folder)
    outputs = model(image, training=False)
    tensors = {"input": nchw(image), "detections": detections_of(outputs)}
    for level in LEVELS:
        tensors[f"class.p{level}"] = without_background(outputs["cls_outputs"][str(level)], anchors)
        tensors[f"box.p{level}"] = nchw(outputs["box_outputs"][str(level)])
    write_tensors(folder / "expected.safetensors", tensors)


def make_mask_rcnn(folder):
    """The outputs of each network for given inputs, and what the whole model detects."""
    import tensorflow as tf
    prepare_garden()
    from official.vision.modeling import maskrcnn_model
    from official.vision.modeling.heads import dense_prediction_heads
    from official.vision.modeling.heads import instance_heads
    from official.vision.modeling.layers import detection_generator
    from official.vision.modeling.layers import roi_aligner
    from official.vision.modeling.layers import roi_generator
    random = np.random.default_rng(2)
    norms = dict(activation="swish", use_sync_bn=True)
    rpn = dense_prediction_heads.RPNHead(min_level=3, max_level=7, num_anchors_per_location=3, num_convs=1,
                                         num_filters=32, **norms)
    boxes = instance_heads.DetectionHead(num_classes=CLASSES + 1, num_convs=4, num_filters=32, num_fcs=1, fc_dims=64,
                                         **norms)
    masks = instance_heads.MaskHead(num_classes=CLASSES + 1, num_convs=4, num_filters=32, **norms)
    none = tf.keras.layers.Layer()  # samplers, which training alone has
    # Fewer proposals than the suppression leaves: none of them is a filler.
    proposals = roi_generator.MultilevelROIGenerator(test_num_proposals=PROPOSALS)
    generator = detection_generator.DetectionGenerator(pre_nms_score_threshold=0.3)
    model = maskrcnn_model.MaskRCNNModel(
        garden_backbone(), None, rpn, [boxes], proposals, [none], roi_aligner.MultilevelROIAligner(7), generator, masks,
        none, roi_aligner.MultilevelROIAligner(14), min_level=3, max_level=7, num_scales=1, aspect_ratios=RATIOS,
        anchor_size=3.0)
    image = input_image(random)
    features = model.backbone(image, training=False)
    crops = random.normal(0, 1, (1, 2, 7, 7, ENDPOINTS)).astype(np.float32)
    mask_crops = random.normal(0, 1, (1, 2, 14, 14, ENDPOINTS)).astype(np.float32)
    classes = np.array([[2, 5]], np.int32)
    rpn(features), boxes(crops), masks([mask_crops, classes])
    spread(model, random, [(rpn._classifier, 1.0), (rpn._box_regressor, 0.3), (boxes._classifier, 1.0),
                           (boxes._box_regressor, 0.3)])
    # Boxes do not leave the image: this program keeps those of which nothing is left, ours does not.
    scores, codes = rpn(model.backbone(image, training=False))
    scale_outputs(rpn._classifier, scores, 6.0)  # it sorts by the sigmoid, ours by what goes into it
    scale_outputs(rpn._box_regressor, codes, 0.4)
    shape = np.array([SIZE], np.float32)
    scale_outputs(boxes._box_regressor, {"all": model(image, shape, training=False)["box_outputs"]}, 4.0)
    save(model, folder)
    features = model.backbone(image, training=False)
    scores, codes = rpn(features)
    class_logits, box_codes = boxes(crops)
    mask_logits = masks([mask_crops, classes])
    outputs = model(image, shape, training=False)
    tensors = {"input": nchw(image), "detections": detections_of(outputs), "box_crops": nchw(crops[0]), "mask_crops": nchw(mask_crops[0]),
               "class": np.asarray(class_logits)[0], "box": np.asarray(box_codes)[0, :, 4:],
               "mask_classes": classes[0] - 1, "mask": np.asarray(mask_logits)[0]}
    for level in LEVELS:
        tensors[f"objectness.p{level}"] = nchw(scores[str(level)])
        tensors[f"proposal_box.p{level}"] = nchw(codes[str(level)])
        tensors[f"p{level}"] = nchw(features[str(level)])
    write_tensors(folder / "expected.safetensors", tensors)


# What stands in the TPU repository's SpineNet: (level, parents, residual) of each block after the stem.
TPU_BLOCKS = [(2, (0, 1), 0), (4, (0, 1), 1), (3, (2, 3), 0), (4, (2, 4), 0), (6, (3, 5), 1), (4, (3, 5), 0),
              (5, (6, 7), 1), (7, (6, 8), 1), (5, (8, 9), 0), (5, (8, 10), 0), (4, (5, 10), 0), (3, (4, 10), 0),
              (5, (7, 12), 0), (7, (5, 14), 0), (6, (12, 14), 0)]
LEVEL_FILTERS = {2: 64, 3: 128, 4: 256, 5: 256, 6: 256, 7: 256}


class TpuCheckpoint:
    """Variables of the TPU repository's program by name, and what we call them."""

    def __init__(self):
        self.variables, self.expected, self.counts = {}, {}, {}

    def number(self, scope, kind):
        count = self.counts.get(scope + kind, 0)
        self.counts[scope + kind] = count + 1
        return f"{scope}{kind}" + (f"_{count}" if count else "")

    def put(self, theirs, ours, value, own=None):
        self.variables[theirs] = value
        self.expected[ours] = value if own is None else own

    def norm(self, theirs, ours, size):
        values = backbone_oracle.batch_norm(ours, (size,))
        for name, own, value in zip(["gamma", "beta", "moving_mean", "moving_variance"],
                                    ["weight", "bias", "running_mean", "running_var"], values):
            self.put(f"{theirs}/{name}", f"{ours}.{own}", value)

    def conv(self, theirs, ours, hwio, bias=False, background_of=0):
        """With `background_of` anchors, the outputs of which are 1 + CLASSES for each anchor."""
        kernel = backbone_oracle.conv_kernel(ours, hwio)
        values = {"kernel": kernel, "bias": (0.1 * backbone_oracle.uniform(ours + ".bias", (hwio[3],))).astype("f4")}
        for name, own in [("kernel", "weight")] + ([("bias", "bias")] if bias else []):
            value = values[name]
            kept = value
            if background_of:
                kept = value.reshape(*value.shape[:-1], background_of, CLASSES + 1)[..., 1:]
                kept = kept.reshape(*value.shape[:-1], background_of * CLASSES)
            self.put(f"{theirs}/{name}", f"{ours}.{own}", value, kept.transpose(3, 2, 0, 1) if value.ndim == 4 else kept)

    def numbered(self, scope, ours, norm, hwio):
        self.conv(self.number(scope, "conv2d"), ours, hwio)
        self.norm(self.number(scope, "batch_normalization"), norm, hwio[3])


def filters_of(level):
    return int(LEVEL_FILTERS[level] * FILTER_SCALE)


def add_tpu_block(checkpoint, scope, index, inputs, filters, residual):
    outputs = filters if residual else 4 * filters
    ours = f"blocks.{index}.0."
    if inputs != outputs:
        checkpoint.numbered(scope, ours + "shortcut", ours + "shortcut_bn", (1, 1, inputs, outputs))
    shapes = [(3, 3, inputs, filters), (3, 3, filters, filters)] if residual else [
        (1, 1, inputs, filters), (3, 3, filters, filters), (1, 1, filters, outputs)]
    for k, shape in enumerate(shapes, start=1):
        checkpoint.numbered(scope, f"{ours}conv{k}", f"{ours}bn{k}", shape)
    return outputs


def add_tpu_backbone(checkpoint):
    checkpoint.numbered("spinenet/", "stem.conv", "stem.bn", (7, 7, 3, 64))
    channels, bases, levels = [], [], [2, 2]
    for index in range(2):
        inputs = channels[-1] if channels else 64
        channels.append(add_tpu_block(checkpoint, "spinenet/", index, inputs, filters_of(2), False))
        bases.append(filters_of(2))
    for i, (level, parents, residual) in enumerate(TPU_BLOCKS):
        target = filters_of(level) * (1 if residual else 4)
        for j, parent in enumerate(parents):
            scope, ours = f"spinenet/sub_policy{i}/resample_with_alpha_resample_{i}_{j}/", f"resample.{i + 2}.{j}."
            squeezed = int(bases[parent] * ALPHA)
            steps = [("squeeze", (1, 1, channels[parent], squeezed))]
            if levels[parent] < level:
                steps.append(("down", (3, 3, squeezed, squeezed)))
            for step, shape in steps + [("expand", (1, 1, squeezed, target))]:
                checkpoint.numbered(scope, ours + step, ours + step + "_bn", shape)
        scope = f"spinenet/sub_policy{i}/scale_permuted_block_{i + 2}/"
        channels.append(add_tpu_block(checkpoint, scope, i + 2, target, filters_of(level), residual))
        bases.append(filters_of(level))
        levels.append(level)
    outputs = {level: index + 2 for index, (level, _, _) in enumerate(TPU_BLOCKS) if index >= 10}
    for level in LEVELS:
        checkpoint.numbered("spinenet/", f"endpoints.p{level}.conv", f"endpoints.p{level}.bn",
                            (1, 1, channels[outputs[level]], ENDPOINTS))


def make_tpu(folder):
    import tensorflow.compat.v1 as tf
    checkpoint = TpuCheckpoint()
    add_tpu_backbone(checkpoint)
    for ours, net, outputs, background_of in [("class", "class", 9 * (CLASSES + 1), 9), ("box", "box", 36, 0)]:
        for k in range(4):
            checkpoint.conv(f"retinanet/{net}_net/{net}-{k}", f"head.{ours}.conv{k}", (3, 3, 32, 32), bias=True)
            for level in LEVELS:
                checkpoint.norm(f"retinanet/{net}_net/{net}-{k}-{level}", f"head.{ours}.bn{k}.p{level}", 32)
        checkpoint.conv(f"retinanet/{net}_net/{net}-predict", f"head.{ours}.predict", (3, 3, 32, outputs), bias=True,
                        background_of=background_of)
    with tf.Graph().as_default(), tf.Session() as session:
        variables = [tf.Variable(value, name=name) for name, value in checkpoint.variables.items()]
        variables.append(tf.Variable(np.zeros((7, 7, 3, 64), "f4"), name="spinenet/conv2d/kernel/Momentum"))
        variables.append(tf.Variable(np.int64(7), name="global_step"))
        session.run(tf.global_variables_initializer())
        tf.train.Saver(variables).save(session, str(folder / "ckpt-1"))
    write_tensors(folder / "expected.safetensors", checkpoint.expected)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    {"retinanet": make_retinanet, "mask_rcnn": make_mask_rcnn, "tpu": make_tpu}[sys.argv[1]](folder)


if __name__ == "__main__":
    main()
