"""What networks learn from, as arrays: anchor cells, ROIs and masks, the batches of each task. PyTorch is not needed."""
import json
import math
import subprocess
import unittest

import numpy

import spinenet_cpp
from spinenet_cpp import (Architecture, Batches, ObjectMasks, anchors, label_anchors, label_rois, label_yolo, match_rois,
                          refine_rois, sample_rois, segmenter_settings, subsample, yolo_cells)
from support import FolderTest, PROGRAM, some_boxes
from torch_support import narrow


class YoloLabels(unittest.TestCase):
    def test_are_in_the_cell_of_the_centre_and_of_the_anchor_of_the_size(self):
        cells = yolo_cells(narrow("yolov4-tiny"), 416)
        self.assertEqual(cells.shape, ((13 * 13 + 26 * 26) * 3, 5))
        sizes = cells[:, 3:]
        for width, height in ((81, 82), (135, 169), (344, 319)):
            box = numpy.array([200 - width / 2, 120 - height / 2, 200 + width / 2, 120 + height / 2])
            matches, ignored = label_yolo(narrow("yolov4-tiny"), 416, [box])
            self.assertEqual(len(ignored), 0)
            own = matches[(sizes[matches[:, 0]] == (width, height)).all(1), 0]
            self.assertGreater(len(own), 0)
            x, y, reach = cells[own[-1], :3]
            self.assertTrue(x < 200 < x + reach and y < 120 < y + reach)
        matches, ignored = label_yolo(narrow("yolov4-tiny"), 416, [[-500, -500, 900, 900]], [True])
        self.assertEqual((len(matches), len(ignored)), (0, len(cells)))


class Rois(unittest.TestCase):
    def test_learn_the_offsets_of_their_boxes(self):
        boxes, rois = some_boxes(4, 200, 1), some_boxes(5, 200, 2)
        crowd, labels = numpy.array([False, True, False, False]), numpy.array([4, 9, 2, 7])
        matches = numpy.array([2, -1, 0, 1, 0])  # of the boxes that are no crowds
        for stage in (0, 1):
            classes, codes = label_rois(rois, matches, boxes, labels, crowd, stage=stage)
            self.assertEqual(classes.tolist(), [7, -1, 4, 2, 4])
            for r, match in enumerate(matches):
                if match < 0:
                    self.assertEqual(codes[r].tolist(), [0] * 4)
                    continue
                x1, y1, x2, y2 = boxes[[0, 2, 3][match]].astype(float)
                u1, v1, u2, v2 = rois[r].astype(float)
                expected = (stage + 1) * numpy.array([
                    10 * ((y1 + y2) - (v1 + v2)) / 2 / (v2 - v1), 10 * ((x1 + x2) - (u1 + u2)) / 2 / (u2 - u1),
                    5 * math.log((y2 - y1) / (v2 - v1)), 5 * math.log((x2 - x1) / (u2 - u1))])
                numpy.testing.assert_allclose(codes[r], expected, rtol=1e-4, atol=1e-4)
            learned = matches >= 0
            refined = refine_rois(codes, rois, 200, 200, stage=stage)
            numpy.testing.assert_allclose(refined[learned], boxes[[0, 2, 3]][matches[learned]], atol=1e-3)
            numpy.testing.assert_allclose(refined[~learned], rois[~learned], atol=1e-3)

    def test_are_drawn_by_step_and_image_alone(self):
        proposals, boxes = some_boxes(300, 200, 3), some_boxes(6, 200, 4)
        draw = lambda **options: sample_rois(proposals, boxes, samples=40, **options)[0]
        first = draw(seed=5, step=7, image=2)
        numpy.testing.assert_array_equal(draw(seed=5, step=7, image=2), first)
        for other in ({"seed": 6, "step": 7, "image": 2}, {"seed": 5, "step": 8, "image": 2},
                      {"seed": 5, "step": 7, "image": 3}, {"seed": 5}):
            self.assertFalse(numpy.array_equal(draw(**other), first), other)
        matches = numpy.where(numpy.arange(200) % 20 == 0, 0, -1)
        parts = [subsample(matches, samples=64, step=3, part=part).tolist() for part in ("anchors", "rois", "masks")]
        self.assertEqual(len({tuple(part) for part in parts}), 3)
        self.assertEqual(subsample(matches, samples=64, step=3).tolist(), parts[0])

    def test_of_later_heads_are_matched_as_they_are(self):
        boxes = numpy.array([[0, 0, 100, 100], [100, 100, 200, 200]], numpy.float32)
        rois = numpy.array([[0, 0, 100, 70], [0, 0, 100, 40], [110, 110, 150, 150], [0, 100, 60, 200]], numpy.float32)
        kept, matches = match_rois(rois, boxes, [False, True], positive=0.6)
        numpy.testing.assert_array_equal(kept, rois[[0, 1, 3]])
        self.assertEqual(matches.tolist(), [0, -1, -1])

    def test_refuse_what_makes_no_sense(self):
        boxes, rois = some_boxes(2, 50, 1), some_boxes(3, 50, 2)
        refused = [lambda: label_rois(rois, [0, 1], boxes, [0, 0]), lambda: label_rois(rois, [0, 1, 2], boxes, [0, 0]),
                   lambda: label_rois(rois, [0, 1, -2], boxes, [0, 0]), lambda: label_rois(rois, [0, 1, 1], boxes, [0]),
                   lambda: label_rois(rois, [0, 1, 1], boxes, [0, 1], stage=-1),
                   lambda: label_rois(rois * 0, [0, 1, 1], boxes, [0, 1]),
                   lambda: label_rois(rois, [0, 1, 1], boxes, [0, 1], [True]),
                   lambda: refine_rois(numpy.zeros((2, 4)), rois, 50, 50),
                   lambda: sample_rois(rois, boxes, samples=0), lambda: sample_rois(rois, boxes, positives=1.5),
                   lambda: subsample([0, -1], part="mask"), lambda: subsample([0, -1], samples=-1),
                   lambda: segmenter_settings(Architecture("yolov4"))]
        for i, call in enumerate(refused):
            with self.subTest(i), self.assertRaises(spinenet_cpp.UsageError):
                call()


