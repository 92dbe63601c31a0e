"""Training in PyTorch: the losses are those of `spinenet train`, ten steps of both are alike, the example learns."""
import importlib.util
import json
import pathlib
import os
import subprocess
import unittest

import numpy

from torch_support import narrow, torch
import spinenet_cpp
from spinenet_cpp import Architecture, Batches, Model, anchors, label_anchors, yolo_cells
from spinenet_cpp.torch_losses import (box_loss, detection_losses, detector_rows, flatten_levels, focal_loss, yolo_losses,
                                       yolo_targets)
from spinenet_cpp.torch_module import torch_module
from spinenet_cpp.torch_segment import segment_losses
from support import FolderTest, PROGRAM

EXAMPLE = pathlib.Path(__file__).parent.parent / "examples" / "train_detector.py"
TRAINING = os.environ.get("SPINENET_TRAINING_PROGRAM") or PROGRAM


def can_train():
    return pathlib.Path(TRAINING).with_name("spinenet-train").exists()


def scenes(folder, images=16):
    subprocess.run([PROGRAM, "data", "scenes", "--level", "easy", "--images", str(images), "--val-images", "2", "--size",
                    "128", "--out", str(folder), "--quiet"], check=True, capture_output=True)
    return folder


class Losses(unittest.TestCase):
    def test_are_the_formulas(self):
        random = torch.Generator().manual_seed(1)
        logits = torch.randn(2, 5, 3, generator=random, dtype=torch.float64)
        classes = torch.tensor([[-1, -2, 0, 2, -1], [1, -2, -1, -1, 0]])
        expected = 0.0
        for n in range(2):
            for a in range(5):
                for k in range(3):
                    if classes[n, a] == -2:
                        continue
                    p = torch.sigmoid(logits[n, a, k])
                    if classes[n, a] == k:
                        expected -= 0.25 * (1 - p) ** 1.5 * torch.log(p)
                    else:
                        expected -= 0.75 * p ** 1.5 * torch.log(1 - p)
        torch.testing.assert_close(focal_loss(logits, classes), expected)
        codes = torch.randn(2, 5, 4, generator=random, dtype=torch.float64)
        wanted = torch.zeros_like(codes)
        each = torch.where(codes.abs() < 0.1, codes ** 2 / 2, 0.1 * (codes.abs() - 0.05))
        torch.testing.assert_close(box_loss(codes, wanted, classes), each[classes >= 0].sum())

    def test_are_finite_far_from_nought(self):
        for value in (1e4, -1e4):
            logits = torch.full((1, 2, 2), value, requires_grad=True)
            loss = focal_loss(logits, torch.tensor([[0, -1]]))
            loss.backward()
            self.assertTrue(torch.isfinite(loss) and torch.isfinite(logits.grad).all())

    def test_rows_are_in_the_order_of_the_anchors(self):
        level = torch.arange(2 * 6 * 2 * 3, dtype=torch.float32).reshape(2, 6, 2, 3)
        rows = flatten_levels([level], 3)
        self.assertEqual(rows.shape, (2, 2 * 3 * 2, 3))
        self.assertTrue(torch.equal(rows[1, (1 * 3 + 2) * 2 + 1], level[1, 3:6, 1, 2]))


