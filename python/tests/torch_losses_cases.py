"""Each loss against its plain formula, ROI align against plain loops, a segmenter's whole step, and what is refused."""
import math
import pathlib
import tempfile
import unittest

import numpy

from torch_support import narrow, narrow_segmenter, torch
import spinenet_cpp
from spinenet_cpp import ObjectMasks, label_yolo, yolo_cells
from spinenet_cpp.torch_losses import (box_head_losses, complete_iou, mask_head_loss, proposal_losses,
                                       yolo_boxes, yolo_losses, yolo_rows, yolo_targets)
from spinenet_cpp.torch_module import torch_module
from spinenet_cpp.torch_segment import pyramid_of, roi_align, segment_losses


def entropy(logit, target):
    p = 1 / (1 + math.exp(-logit))
    return -math.log(p if target else 1 - p)


def huber(difference, delta):
    size = abs(difference)
    return size ** 2 / 2 if size < delta else delta * (size - delta / 2)


def iou_of(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(w, 0) * max(h, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def plain_ciou(p, w):
    distance = ((p[0] + p[2] - w[0] - w[2]) ** 2 + (p[1] + p[3] - w[1] - w[3]) ** 2) / 4
    diagonal = (max(p[2], w[2]) - min(p[0], w[0])) ** 2 + (max(p[3], w[3]) - min(p[1], w[1])) ** 2
    v = 4 / math.pi ** 2 * (math.atan((w[2] - w[0]) / (w[3] - w[1])) - math.atan((p[2] - p[0]) / (p[3] - p[1]))) ** 2
    iou = iou_of(p, w)
    return iou - distance / diagonal - v / (1 - iou + v + 1e-6) * v


class YoloLosses(unittest.TestCase):
    """Of yolov4-tiny's head on inputs of 64 pixels: levels of 2 x 2 and 4 x 4 cells, three anchors each."""

    side, classes = 64, 3

    @classmethod
    def setUpClass(cls):
        cls.architecture = narrow("yolov4-tiny")
        cls.cells = yolo_cells(cls.architecture, cls.side)

    def objects(self):
        """Of two images; in the first two objects meet in an anchor cell, and there is a crowd."""
        boxes = [numpy.array([[4, 4, 40, 44], [5, 3, 41, 43], [40, 40, 60, 60], [0, 32, 64, 64]], numpy.float32),
                 numpy.array([[20, 10, 60, 62]], numpy.float32)]
        labels, crowd = [[0, 2, 1, 0], [1]], [[False, False, False, True], [False]]
        targets = []
        for own, label, is_crowd in zip(boxes, labels, crowd):
            matches, ignored = label_yolo(self.architecture, self.side, own, is_crowd)
            targets.append({"boxes": own, "labels": numpy.array(label), "crowd": numpy.array(is_crowd),
                            "matches": matches, "ignored": ignored})
        return targets

    def outputs(self, seed, scale=1.0):
        random = torch.Generator().manual_seed(seed)
        names = {name: side for name, side in (("yolo.p4", 4), ("yolo.p5", 2))}
        return {name: scale * torch.randn(2, 3 * (5 + self.classes), side, side, generator=random)
                for name, side in names.items()}

    def plain_losses(self, rows, targets, ignore_overlap, ignore_class):
        """The sums, by loops."""
        sums, positives, passed_over = [0.0, 0.0, 0.0], 0, 0
        for image, target in enumerate(targets):
            learned = {}
            for cell, place in target["matches"].tolist():
                learned.setdefault(cell, []).append(place)
            objects = target["boxes"][~target["crowd"]]
            positives += len(learned)
            for cell, row in enumerate(rows[image].tolist()):
                x, y, reach, width, height = self.cells[cell].tolist()
                middle = x + reach / (1 + math.exp(-row[0])), y + reach / (1 + math.exp(-row[1]))
                half = width * math.exp(row[2]) / 2, height * math.exp(row[3]) / 2
                box = [middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1]]
                if cell in learned:
                    own = learned[cell]
                    sums[0] += entropy(row[4], 1)
                    wanted = {int(target["labels"][place]) for place in own}
                    sums[1] += sum(entropy(row[5 + k], k in wanted) for k in range(self.classes))
                    sums[2] += sum(1 - plain_ciou(box, target["boxes"][place].tolist()) for place in own) / len(own)
                elif cell not in target["ignored"]:
                    sure = max(1 / (1 + math.exp(-logit)) for logit in row[5:]) > ignore_class
                    if sure and max(iou_of(box, one) for one in objects.tolist()) > ignore_overlap:
                        passed_over += 1
                    else:
                        sums[0] += entropy(row[4], 0)
        return sums, positives, passed_over

    def test_are_the_formulas(self):
        targets, outputs = self.objects(), self.outputs(1)
        learned = yolo_targets(targets, len(self.cells), self.classes)
        self.assertLess(len(learned.positives), len(learned.match_positive))
        self.assertTrue((learned.classes.sum(1) > 1).any())
        rows = yolo_rows(outputs, len(self.cells))
        sums, positives, passed_over = self.plain_losses(rows, targets, 0.3, 0.6)
        self.assertGreater(passed_over, 0)
        self.assertGreater(len(learned.ignored), 0)
        losses = yolo_losses(outputs, torch.from_numpy(self.cells), learned, objectness_weight=2, class_weight=3,
                             box_weight=4, ignore_overlap=0.3, ignore_class=0.6)
        for name, weight, total in zip(("objectness_loss", "classification_loss", "box_loss"), (2, 3, 4), sums):
            self.assertAlmostEqual(losses[name].item(), weight * total / (positives + 2), places=4, msg=name)
        halved = yolo_losses(outputs, torch.from_numpy(self.cells), learned, 2 * (positives + 2))
        usual = yolo_losses(outputs, torch.from_numpy(self.cells), learned)
        for name, loss in usual.items():
            torch.testing.assert_close(halved[name], loss / 2)

    def test_of_images_without_objects_are_those_of_background(self):
        empty = {"boxes": numpy.zeros((0, 4)), "labels": [], "crowd": [], "matches": numpy.zeros((0, 2)), "ignored": []}
        outputs = self.outputs(2)
        losses = yolo_losses(outputs, torch.from_numpy(self.cells), yolo_targets([empty, empty], len(self.cells), 3))
        rows = yolo_rows(outputs, len(self.cells))
        expected = sum(entropy(logit, 0) for logit in rows[..., 4].flatten().tolist()) / 2
        self.assertAlmostEqual(losses["objectness_loss"].item(), expected, places=4)
        self.assertEqual((losses["classification_loss"].item(), losses["box_loss"].item()), (0, 0))

    def test_are_finite_far_from_nought(self):
        targets = yolo_targets(self.objects(), len(self.cells), self.classes)
        for value in (1e4, -1e4):
            outputs = {name: torch.full_like(output, value).requires_grad_() for name, output in self.outputs(1).items()}
            loss = sum(yolo_losses(outputs, torch.from_numpy(self.cells), targets).values())
            loss.backward()
            self.assertTrue(torch.isfinite(loss) and all(torch.isfinite(one.grad).all() for one in outputs.values()))

    def test_have_the_gradient_of_the_whole_formula(self):
        p = torch.tensor([[10.0, 12, 40, 50], [0, 0, 8, 30], [3, 3, 9, 9]], dtype=torch.float64, requires_grad=True)
        w = torch.tensor([[12.0, 10, 44, 41], [20, 2, 33, 9], [2, 2, 10, 10]], dtype=torch.float64)
        for found, one, other in zip(complete_iou(p, w).tolist(), p.tolist(), w.tolist()):
            self.assertAlmostEqual(found, plain_ciou(one, other), places=12)
        self.assertTrue(torch.autograd.gradcheck(lambda boxes: complete_iou(boxes, w), p))

    def test_boxes_are_those_of_the_detector(self):
        """The surest anchor cell's box is what the program finds."""
        module = torch_module(self.architecture, "detect", self.side, self.classes).eval()
        pixels = numpy.random.default_rng(3).integers(0, 256, (self.side, self.side, 3), numpy.uint8)
        x = (torch.from_numpy(pixels).float() / 255 - torch.tensor(module.mean)) / torch.tensor(module.std)
        with torch.no_grad():
            rows = yolo_rows(module(x.permute(2, 0, 1)[None]), len(self.cells))[0]
        scores = torch.sigmoid(rows[:, 4:5]) * torch.sigmoid(rows[:, 5:])
        boxes = yolo_boxes(rows[:, :4], torch.from_numpy(self.cells))
        surest = boxes[scores.amax(1).argmax()].numpy().clip(0, self.side)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "one.safetensors"
            module.save(path)
            found = spinenet_cpp.Model(path)(pixels, threshold=0)
        self.assertAlmostEqual(float(found.scores[0]), scores.max().item(), places=4)
        numpy.testing.assert_allclose(found.boxes[0], surest, atol=0.01)

    def test_are_one_graph_of_dynamo(self):
        targets, cells = yolo_targets(self.objects(), len(self.cells), self.classes), torch.from_numpy(self.cells)
        compiled = torch.compile(yolo_losses, backend="eager", fullgraph=True)
        for name, loss in compiled(self.outputs(1), cells, targets).items():
            torch.testing.assert_close(loss, yolo_losses(self.outputs(1), cells, targets)[name])

    def test_refuse_what_does_not_go_together(self):
        targets, cells = yolo_targets(self.objects(), len(self.cells), self.classes), torch.from_numpy(self.cells)
        outputs = self.outputs(1)
        refused = [lambda: yolo_losses({"class.p3": outputs["yolo.p4"]}, cells, targets),
                   lambda: yolo_losses(outputs, cells[:-1], targets),
                   lambda: yolo_losses(outputs, cells[:, :4], targets),
                   lambda: yolo_losses({name: one[:1] for name, one in outputs.items()}, cells, targets),
                   lambda: yolo_losses(outputs, cells, yolo_targets(self.objects(), len(cells), 4)),
                   lambda: yolo_targets(self.objects(), len(cells), 2),
                   lambda: yolo_targets([{**self.objects()[0], "labels": [0]}], len(cells), 3),
                   lambda: yolo_targets([], len(cells), 3),
                   lambda: yolo_cells(narrow("spinenet-49"), 128),
                   lambda: yolo_cells(self.architecture, 70),
                   lambda: label_yolo(self.architecture, 0, [[1, 2, 3, 4]]),
                   lambda: label_yolo(self.architecture, 64, [[1, 2, 3]]),
                   lambda: label_yolo(self.architecture, 64, [[3, 2, 1, 4]]),
                   lambda: label_yolo(self.architecture, 64, [[1, 2, 3, math.inf]]),
                   lambda: label_yolo(self.architecture, 64, [[1, 2, 3, 4]], [True, False])]
        for i, call in enumerate(refused):
            with self.subTest(i), self.assertRaises(spinenet_cpp.UsageError):
                call()


class TwoStageLosses(unittest.TestCase):
    def test_of_proposals_are_the_formulas(self):
        random = torch.Generator().manual_seed(1)
        logits, codes = torch.randn(2, 5, generator=random), torch.randn(2, 5, 4, generator=random)
        classes, wanted = torch.tensor([[-1, -2, 0, 3, -1], [-2, -2, -1, 1, -2]]), torch.zeros(2, 5, 4)
        first = second = 0.0
        for n in range(2):
            for a in range(5):
                if classes[n, a] != -2:
                    first += entropy(logits[n, a].item(), classes[n, a] >= 0)
                if classes[n, a] >= 0:
                    second += sum(huber(code, 1 / 9) for code in codes[n, a].tolist())
        losses = proposal_losses(logits, codes, classes, wanted)
        self.assertAlmostEqual(losses["objectness_loss"].item(), first / 6, places=5)
        self.assertAlmostEqual(losses["proposal_loss"].item(), second / (4 * 3), places=5)
        losses = proposal_losses(logits, codes, classes, wanted, 12, torch.tensor(6), box_weight=2)
        self.assertAlmostEqual(losses["objectness_loss"].item(), first / 12, places=5)
        self.assertAlmostEqual(losses["proposal_loss"].item(), second / (4 * 3), places=5)
        losses = proposal_losses(logits, codes, torch.full_like(classes, -2), wanted)
        self.assertEqual((losses["objectness_loss"].item(), losses["proposal_loss"].item()), (0, 0))

    def test_of_the_box_head_are_the_formulas(self):
        random = torch.Generator().manual_seed(2)
        classes = torch.tensor([2, -1, 0, -1, 1])
        logits, wanted = torch.randn(5, 4, generator=random), torch.randn(5, 4, generator=random)
        for boxes in (3, 1):
            codes = 3 * torch.randn(5, 4 * boxes, generator=random)
            first = second = 0.0
            for r, label in enumerate(classes.tolist()):
                sizes = [math.exp(logit) for logit in logits[r].tolist()]
                first -= math.log(sizes[label + 1] / sum(sizes))
                if label >= 0:
                    own = codes[r].view(boxes, 4)[label if boxes == 3 else 0]
                    second += sum(huber(difference, 0.5) for difference in (own - wanted[r]).tolist())
            losses = box_head_losses(logits, codes, classes, wanted, delta=0.5, box_weight=2)
            self.assertAlmostEqual(losses["class_loss"].item(), first / 5, places=5)
            self.assertAlmostEqual(losses["box_loss"].item(), 2 * second / (4 * 3), places=4)
        losses = box_head_losses(logits, codes, torch.full_like(classes, -1), wanted, 10)
        expected = torch.nn.functional.cross_entropy(logits, torch.zeros(5, dtype=torch.int64))
        torch.testing.assert_close(losses["class_loss"], expected / 2)
        self.assertEqual(losses["box_loss"].item(), 0)

    def test_of_the_mask_head_is_the_formula(self):
        random = torch.Generator().manual_seed(3)
        logits = torch.randn(3, 2, 4, 4, generator=random, requires_grad=True)
        masks, classes = torch.rand(3, 4, 4, generator=random) > 0.5, torch.tensor([1, 0, 1])
        total = sum(entropy(logits[r, label, y, x].item(), masks[r, y, x])
                    for r, label in enumerate(classes.tolist()) for y in range(4) for x in range(4))
        loss = mask_head_loss(logits, classes, masks)
        self.assertAlmostEqual(loss.item(), total / (16 * 3), places=5)
        self.assertAlmostEqual(mask_head_loss(logits, classes, masks, 6, mask_weight=3).item(), 3 * total / (16 * 6),
                               places=5)
        loss.backward()
        for r, label in enumerate(classes.tolist()):
            self.assertEqual(logits.grad[r, 1 - label].abs().max(), 0)
        nothing = mask_head_loss(logits[:0], classes[:0], masks[:0])
        nothing.backward()
        self.assertEqual(nothing.item(), 0)

    def test_are_finite_far_from_nought(self):
        for value in (1e4, -1e4):
            logits, codes = torch.full((2, 3), value), torch.full((2, 3, 4), value)
            learned = torch.tensor([[0, -1, -2], [-1, -1, 1]])
            losses = [*proposal_losses(logits, codes, learned, codes * 0).values(),
                      *box_head_losses(logits, codes[:, 0], torch.tensor([1, -1]), codes[:, 0] * 0).values(),
                      mask_head_loss(logits.view(1, 2, 1, 3).transpose(2, 3).repeat(1, 1, 1, 3), torch.tensor([0]),
                                     torch.ones(1, 3, 3))]
            for loss in losses:
                self.assertTrue(torch.isfinite(loss))

    def test_are_one_graph_of_dynamo(self):
        logits, codes, learned = torch.randn(2, 3), torch.randn(2, 3, 4), torch.tensor([[0, -1, -2], [-1, -1, 1]])
        compiled = torch.compile(proposal_losses, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(logits, codes, learned, codes * 2),
                                   proposal_losses(logits, codes, learned, codes * 2))
        compiled = torch.compile(box_head_losses, backend="eager", fullgraph=True)
        arguments = logits, codes[:, 0].repeat(1, 2), torch.tensor([1, -1]), codes[:, 1]
        torch.testing.assert_close(compiled(*arguments), box_head_losses(*arguments))
        compiled = torch.compile(mask_head_loss, backend="eager", fullgraph=True)
        arguments = torch.randn(2, 3, 4, 4), torch.tensor([1, 0]), torch.ones(2, 4, 4)
        torch.testing.assert_close(compiled(*arguments), mask_head_loss(*arguments))

    def test_refuse_what_does_not_go_together(self):
        logits, codes, classes = torch.zeros(2, 3), torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.int64)
        one = classes[:, 0]
        refused = [lambda: proposal_losses(logits, codes, classes[:1], codes),
                   lambda: proposal_losses(logits, codes[..., :3], classes, codes),
                   lambda: proposal_losses(logits, codes, classes, codes[:, :2]),
                   lambda: box_head_losses(logits, codes[:, :, 0], one, codes[:, 0]),
                   lambda: box_head_losses(logits, codes[:, 0], one[:1], codes[:, 0]),
                   lambda: box_head_losses(logits, codes[:, 0], one, codes[:1, 0]),
                   lambda: mask_head_loss(logits, one, logits),
                   lambda: mask_head_loss(torch.zeros(2, 3, 4, 4), one, torch.zeros(2, 4, 5)),
                   lambda: mask_head_loss(torch.zeros(2, 3, 4, 4), one[:1], torch.zeros(2, 4, 4))]
        for i, call in enumerate(refused):
            with self.subTest(i), self.assertRaises(spinenet_cpp.UsageError):
                call()


