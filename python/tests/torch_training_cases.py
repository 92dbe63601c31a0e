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
from spinenet_cpp import Architecture, Batches, Model, anchors, label_anchors
from spinenet_cpp.torch_losses import box_loss, detection_losses, detector_rows, flatten_levels, focal_loss
from spinenet_cpp.torch_module import torch_module
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


class Training(FolderTest):
    def network(self):
        data = json.loads(narrow("spinenet-49").to_json())
        data["scaling"]["filter_size_scale"] = 0.125
        return Architecture(data)

    @unittest.skipUnless(can_train(), "spinenet-train is not built")
    def test_ten_steps_are_those_of_the_program(self):
        for optimizer in ("adamw", "sgd"):
            with self.subTest(optimizer):
                self.check_ten_steps(optimizer)

    def check_ten_steps(self, optimizer):
        root = scenes(self.folder / optimizer / "scenes", 16)
        architecture = self.network()
        (self.folder / "network.json").write_text(architecture.to_json())
        # Rates at which rounding, which differs from one PyTorch to another, does not grow a thousandfold in ten steps:
        # at greater ones the same loop in double precision is as far from either as they are from each other. (At 4e-3,
        # SGD gives losses alike to 1e-5 and norms of gradients alike to 6e-3: rounding turns a ReLU on or off.)
        rate, decay, momentum = (5e-5, 0.02, 0.9) if optimizer == "adamw" else (1e-3, 1e-4, 0.9)
        recipe = self.folder / "ten.yaml"
        recipe.write_text(f"""
architecture: {{base: {self.folder / "network.json"}}}
data: {{root: {root}, train_images: train, val_annotations: "", loader_threads: 1}}
image_size: 128
batch: 8
epochs: 5
optimizer: {{kind: {optimizer}, learning_rate: {rate}, weight_decay: {decay}, momentum: {momentum}, ema_decay: 0, clip_norm: 5}}
schedule: {{warmup_steps: 4, warmup_factor: 0.1, final_factor: 0.1}}
augment: {{scale_min: 0.8, scale_max: 1.25}}
log_every: 1
checkpoint_every: 1000
threads: 1
seed: 3
""")
        run = self.folder / optimizer / "run"
        done = subprocess.run([TRAINING, "train", str(recipe), "--out", str(run), "--quiet"], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        expected = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        expected = [line for line in expected if "loss" in line]
        self.assertEqual(len(expected), 10)

        batches = Batches(root / "annotations" / "train.json", root / "train", 128, 8, architecture=architecture, seed=3,
                          augment={"scale_min": 0.8, "scale_max": 1.25})
        network = torch_module(architecture, "detect", 128, batches.classes, seed=3).train()
        kernels = [p for p in network.parameters() if p.ndim > 1]
        groups = [{"params": kernels, "weight_decay": decay},
                  {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0}]
        step = (torch.optim.AdamW(groups, lr=rate, betas=(momentum, 0.999)) if optimizer == "adamw" else
                torch.optim.SGD(groups, lr=rate, momentum=momentum))
        worst = worst_norm = 0.0
        for line in expected:
            batch = batches.next()
            losses = detection_losses(network(torch.from_numpy(batch["pixels"])), torch.from_numpy(batch["classes"]),
                                      torch.from_numpy(batch["codes"]))
            for name, loss in losses.items():
                difference = abs(loss.item() - line[name]) / max(abs(line[name]), 1e-6)
                worst = max(worst, difference)
                self.assertLess(difference, 1e-4, f"{name} of step {line['step']}: {loss.item()} and {line[name]}")
            step.zero_grad()
            sum(losses.values()).backward()
            norm = torch.nn.utils.clip_grad_norm_(network.parameters(), 5)
            difference = abs(norm.item() / line["gradient_norm"] - 1)
            worst_norm = max(worst_norm, difference)
            # Later on a weight that differs by rounding turns a ReLU on or off here and there.
            self.assertLess(difference, 1e-5 if line is expected[0] else 5e-3, f"norm of step {line['step']}")
            for group in step.param_groups:
                group["lr"] = line["learning_rate"]
            step.step()
        print(f"{optimizer}: losses of ten steps differ by {worst:.1e}, norms of gradients by {worst_norm:.1e} at most")

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