class Masks(unittest.TestCase):
    def masks(self):
        bitmaps = numpy.zeros((2, 64, 64), bool)
        bitmaps[0, 10:30, 20:50] = True
        bitmaps[1, 40:, :8] = True
        return bitmaps, ObjectMasks(bitmaps)

    def test_are_cut_to_rois(self):
        bitmaps, masks = self.masks()
        self.assertEqual((len(masks), masks.present.tolist()), (2, [True, True]))
        numpy.testing.assert_array_equal(masks.over_input(64), bitmaps)
        rois = numpy.array([[20, 10, 50, 30], [0, 0, 64, 64], [0, 32, 16, 64]], numpy.float32)
        targets = masks.targets([0, 0, 1], rois, 8)
        self.assertEqual((targets.shape, targets.dtype), ((3, 8, 8), bool))
        self.assertTrue(targets[0].all())
        # A cell of 8 x 8 pixels is 1 where at least half of it is.
        numpy.testing.assert_array_equal(targets[1], bitmaps[0].reshape(8, 8, 8, 8).mean((1, 3)) >= 0.5)
        self.assertTrue(targets[2, 2:, :4].all() and not targets[2, :2].any() and not targets[2, :, 4:].any())
        self.assertEqual(masks.targets([], numpy.zeros((0, 4))).shape, (0, 28, 28))

    def test_refuse_what_makes_no_sense(self):
        _, masks = self.masks()
        roi = [[0, 0, 8, 8]]
        refused = [lambda: ObjectMasks(numpy.zeros((4, 4), bool)), lambda: ObjectMasks(numpy.zeros((1, 0, 4), bool)),
                   lambda: masks.targets([2], roi), lambda: masks.targets([-1], roi), lambda: masks.targets([0, 1], roi),
                   lambda: masks.targets([0], roi, 0), lambda: masks.targets([0], [[8, 0, 0, 8]]),
                   lambda: masks.over_input(0)]
        for i, call in enumerate(refused):
            with self.subTest(i), self.assertRaises(spinenet_cpp.UsageError):
                call()


