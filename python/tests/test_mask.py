"""spinenet_cpp.mask gives what pycocotools.mask gives, bit for bit."""
import unittest
import warnings

import numpy

import coco_sets
from spinenet_cpp import mask
from spinenet_cpp.errors import BadDataError

try:
    from pycocotools import mask as theirs
except ImportError:
    theirs = None


def random_masks(rng, count):
    height, width = (int(v) for v in rng.integers(1, 40, 2))
    share = rng.choice([0.0, 0.1, 0.5, 0.95, 1.0])
    return numpy.asfortranarray((rng.random((height, width, count)) < share).astype(numpy.uint8))


class MaskTest(unittest.TestCase):
    def test_decode_gives_what_was_encoded(self):
        rng = numpy.random.default_rng(1)
        for _ in range(30):
            pixels = random_masks(rng, 3)
            for one in (pixels, numpy.ascontiguousarray(pixels), pixels.astype(bool), pixels[::-1, ::-1]):
                codes = mask.encode(one)
                self.assertTrue(numpy.array_equal(mask.decode(codes), one))
                self.assertEqual(mask.encode(one[:, :, 1]), codes[1])
            self.assertTrue(mask.decode(codes).flags.f_contiguous)

    def test_text_and_bytes_are_the_same_code(self):
        code = mask.encode(random_masks(numpy.random.default_rng(2), 1))[0]
        text = {"size": code["size"], "counts": code["counts"].decode()}
        self.assertTrue(numpy.array_equal(mask.decode(code), mask.decode(text)))

    def test_a_flat_list_is_one_object(self):
        polygon = [1.0, 1.0, 9.0, 1.0, 9.0, 7.0]
        self.assertEqual(mask.frPyObjects(polygon, 10, 12), mask.frPyObjects([polygon], 10, 12)[0])
        box = [1.0, 2.0, 3.0, 4.0]
        self.assertEqual(mask.frPyObjects(box, 10, 12), mask.frPyObjects(numpy.array([box]), 10, 12)[0])

    def test_is_refused_where_it_is_no_mask(self):
        with self.assertRaisesRegex(BadDataError, "runs"):
            mask.decode({"size": [10, 10], "counts": b"5"})
        with self.assertRaises(BadDataError):
            mask.area({"size": [10, 10], "counts": b"\xff\xff"})
        with self.assertRaisesRegex(TypeError, "counts"):
            mask.area({"size": [10, 10], "counts": [5, 95]})
        with self.assertRaisesRegex(TypeError, "boxes are an array"):
            mask.frPyObjects([[1, 1, 3, 3]], 10, 10)
        with self.assertRaises(IndexError):
            mask.frPyObjects([], 10, 10)
        with self.assertRaisesRegex(ValueError, "uint8"):
            mask.encode(numpy.zeros((3, 3), numpy.float32))
        with self.assertRaisesRegex(TypeError, "masks masks"):
            mask.iou([[1, 1, 2, 2]], [{"size": [1, 1], "counts": b"1"}], [0])
        with self.assertRaisesRegex(AssertionError, "iscrowd"):
            mask.iou([[1, 1, 2, 2]], [[1, 1, 2, 2]], [0, 1])


@unittest.skipIf(theirs is None, "pycocotools is not installed")
class PycocotoolsTest(unittest.TestCase):
    def same(self, name, *arguments):
        found = getattr(mask, name)(*arguments)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # theirs: its arrays cannot say that they are not copied
            expected = getattr(theirs, name)(*arguments)
        if isinstance(expected, numpy.ndarray):
            self.assertEqual(found.dtype, expected.dtype, name)
            self.assertEqual(found.shape, expected.shape, name)
            self.assertTrue(numpy.array_equal(found, expected), name)
        else:
            self.assertEqual(found, expected, name)
            self.assertIs(type(found), type(expected), name)
        return expected

    def test_pixels(self):
        rng = numpy.random.default_rng(3)
        for _ in range(100):
            pixels = random_masks(rng, int(rng.integers(1, 5)))
            codes = self.same("encode", pixels)
            self.same("encode", numpy.asfortranarray(pixels[:, :, 0]))
            self.functions_of(codes, rng)

    def functions_of(self, codes, rng):
        self.same("decode", codes)
        self.same("decode", codes[0])
        self.same("area", codes)
        self.same("area", codes[0])
        self.same("toBbox", codes)
        self.same("toBbox", codes[0])
        for intersect in (0, 1, True, False):
            self.same("merge", codes, intersect)
        crowd = rng.integers(0, 2, len(codes)).tolist()
        self.same("iou", codes, codes[::-1], crowd)

    def test_polygons(self):
        rng = numpy.random.default_rng(4)
        for _ in range(100):
            polygons = [coco_sets.outline(rng, coco_sets.random_box(rng)) for _ in range(rng.integers(1, 5))]
            polygons[0] += [3.0] * int(rng.integers(0, 2))  # an odd number
            if len(polygons[0]) > 4:
                self.functions_of(self.same("frPyObjects", polygons, 100, 140), rng)
        self.same("frPyObjects", [[1, 1, 3, 3, 5]], 10, 10)
        self.same("frPyObjects", [numpy.array([1.0, 1, 9, 1, 9, 9])], 10, 10)

    def test_boxes(self):
        rng = numpy.random.default_rng(5)
        boxes = numpy.array([coco_sets.random_box(rng) for _ in range(30)])
        others = numpy.array([coco_sets.random_box(rng) for _ in range(20)])
        self.same("frPyObjects", boxes, 128, 128)
        crowd = rng.integers(0, 2, 20).tolist()
        self.same("iou", boxes, others, crowd)
        self.same("iou", boxes.tolist(), others.tolist(), crowd)
        self.same("iou", list(boxes), list(others), crowd)
        self.same("iou", boxes.astype(int), others.astype(numpy.float32), crowd)

    def test_runs_of_numbers(self):
        rng = numpy.random.default_rng(6)
        runs = [
            {"size": [coco_sets.SIDE, coco_sets.SIDE], "counts": coco_sets.runs_of(rng, coco_sets.random_box(rng))}
            for _ in range(10)
        ]
        self.functions_of(self.same("frPyObjects", runs, 1, 1), rng)
        self.same("frPyObjects", runs[0], 1, 1)

    def test_edges(self):
        code = theirs.frPyObjects([[1, 1, 4, 1, 4, 4]], 10, 10)
        other = theirs.frPyObjects([[1, 1, 4, 1, 4, 4]], 12, 10)
        self.same("iou", code, other, [0])
        self.same("merge", code + other)
        self.same("area", [])
        self.same("toBbox", [])
        self.same("merge", [])
        self.same("iou", [], [], [])
        self.same("iou", [[1, 1, 2, 2]], [], [])
        self.same("encode", numpy.zeros((0, 4), numpy.uint8, order="F"))


if __name__ == "__main__":
    unittest.main()
