"""A model finds what `spinenet predict` finds, to the last bit, and hands it out as NumPy arrays."""
import json
import unittest

import numpy
import spinenet_cpp
from support import FolderTest, TASKS, colourful, model_path, png, predict

MANY = 0.02  # a threshold that many objects of the test models pass


def mask_of(segmentation):
    """The pixels of COCO's compressed runs."""
    height, width = segmentation["size"]
    counts, text, at = [], segmentation["counts"], 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            code = ord(text[at]) - 48
            value |= (code & 0x1F) << shift
            more = bool(code & 0x20)
            at, shift = at + 1, shift + 5
        if code & 0x10:
            value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    values = numpy.arange(len(counts)) % 2 == 1
    return numpy.repeat(values, counts).reshape(width, height).T


class PredictTest(FolderTest):
    def files(self):
        sizes = [(70, 110), (128, 96), (33, 200)]
        return [self.image_file(f"{i}.png", colourful(*size, seed=i)) for i, size in enumerate(sizes)]

    def test_finds_what_the_program_finds(self):
        for task in TASKS:
            files = self.files()
            model = spinenet_cpp.Model(model_path(task))
            for options, flags in (({}, ()), ({"threshold": MANY}, ("--threshold", str(MANY))),
                                   ({"max_detections": 2, "threshold": 0}, ("--max", "2", "--threshold", "0"))):
                said = [entry for one in model(files, **options) for entry in one.to_coco()]
                self.assertEqual(json.dumps(said), json.dumps(predict(task, files, *flags)), (task, options))

    def test_finds_something(self):
        found = spinenet_cpp.Model(model_path("segment"))(self.files(), threshold=MANY)
        self.assertTrue(all(len(one) > 3 for one in found))

    def test_per_class_and_other_sizes_as_the_program(self):
        files = self.files()
        model = spinenet_cpp.Model(model_path("detect"), image_size=200)
        self.assertEqual(model.image_size, 200)
        said = [entry for one in model(files, threshold=0, max_per_class=3) for entry in one.to_coco()]
        self.assertEqual(said, predict("detect", files, "--size", "200", "--threshold", "0", "--max-per-class", "3"))

    def test_arrays_of_objects(self):
        for task in ("detect", "segment"):
            model = spinenet_cpp.Model(model_path(task))
            found = model(colourful(70, 110), threshold=MANY)
            entries = found.to_coco()
            count = len(found)
            self.assertEqual(count, len(entries))
            self.assertEqual((found.height, found.width, found.task), (70, 110, task))
            self.assertEqual((found.boxes.shape, found.boxes.dtype), ((count, 4), numpy.float32))
            self.assertEqual((found.scores.shape, found.scores.dtype), ((count,), numpy.float32))
            self.assertEqual((found.labels.dtype, found.class_ids.dtype), (numpy.int64, numpy.int64))
            for i, entry in enumerate(entries):
                x1, y1, x2, y2 = found.boxes[i].astype(float)
                self.assertEqual(entry["bbox"], [x1, y1, x2 - x1, y2 - y1])
                self.assertEqual(entry["score"], float(found.scores[i]))
                self.assertEqual(entry["category_id"], found.class_ids[i])
                self.assertEqual(entry["category"], found.names[i])
                self.assertEqual(found.names[i], model.names[found.labels[i]])
                self.assertEqual(found.class_ids[i], model.class_ids[found.labels[i]])
            self.assertIsNone(found.probabilities)
            self.assertTrue(numpy.all(numpy.diff(found.scores) <= 0))

    def test_masks(self):
        found = spinenet_cpp.Model(model_path("segment"))(colourful(70, 110), threshold=MANY)
        self.assertEqual((found.masks.shape, found.masks.dtype), ((len(found), 70, 110), numpy.bool_))
        self.assertIs(found.masks, found.masks)
        for mask, entry in zip(found.masks, found.to_coco()):
            numpy.testing.assert_array_equal(mask, mask_of(entry["segmentation"]))
        nothing = spinenet_cpp.Model(model_path("segment"))(colourful(70, 110), threshold=1)
        self.assertEqual((nothing.masks.shape, nothing.boxes.shape), ((0, 70, 110), (0, 4)))
        self.assertIsNone(spinenet_cpp.Model(model_path("detect"))(colourful(70, 110)).masks)

    def test_probabilities(self):
        model = spinenet_cpp.Model(model_path("classify"))
        found = model(colourful(70, 110))
        self.assertEqual((found.probabilities.shape, found.probabilities.dtype), ((2,), numpy.float32))
        self.assertAlmostEqual(float(found.probabilities.sum()), 1, places=6)
        self.assertEqual(found.labels[0], found.probabilities.argmax())
        numpy.testing.assert_array_equal(found.scores, found.probabilities[found.labels])
        self.assertIsNone(found.boxes)
        self.assertIsNone(found.masks)
        self.assertEqual(len(model(colourful(70, 110), max_detections=1)), 1)

    def test_arrays_outlive_all_else(self):
        model = spinenet_cpp.Model(model_path("detect"))
        found = model(colourful(70, 110), threshold=MANY)
        boxes, before = found.boxes, found.boxes.copy()
        del model, found
        numpy.testing.assert_array_equal(boxes, before)
        boxes[:] = 0

    def test_draws(self):
        pixels = colourful(70, 110)
        found = spinenet_cpp.Model(model_path("segment"))(pixels, threshold=MANY)
        drawn = found.plot()
        self.assertEqual((drawn.shape, drawn.dtype), ((70, 110, 3), numpy.uint8))
        self.assertTrue(numpy.any(drawn != pixels))
        numpy.testing.assert_array_equal(found.plot(color="bgr"), drawn[..., ::-1])
        self.assertTrue(found._repr_png_().startswith(b"\x89PNG"))
        shown = spinenet_cpp.Model(model_path("detect"))(found._repr_png_()).height
        self.assertGreater(shown, 70)  # a small image is enlarged for the eye, by a whole factor
        self.assertEqual(shown % 70, 0)
        numpy.testing.assert_array_equal(pixels, colourful(70, 110))

    def test_draws_as_the_program(self):
        path = self.image_file("a.png", colourful(70, 110))
        reader = spinenet_cpp.Model(model_path("detect"))
        for task in TASKS:
            out = self.folder / f"drawn-{task}"
            predict(task, [path], "--out", str(out), "--no-enlarge")
            drawn_by_program = reader(str(out / "a.png"), threshold=1).plot()
            numpy.testing.assert_array_equal(spinenet_cpp.Model(model_path(task))(path).plot(), drawn_by_program)

    def test_names_and_ids_of_images(self):
        files = self.files()
        found = spinenet_cpp.Model(model_path("detect"))(files, threshold=MANY)
        self.assertEqual([(one.image_id, one.file_name) for one in found], list(enumerate(files, 1)))
        entry = found[0].to_coco(image_id=42, file_name="x.png")[0]
        self.assertEqual((entry["image_id"], entry["file_name"]), (42, "x.png"))

    def test_opens_bytes(self):
        path = model_path("detect")
        with open(path, "rb") as file:
            content = file.read()
        for source in (content, bytearray(content), memoryview(content)):
            model = spinenet_cpp.Model(source)
            self.assert_same(model(png(colourful(40, 50))), spinenet_cpp.Model(path)(png(colourful(40, 50))))

    def test_says_what_it_is(self):
        model = spinenet_cpp.Model(model_path("detect"), threads=1)
        self.assertEqual((model.task, model.names, model.class_ids), ("detect", ["apple", "pear"], [3, 7]))
        self.assertEqual((model.image_size, model.threads, model.precision), (100, 1, "fp32"))
        self.assertIsInstance(model.architecture, spinenet_cpp.Architecture)
        self.assertIn("detect, 2 classes, 100 pixels, fp32, 1 thread", repr(model))
        self.assertIn("70 x 110 pixels", repr(model(colourful(70, 110))))


if __name__ == "__main__":
    unittest.main()