def plain_roi_align(features, roi, bins, samples, half_cell, coarsest_stride):
    """[C, bins, bins] of one image's features, by loops, in double precision."""
    levels = list(features)
    level = 4 + math.floor(math.log2(math.sqrt((roi[2] - roi[0]) * (roi[3] - roi[1])) / 224))
    level = min(max(level, levels[0]), levels[-1])
    values, stride, shift = features[level].double(), min(2 ** level, coarsest_stride), 0.5 if half_cell else 0.0
    height, width = values.shape[1:]

    def read(y, x):
        if not (-1 <= y <= height and -1 <= x <= width):
            return torch.zeros(len(values), dtype=torch.float64)
        y, x = (min(max(at, 0), extent - 1) for at, extent in ((y, height), (x, width)))
        top, left = min(int(y), height - 2), min(int(x), width - 2)
        below, right = y - top, x - left
        return (values[:, top, left] * (1 - below) * (1 - right) + values[:, top, left + 1] * (1 - below) * right +
                values[:, top + 1, left] * below * (1 - right) + values[:, top + 1, left + 1] * below * right)

    x1, y1, x2, y2 = (corner / stride - shift for corner in roi)
    result = torch.zeros(len(values), bins, bins, dtype=torch.float64)
    for row in range(bins):
        for column in range(bins):
            for sy in range(samples):
                for sx in range(samples):
                    y = y1 + (y2 - y1) * (row + (sy + 0.5) / samples) / bins
                    x = x1 + (x2 - x1) * (column + (sx + 0.5) / samples) / bins
                    result[:, row, column] += read(y, x) / samples ** 2
    return result