class Anchors(unittest.TestCase):
    def test_are_as_many_as_rows(self):
        architecture = narrow("spinenet-49")
        cells = anchors(architecture, "detect", 128)
        with torch.no_grad():
            outputs = torch_module(architecture, "detect", 128, 2).eval()(torch.zeros(1, 3, 128, 128))
        logits, codes = detector_rows(outputs)
        self.assertEqual((logits.shape[1], codes.shape[1]), (len(cells), len(cells)))
        self.assertEqual(cells.dtype, numpy.float32)

    def test_learn_the_box_that_they_are(self):
        cells = anchors(Architecture("spinenet-49"), "detect", 256)
        classes, codes = label_anchors(cells, cells[[100]], [7])
        self.assertEqual(classes[100], 7)
        numpy.testing.assert_allclose(codes[100], 0, atol=1e-6)
        self.assertEqual(set(numpy.unique(classes)), {-1, 7})
        classes, _ = label_anchors(cells, cells[[100]], [7], [True])
        self.assertEqual(classes[100], -2)
        classes, _ = label_anchors(cells, numpy.zeros((0, 4)), [])
        self.assertTrue((classes == -1).all())

    def test_refuse_what_makes_no_sense(self):
        cells = anchors(Architecture("spinenet-49"), "detect", 256)
        for boxes, labels in (([[1, 2, 3]], [0]), ([[5, 5, 1, 1]], [0]), ([[0, 0, 1, 1]], [0, 1]), ([[0, 0, 1, 1]], [-1])):
            with self.assertRaises(spinenet_cpp.UsageError):
                label_anchors(cells, boxes, labels)
        with self.assertRaises(spinenet_cpp.UsageError):
            anchors(Architecture("yolov4"), "detect", 416)

    def test_are_drawn_for_proposals_and_rois(self):
        architecture = Architecture("spinenet-49")
        cells = anchors(architecture, "segment", 128)
        boxes = numpy.array([[10, 10, 60, 60], [70, 70, 120, 110]], numpy.float32)
        classes, _ = label_anchors(cells, boxes, [0, 0], positive=0.7, negative=0.3)
        drawn = spinenet_cpp.subsample(classes, samples=32)
        self.assertEqual((drawn > -2).sum(), 32)
        self.assertLessEqual((drawn >= 0).sum(), 16)
        levels = [numpy.random.default_rng(i).standard_normal((3, side, side)).astype(numpy.float32)
                  for i, side in enumerate((16, 8, 4, 2, 1))]
        codes = [numpy.zeros((12, *level.shape[1:]), numpy.float32) for level in levels]
        proposals, logits = spinenet_cpp.propose(levels, codes, cells, 128, 128, post_nms=50)
        self.assertTrue((numpy.diff(logits) <= 0).all() and len(proposals) == len(logits) <= 50)
        rois, matches = spinenet_cpp.sample_rois(proposals, boxes, samples=20)
        self.assertTrue(len(rois) == len(matches) <= 20 and set(matches) <= {-1, 0, 1} and (matches >= 0).any())


class Optimizer:
    """As the recipe's optimizer, momentum 0.9: weight decay of kernels alone."""

    def __init__(self, rate, decay):
        self.rate, self.decay = rate, decay

    def groups(self, network):
        kernels = [p for p in network.parameters() if p.ndim > 1]
        return [{"params": kernels, "weight_decay": self.decay},
                {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0}]


class AdamW(Optimizer):
    kind = "adamw"

    def of(self, network):
        return torch.optim.AdamW(self.groups(network), lr=self.rate, betas=(0.9, 0.999))


class SGD(Optimizer):
    kind = "sgd"

    def of(self, network):
        return torch.optim.SGD(self.groups(network), lr=self.rate, momentum=0.9)


# A relative change of the first weights by 1e-7 changes the norm of a segmenter's first gradient by 2e-5: the heads have
# batch norms over the crops of few ROIs. At ten times this rate the norms of later steps differ by 2 %, the losses by 1e-3.
SEGMENTER_NORMS = 2e-4, 2e-2
SMALL_HEADS = {"rpn_filters": 8, "box_filters": 8, "mask_filters": 8, "box_dense": 16, "box_convs": 1, "mask_convs": 1}


def retina_losses(network, batch):
    return detection_losses(network(torch.from_numpy(batch["pixels"])), torch.from_numpy(batch["classes"]),
                            torch.from_numpy(batch["codes"]))


def yolo_head_losses(network, batch):
    cells = torch.from_numpy(yolo_cells(network.architecture, network.image_size))
    targets = yolo_targets(batch["targets"], len(cells), len(network.classes))
    return yolo_losses(network(torch.from_numpy(batch["pixels"])), cells, targets)


