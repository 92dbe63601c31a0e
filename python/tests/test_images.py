"""An image is the same whether it comes as a path, as the bytes of a file, as an array of any layout or from PIL."""
import mmap
import pathlib
import unittest

import numpy
import spinenet_cpp
from support import FolderTest, colourful, model_path, png

try:
    import PIL.Image
except ImportError:
    PIL = None


class OtherImage:
    """What NumPy makes an array of."""

    def __init__(self, pixels):
        self.__array_interface__ = pixels.__array_interface__
        self.pixels = pixels


class PilImage(OtherImage):
    """As PIL's image behaves: its mode says what the numbers mean."""

    def __init__(self, pixels, mode, converted=None):
        super().__init__(pixels)
        self.mode, self.converted = mode, converted

    def convert(self, mode):
        return PilImage(self.converted, mode)


class ImagesTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.model = spinenet_cpp.Model(model_path("detect"))
        self.pixels = colourful(70, 110)
        self.expected = self.find(self.pixels)
        self.assertGreater(len(self.expected), 3)

    def find(self, image, **options):
        return self.model(image, threshold=0.02, **options)

    def test_arrays_of_any_strides(self):
        wide = numpy.zeros((140, 220, 5), numpy.uint8)
        wide[::2, ::2, 1:4] = self.pixels
        layouts = {
            "steps": wide[::2, ::2, 1:4],
            "rows upside down": self.pixels[::-1].copy()[::-1],
            "columns mirrored": self.pixels[:, ::-1].copy()[:, ::-1],
            "channels mirrored": self.pixels[..., ::-1].copy()[..., ::-1],
            "channels first": numpy.moveaxis(numpy.moveaxis(self.pixels, -1, 0).copy(), 0, -1),
            "Fortran": numpy.asfortranarray(self.pixels),
            "read-only": numpy.frombuffer(self.pixels.tobytes(), numpy.uint8).reshape(self.pixels.shape),
            "subclass": self.pixels.view(numpy.recarray),
        }
        for name, layout in layouts.items():
            with self.subTest(name):
                numpy.testing.assert_array_equal(layout, self.pixels)
                self.assert_same(self.find(layout), self.expected)
                numpy.testing.assert_array_equal(self.find(layout, ).plot(), self.expected.plot())

    def test_bgr(self):
        bgr = self.pixels[..., ::-1]
        self.assert_same(self.find(bgr, color="bgr"), self.expected)
        self.assert_same(self.find(bgr.copy(), color="bgr"), self.expected)
        self.assertNotEqual(self.find(bgr).to_coco(), self.expected.to_coco())
        numpy.testing.assert_array_equal(self.find(bgr, color="bgr").plot(), self.expected.plot())

    def test_grey(self):
        grey = self.pixels[..., 0]
        for layout in (grey, grey.copy(), grey.copy()[::-1][::-1]):
            self.assert_same(self.find(layout), self.find(numpy.stack([grey] * 3, axis=-1)))
            self.assert_same(self.find(layout, color="bgr"), self.find(layout))

    def test_repeated_pixels(self):
        one = numpy.array([[[10, 20, 30]]], numpy.uint8)
        self.assert_same(self.find(numpy.broadcast_to(one, (50, 60, 3))), self.find(numpy.tile(one, (50, 60, 1))))

    def test_files(self):
        path = self.image_file("a.png", self.pixels)
        self.assert_same(self.find(path), self.expected)
        self.assert_same(self.find(pathlib.Path(path)), self.expected)
        self.assertEqual(self.find(pathlib.Path(path)).file_name, path)

    def test_bytes(self):
        content = png(self.pixels)
        path = self.folder / "mapped.png"
        path.write_bytes(content)
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            self.assert_same(self.find(mapped), self.expected)
        for same in (content, bytearray(content), memoryview(content)):
            self.assert_same(self.find(same), self.expected)
            numpy.testing.assert_array_equal(self.find(same).plot(), self.expected.plot())

    def test_lists(self):
        others = [colourful(40 + i, 90 - i, i) for i in range(5)]
        mixed = [self.pixels, png(others[0]), self.image_file("b.png", others[1]), others[2]]
        for images in (mixed, tuple(mixed)):
            found = self.find(images)
            self.assertEqual([one.image_id for one in found], [1, 2, 3, 4])
            for one, pixels in zip(found, [self.pixels, *others]):
                self.assert_same(one, self.find(pixels))
        self.assertEqual(self.find([]), [])

    def test_what_numpy_makes_an_array_of(self):
        self.assert_same(self.find(OtherImage(self.pixels)), self.expected)
        self.assert_same(self.find(OtherImage(self.pixels[..., ::-1].copy()), color="bgr"), self.expected)

    def test_modes_of_pil(self):
        self.assert_same(self.find(PilImage(self.pixels, "RGB")), self.expected)
        self.assert_same(self.find(PilImage(self.pixels, "RGB"), color="bgr"), self.expected)
        palette = PilImage(numpy.zeros((70, 110), numpy.uint8), "P", self.pixels)
        self.assert_same(self.find(palette), self.expected)
        with self.assertRaisesRegex(spinenet_cpp.UsageError, 'mode "I;16"'):
            self.find(PilImage(numpy.zeros((70, 110), numpy.uint8), "I;16", self.pixels))

    @unittest.skipUnless(PIL, "PIL is not installed")
    def test_pil(self):
        image = PIL.Image.fromarray(self.pixels)
        self.assert_same(self.find(image), self.expected)
        with_alpha = image.copy()
        with_alpha.putalpha(100)
        self.assert_same(self.find(with_alpha), self.expected)
        self.assert_same(self.find(image.quantize()), self.find(numpy.asarray(image.quantize().convert("RGB"))))
        self.assert_same(self.find(image.convert("L")), self.find(numpy.asarray(image.convert("L"))))

    def test_refuses_what_is_no_image(self):
        cases = {
            "channels to the end": numpy.moveaxis(self.pixels, -1, 0),
            "alpha channel": numpy.zeros((20, 20, 4), numpy.uint8),
            "a list": numpy.zeros((2, 20, 20, 3), numpy.uint8),
            r"\[0, 20, 3\]": numpy.zeros((0, 20, 3), numpy.uint8),
            "float32": self.pixels.astype(numpy.float32),
            "bool": self.pixels > 5,
            "int8": self.pixels.astype(numpy.int8),
            "plain sequence of bytes": memoryview(png(self.pixels))[::2],
            "exceeds": numpy.broadcast_to(numpy.zeros((1, 1, 3), numpy.uint8), (2**33, 10, 3)),
        }
        for text, image in cases.items():
            with self.subTest(text), self.assertRaisesRegex(spinenet_cpp.UsageError, text):
                self.find(image)
        with self.assertRaisesRegex(spinenet_cpp.UsageError, "image 2"):
            self.find([self.pixels, self.pixels.astype(float)])
        for image in (None, 3, {"a": 1}, object(), iter([])):
            with self.subTest(repr(image)), self.assertRaisesRegex(TypeError, "is no image"):
                self.find(image)

    def test_draws_only_what_it_looked_at(self):
        path = self.image_file("c.png", self.pixels)
        found = self.find(path)
        self.image_file("c.png", colourful(30, 30))
        with self.assertRaisesRegex(spinenet_cpp.UsageError, "30 x 30 pixels .*, and had 70 x 110"):
            found.plot()
        pathlib.Path(path).unlink()
        with self.assertRaisesRegex(spinenet_cpp.InputOutputError, "c.png"):
            found.plot()


if __name__ == "__main__":
    unittest.main()