class RoiAlign(unittest.TestCase):
    def features(self, dtype=torch.float32):
        random = torch.Generator().manual_seed(1)
        return {level: torch.randn(2, 3, 512 >> level, 384 >> level, generator=random, dtype=dtype)
                for level in (3, 4, 5, 6, 7)}

    def rois(self):
        """Of every level, some beyond the edges; one image has a single one."""
        many = numpy.array([[10, 20, 60, 90], [0, 0, 224, 224], [3, 5, 230, 231], [0, 0, 384, 512], [-30, -40, 500, 600],
                            [370, 500, 384, 512], [100, 100, 100.5, 101], [-200, -200, -150, -150], [0, 0, 2000, 1500]],
                           numpy.float32)
        return [torch.from_numpy(many), torch.tensor([[50.0, 60, 200, 300]])]

    def test_is_that_of_plain_loops(self):
        features, rois = self.features(), self.rois()
        for options in ({}, {"samples": 1, "half_cell": False}, {"samples": 3}):
            found = roi_align(features, rois, 7, **options)
            self.assertEqual(found.shape, (10, 3, 7, 7))
            r = 0
            for image, own in enumerate(rois):
                for roi in own.tolist():
                    expected = plain_roi_align({level: one[image] for level, one in features.items()}, roi, 7,
                                               options.get("samples", 2), options.get("half_cell", True), 1 << 30)
                    torch.testing.assert_close(found[r].double(), expected, rtol=1e-4, atol=1e-4)
                    r += 1

    def test_reads_levels_of_one_stride(self):
        random = torch.Generator().manual_seed(2)
        features = {level: torch.randn(1, 2, 32, 32, generator=random) for level in (4, 5, 6)}
        rois = torch.tensor([[0.0, 0, 512, 512], [10, 20, 500, 490], [5, 5, 100, 100]])  # levels 5, 5 and 4
        found = roi_align(features, [rois], 3, coarsest_stride=16)
        for r, roi in enumerate(rois.tolist()):
            expected = plain_roi_align({level: one[0] for level, one in features.items()}, roi, 3, 2, True, 16)
            torch.testing.assert_close(found[r].double(), expected, rtol=1e-4, atol=1e-4)

    def test_has_its_gradient(self):
        random = torch.Generator().manual_seed(3)
        features = [torch.randn(2, 2, size, size, generator=random, dtype=torch.float64, requires_grad=True)
                    for size in (8, 4)]
        rois = [torch.tensor([[5.0, 6, 60, 50]]), torch.tensor([[-3.0, 1, 64, 64], [30, 30, 40, 45]])]
        self.assertTrue(torch.autograd.gradcheck(lambda *maps: roi_align(dict(enumerate(maps, 3)), rois, 2), features))

    def test_takes_no_rois_and_half_precision(self):
        features = self.features()
        none = roi_align(features, [torch.zeros(0, 4)] * 2, 7)
        self.assertEqual(none.shape, (0, 3, 7, 7))
        half = roi_align({level: one.bfloat16() for level, one in features.items()}, self.rois(), 7)
        torch.testing.assert_close(half, roi_align(features, self.rois(), 7), rtol=0.02, atol=0.02)

    def test_refuses_what_does_not_go_together(self):
        features, rois = self.features(), self.rois()
        refused = [lambda: roi_align({}, rois, 7), lambda: roi_align({3: features[3], 5: features[5]}, rois, 7),
                   lambda: roi_align(features, rois[:1], 7), lambda: roi_align(features, [rois[0], rois[1][0]], 7),
                   lambda: roi_align(features, rois, 0), lambda: roi_align(features, rois, 7, samples=0)]
        for i, call in enumerate(refused):
            with self.subTest(i), self.assertRaises(spinenet_cpp.UsageError):
                call()

    def test_pyramid_is_in_order(self):
        outputs = {"p4": 4, "objectness.p3": 0, "p3": 3, "p10": 10}
        self.assertEqual(list(pyramid_of(outputs).items()), [(3, 3), (4, 4), (10, 10)])


