"""What goes wrong is an error of the right class that names the place and the remedy, and never ends the process."""
import json
import pathlib
import unittest

import spinenet_cpp
from spinenet_cpp import Architecture, Model
from support import FolderTest, colourful, model_path, png


class ErrorsTest(FolderTest):
    def refused(self, kind, text, work):
        with self.assertRaisesRegex(kind, text) as caught:
            work()
        self.assertIsInstance(caught.exception, spinenet_cpp.Error)
        names = {"UsageError": "usage", "BadDataError": "bad_data", "InputOutputError": "io",
                 "UnsupportedError": "unsupported", "FailedError": "failed"}
        self.assertEqual(caught.exception.kind, names[kind.__name__])
        return str(caught.exception)

    def test_models_that_cannot_be_opened(self):
        self.refused(spinenet_cpp.InputOutputError, "/nowhere/m.safetensors", lambda: Model("/nowhere/m.safetensors"))
        with self.assertRaises(OSError):
            Model(pathlib.Path("/nowhere/m.safetensors"))
        whole = pathlib.Path(model_path("detect")).read_bytes()
        for content in (b"", b"no model", whole[:-1], whole[:100], whole + b"x", png(colourful(8, 8))):
            self.refused(spinenet_cpp.BadDataError, "^model: ", lambda: Model(content))
        path = self.folder / "cut.safetensors"
        path.write_bytes(whole[:-1])
        self.refused(spinenet_cpp.BadDataError, "^" + str(path), lambda: Model(path))
        self.refused(spinenet_cpp.UsageError, "^model: .*plain sequence", lambda: Model(memoryview(whole)[::2]))
        for source in (None, 3, ["a"], {}):
            with self.assertRaises(TypeError):
                Model(source)

    def test_options_of_a_model(self):
        path = model_path("detect")
        self.refused(spinenet_cpp.UsageError, 'did you mean "int8"', lambda: Model(path, precision="int9"))
        self.refused(spinenet_cpp.UsageError, "calibrat", lambda: Model(path, precision="int8"))
        self.refused(spinenet_cpp.UsageError, "image size of 0", lambda: Model(path, image_size=0))
        self.refused(spinenet_cpp.UsageError, "image size", lambda: Model(path, image_size=65537))
        self.refused(spinenet_cpp.UsageError, "-1 threads", lambda: Model(path, threads=-1))
        with self.assertRaises(TypeError):
            Model(path, speed=3)

    def test_options_of_a_call(self):
        model, pixels = Model(model_path("detect")), colourful(20, 20)
        for threshold in (-0.1, 1.1, float("nan")):
            self.refused(spinenet_cpp.UsageError, "score threshold", lambda: model(pixels, threshold=threshold))
        for most in (0, -1, 100_001):
            self.refused(spinenet_cpp.UsageError, "at most", lambda: model(pixels, max_detections=most))
            self.refused(spinenet_cpp.UsageError, "at most", lambda: model(pixels, max_per_class=most))
        self.refused(spinenet_cpp.UsageError, 'did you mean "bgr"', lambda: model(pixels, color="bgrr"))
        self.refused(spinenet_cpp.UsageError, "find objects",
                     lambda: Model(model_path("classify"))(pixels, max_per_class=1))
        for bad in ({"threshold": "much"}, {"max_detections": 2.5}, {"speed": 3}):
            with self.assertRaises(TypeError):
                model(pixels, **bad)

    def test_images_that_cannot_be_read(self):
        model = Model(model_path("detect"))
        self.refused(spinenet_cpp.InputOutputError, "/nowhere/a.png", lambda: model("/nowhere/a.png"))
        with self.assertRaises(spinenet_cpp.Error):
            model(str(self.folder))
        whole = png(colourful(20, 20))
        for content in (b"", b"no image", whole[:-20], b"GIF89a" + bytes(50)):
            self.refused(spinenet_cpp.BadDataError, "^image: ", lambda: model(content))
        self.refused(spinenet_cpp.BadDataError, "^image 2: ", lambda: model([whole, b"no image"]))
        path = self.folder / b"b\xff.png".decode("utf-8", "surrogateescape")
        path.write_bytes(whole[:-20])
        self.refused(spinenet_cpp.BadDataError, r"\.png", lambda: model(path))
        path.write_bytes(whole)
        self.assertEqual(model(path).file_name, str(path))

    def test_a_model_goes_on_after_errors(self):
        model, pixels = Model(model_path("segment")), colourful(20, 20)
        before = model(pixels, threshold=0.01)
        for _ in range(3):
            with self.assertRaises(spinenet_cpp.BadDataError):
                model(b"no image", threshold=0.01)
            with self.assertRaises(TypeError):
                model([pixels, None], threshold=0.01)
        self.assert_same(model(pixels, threshold=0.01), before)

    def test_architectures(self):
        self.refused(spinenet_cpp.UsageError, "spinenet-49", lambda: Architecture("spinenet-50"))
        self.refused(spinenet_cpp.BadDataError, "^architecture", lambda: Architecture("{"))
        self.refused(spinenet_cpp.BadDataError, "^architecture", lambda: Architecture.from_json('{"naem": "x"}'))
        self.refused(spinenet_cpp.UsageError, 'did you mean "detect"',
                     lambda: Architecture("spinenet-49").cost(task="detcet"))
        self.refused(spinenet_cpp.UsageError, "image size of 0", lambda: Architecture("spinenet-49").cost(image_size=0))
        self.refused(spinenet_cpp.UsageError, "0 classes", lambda: Architecture("spinenet-49").cost(classes=0))
        self.refused(spinenet_cpp.UsageError, "scale-permuted", lambda: Architecture("resnet-50").mutate(1))
        self.refused(spinenet_cpp.BadDataError, "spinenet-mobile-49",
                     lambda: Architecture("spinenet-mobile-49").mutate(1))
        damaged = {**json.loads(Architecture("spinenet-49").to_json()), "edges": "without_long"}
        self.refused(spinenet_cpp.UsageError, "edges without_long",
                     lambda: Architecture.from_json(json.dumps(damaged)).mutate(1))
        with self.assertRaises(TypeError):
            Architecture(3)


if __name__ == "__main__":
    unittest.main()