class TheBatches(FolderTest):
    """Of each task and each head."""

    def scenes(self):
        root = self.folder / "scenes"
        subprocess.run([PROGRAM, "data", "scenes", "--level", "easy", "--images", "6", "--val-images", "2", "--size", "128",
                        "--out", str(root), "--quiet"], check=True, capture_output=True)
        return root / "annotations" / "train.json", root / "train"

    def batches(self, data, architecture, **options):
        return Batches(*data, 128, 3, architecture=architecture, seed=5, **options)

    def test_of_the_yolo_head_have_the_matches_of_their_boxes(self):
        architecture = narrow("yolov4-tiny")
        batch = self.batches(self.scenes(), architecture).next()
        self.assertEqual(set(batch), {"pixels", "image_ids", "targets", "step"})
        matched = 0
        for target in batch["targets"]:
            self.assertEqual(set(target), {"boxes", "labels", "crowd", "matches", "ignored"})
            matches, ignored = label_yolo(architecture, 128, target["boxes"], target["crowd"])
            numpy.testing.assert_array_equal(target["matches"], matches)
            numpy.testing.assert_array_equal(target["ignored"], ignored)
            self.assertEqual((matches.dtype, ignored.dtype), (numpy.int64, numpy.int64))
            matched += len(matches)
        self.assertGreater(matched, 0)

    def test_of_a_segmenter_have_masks_and_what_proposals_learn(self):
        architecture, data = narrow("spinenet-49"), self.scenes()
        batch = self.batches(data, architecture, task="segment").next()
        cells, whole = anchors(architecture, "segment", 128), 0
        self.assertEqual(batch["codes"].shape, (3, len(cells), 4))
        for i, target in enumerate(batch["targets"]):
            classes, codes = label_anchors(cells, target["boxes"], target["labels"], target["crowd"], positive=0.7,
                                           negative=0.3)
            numpy.testing.assert_array_equal(batch["classes"][i], classes)
            numpy.testing.assert_array_equal(batch["codes"][i], codes)
            self.assertEqual(len(target["masks"]), len(target["boxes"]))
            self.assertTrue(target["masks"].present.all())
            for box, mask in zip(target["boxes"], target["masks"].over_input(128)):
                rows, columns = numpy.nonzero(mask)
                found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
                # Of an object that the window cuts the box may reach beyond what is left of it.
                self.assertTrue((found[:2] > box[:2] - 1.5).all() and (found[2:] < box[2:] + 1.5).all())
                if (box[:2] > 0).all() and (box[2:] < 128).all():
                    numpy.testing.assert_allclose(found, box, atol=2)
                    whole += 1
        self.assertGreater(whole, 0)
        same = self.batches(data, architecture).next()
        numpy.testing.assert_array_equal(same["pixels"], batch["pixels"])
        self.assertNotIn("masks", same["targets"][0])

    def test_refuse_what_makes_no_sense(self):
        data = self.scenes()
        for name, task in (("spinenet-49", "classify"), ("yolov4-tiny", "segment"), ("spinenet-49", "segmentt")):
            with self.subTest(task), self.assertRaises(spinenet_cpp.UsageError):
                self.batches(data, narrow(name), task=task)
        with self.assertRaises(spinenet_cpp.UsageError):
            Batches(*data, 100, 3, architecture=narrow("yolov4-tiny"))
        bare = self.folder / "bare.json"
        annotations = json.loads(data[0].read_text())
        for one in annotations["annotations"]:
            del one["segmentation"]
        bare.write_text(json.dumps(annotations))
        with self.assertRaises(spinenet_cpp.BadDataError):
            self.batches((bare, data[1]), narrow("spinenet-49"), task="segment")


if __name__ == "__main__":
    unittest.main()