class Segmenters(unittest.TestCase):
    """The whole step on a batch of one's own."""

    def batch(self, network):
        cells = spinenet_cpp.anchors(network.architecture, "segment", 128)
        boxes = numpy.array([[10, 12, 70, 90], [60, 50, 120, 100]], numpy.float32)
        bitmaps = numpy.zeros((2, 128, 128), bool)
        bitmaps[0, 12:90, 10:70] = bitmaps[1, 50:100, 60:120] = True
        target = {"boxes": boxes, "labels": numpy.array([0, 1]), "crowd": numpy.array([False, False]),
                  "masks": ObjectMasks(bitmaps)}
        empty = {"boxes": boxes[:0], "labels": numpy.zeros(0, int), "crowd": numpy.zeros(0, bool),
                 "masks": ObjectMasks(bitmaps[:0])}
        labelled = [spinenet_cpp.label_anchors(cells, one["boxes"], one["labels"], positive=0.7, negative=0.3)
                    for one in (target, empty)]
        classes, codes = (numpy.stack(part) for part in zip(*labelled))
        return {"step": 0, "targets": [target, empty], "classes": classes, "codes": codes}

    def network(self):
        return torch_module(narrow_segmenter(), "segment", 128, 2).train()

    def test_learn_in_every_part(self):
        network = self.network()
        pixels = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(1))
        batch = self.batch(network)
        losses = segment_losses(network, pixels, batch)
        self.assertEqual(list(losses), ["objectness_loss", "proposal_loss", "class_loss", "box_loss", "class_loss2",
                                        "box_loss2", "class_loss3", "box_loss3", "mask_loss"])
        sum(losses.values()).backward()
        for name, parameter in network.named_parameters():
            self.assertTrue(parameter.grad is not None and torch.isfinite(parameter.grad).all(), name)
        # Counts over all processes divide what each of them has.
        network = self.network()
        halves = segment_losses(network, pixels, batch, total=lambda count: 2 * count)
        for name in losses:
            torch.testing.assert_close(halves[name], losses[name] / 2, rtol=1e-4, atol=1e-6, msg=name)

    def test_without_masks_run_the_mask_head_for_nothing(self):
        network = self.network()
        batch = self.batch(network)
        batch["targets"] = [batch["targets"][1]] * 2
        losses = segment_losses(network, torch.randn(2, 3, 128, 128), batch)
        self.assertEqual(losses["mask_loss"].item(), 0)
        sum(losses.values()).backward()
        self.assertTrue(all(parameter.grad is not None for parameter in network.parameters()))

    def test_refuse_what_does_not_go_together(self):
        network = self.network()
        batch, pixels = self.batch(network), torch.zeros(2, 3, 128, 128)
        bare = [{name: one for name, one in target.items() if name != "masks"} for target in batch["targets"]]
        refused = [lambda: segment_losses(torch_module(narrow("spinenet-49"), "detect", 128, 2), pixels, batch),
                   lambda: segment_losses(network, pixels, {"targets": batch["targets"]}),
                   lambda: segment_losses(network, pixels, {**batch, "targets": bare}),
                   lambda: segment_losses(network, pixels[:1], batch),
                   lambda: segment_losses(network, pixels[..., :64], batch)]
        for i, call in enumerate(refused):
            with self.subTest(i), self.assertRaises(spinenet_cpp.UsageError):
                call()