def two_stage_losses(network, batch):
    return segment_losses(network, torch.from_numpy(batch["pixels"]), batch, seed=3)


class Training(FolderTest):
    def network(self, **changes):
        data = json.loads(narrow("spinenet-49", **changes).to_json())
        data["scaling"]["filter_size_scale"] = 0.125
        return Architecture(data)

    @unittest.skipUnless(can_train(), "spinenet-train is not built")
    def test_ten_steps_are_those_of_the_program(self):
        # Rates at which rounding, which differs from one PyTorch to another, does not grow a thousandfold in ten steps:
        # at greater ones the same loop in double precision is as far from either as they are from each other. (At 4e-3,
        # SGD gives losses alike to 1e-5 and norms of gradients alike to 6e-3: rounding turns a ReLU on or off.)
        for optimizer in (AdamW(5e-5, 0.02), SGD(1e-3, 1e-4)):
            with self.subTest(optimizer.kind):
                self.check_ten_steps(optimizer.kind, self.network(), optimizer, retina_losses)

    @unittest.skipUnless(can_train(), "spinenet-train is not built")
    def test_ten_steps_of_the_yolo_head_are_those_of_the_program(self):
        self.check_ten_steps("yolo", self.network(head_kind="yolo"), SGD(1e-3, 1e-4), yolo_head_losses)

    @unittest.skipUnless(can_train(), "spinenet-train is not built")
    def test_ten_steps_of_mask_r_cnn_are_those_of_the_program(self):
        self.check_ten_steps("segment", self.network(two_stage=SMALL_HEADS), SGD(1e-4, 1e-4), two_stage_losses,
                             "segment", SEGMENTER_NORMS)

    @unittest.skipUnless(can_train(), "spinenet-train is not built")
    def test_ten_steps_of_a_cascade_are_those_of_the_program(self):
        heads = {**SMALL_HEADS, "box_thresholds": [0.5, 0.6], "roi_sampling": "single_point"}
        self.check_ten_steps("cascade", self.network(two_stage=heads), SGD(1e-4, 1e-4), two_stage_losses, "segment",
                             SEGMENTER_NORMS)

    def check_ten_steps(self, name, architecture, optimizer, losses_of, task="detect", norms=(1e-5, 5e-3)):
        """`losses_of`: the network and a batch to the losses, which have the names of metrics.jsonl.

        `norms`: how far those of the gradients may differ in the first step, and later on, when a weight that differs by
        rounding turns a ReLU on or off here and there.
        """
        root = scenes(self.folder / name / "scenes", 16)
        expected = self.ten_steps_of_the_program(name, architecture, optimizer, root, task)
        batches = Batches(root / "annotations" / "train.json", root / "train", 128, 8, architecture=architecture, seed=3,
                          task=task, augment={"scale_min": 0.8, "scale_max": 1.25})
        network = torch_module(architecture, task, 128, batches.classes, seed=3).train()
        step = optimizer.of(network)
        worst = worst_norm = 0.0
        for line in expected:
            losses = losses_of(network, batches.next())
            self.assertEqual(set(losses), {key for key in line if key.rstrip("23").endswith("_loss")})
            for part, loss in losses.items():
                difference = abs(loss.item() - line[part]) / max(abs(line[part]), 1e-6)
                worst = max(worst, difference)
                self.assertLess(difference, 1e-4, f"{part} of step {line['step']}: {loss.item()} and {line[part]}")
            step.zero_grad()
            sum(losses.values()).backward()
            norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 5)
            difference = abs(norm.item() / line["gradient_norm"] - 1)
            worst_norm = max(worst_norm, difference)
            self.assertLess(difference, norms[0] if line is expected[0] else norms[1], f"norm of step {line['step']}")
            for group in step.param_groups:
                group["lr"] = line["learning_rate"]
            step.step()
        print(f"{name}: losses of ten steps differ by {worst:.1e}, norms of gradients by {worst_norm:.1e} at most")

    def ten_steps_of_the_program(self, name, architecture, optimizer, root, task):
        """What `spinenet train` logged of each."""
        network, recipe, run = (self.folder / name / file for file in ("network.json", "ten.yaml", "run"))
        network.write_text(architecture.to_json())
        recipe.write_text(f"""
task: {task}
architecture: {{base: {network}}}
data: {{root: {root}, train_images: train, val_annotations: "", loader_threads: 1}}
image_size: 128
batch: 8
epochs: 5
optimizer: {{kind: {optimizer.kind}, learning_rate: {optimizer.rate}, weight_decay: {optimizer.decay}, momentum: 0.9,
            ema_decay: 0, clip_norm: 5}}
schedule: {{warmup_steps: 4, warmup_factor: 0.1, final_factor: 0.1}}
augment: {{scale_min: 0.8, scale_max: 1.25}}
log_every: 1
checkpoint_every: 1000
threads: 1
seed: 3
""")
        done = subprocess.run([TRAINING, "train", str(recipe), "--out", str(run), "--quiet"], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        lines = [line for line in lines if "loss" in line]
        self.assertEqual(len(lines), 10)
        return lines

    def test_the_example_learns_and_its_model_runs(self):
        root = scenes(self.folder / "scenes")
        network = self.folder / "network.json"
        network.write_text(self.network().to_json())
        specification = importlib.util.spec_from_file_location("train_detector", EXAMPLE)
        example = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(example)
        model = self.folder / "mine.safetensors"
        flags = [str(root), "--train-images", "train", "--architecture", str(network), "--batch", "8", "--steps", "40",
                 "--warmup", "4", "--out", str(model)]
        told = []
        history = example.train(example.arguments(flags), told.append)
        self.assertTrue(numpy.isfinite(history).all())
        self.assertLess(numpy.mean(history[-4:]), 0.8 * numpy.mean(history[:4]))
        self.assertIn("wrote", told[-1])
        one = Model(model)
        self.assertEqual([(id, name) for id, name in zip(one.class_ids, one.names)],
                         Batches(root / "annotations" / "train.json", root / "train", 128, 1).classes)
        image = next((root / "val").iterdir())
        one(image, threshold=0)
        subprocess.run([PROGRAM, "predict", str(model), str(image), "--quiet", "--json"], check=True, capture_output=True)
        # It can be trained on, from its weights.
        history = example.train(example.arguments(flags[:4] + [str(model), "--batch", "8", "--steps", "2", "--out",
                                                              str(self.folder / "on.safetensors")]), told.append)
        self.assertEqual(len(history), 2)


class TheBatches(FolderTest):
    def test_are_the_same_of_the_same_seed_and_split_over_processes(self):
        root = scenes(self.folder / "scenes", 8)

        def batches(**options):
            return Batches(root / "annotations" / "train.json", root / "train", 128, 4,
                           architecture=narrow("spinenet-49"), **options)

        one, other = batches(seed=5), batches(seed=5, threads=2)
        first = one.next()
        self.assertEqual((one.images, one.steps_per_epoch, first["pixels"].shape), (8, 2, (4, 3, 128, 128)))
        for key, value in other.next().items():
            if key not in ("targets", "step"):
                numpy.testing.assert_array_equal(value, first[key])
        self.assertFalse(numpy.array_equal(batches(seed=6).next()["pixels"], first["pixels"]))
        halves = [batches(seed=5, rank=rank, world=2).next()["pixels"] for rank in (0, 1)]
        numpy.testing.assert_array_equal(numpy.concatenate(halves), first["pixels"])
        one.seek(0)
        numpy.testing.assert_array_equal(one.next()["pixels"], first["pixels"])
        self.assertEqual(len(first["targets"]), 4)
        with self.assertRaises(spinenet_cpp.UsageError):
            batches(augment={"flipp": 1})
        with self.assertRaises(spinenet_cpp.UsageError):
            Batches(root / "annotations" / "train.json", root / "train", 100, 4, architecture=narrow("spinenet-49"))
