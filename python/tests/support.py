"""What several tests share: the built program, models of every task, images and the files of images."""
import atexit
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest
import zlib

import numpy

PROGRAM = os.environ["SPINENET_PROGRAM"]
MODELS_PROGRAM = os.environ["SPINENET_PYTHON_MODELS"]
TASKS = ("detect", "segment", "classify")

_folder = tempfile.TemporaryDirectory(prefix="spinenet_python_")
atexit.register(_folder.cleanup)


def model_path(task):
    """A narrow model of two classes, apple (id 3) and pear (id 7), with random weights: it finds something everywhere."""
    path = pathlib.Path(_folder.name) / f"{task}.safetensors"
    if not path.exists():
        subprocess.run([MODELS_PROGRAM, _folder.name], check=True)
    return str(path)


def colourful(height, width, seed=0):
    """Pixels [height, width, 3]: another image for each seed, and no two rows or channels are alike."""
    return numpy.random.default_rng(seed).integers(0, 256, (height, width, 3), numpy.uint8)


def png(pixels):
    """The bytes of a PNG file of these pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def some_boxes(count, side, seed):
    """float32 [count, 4] within side x side pixels, none narrower than 4."""
    random = numpy.random.default_rng(seed)
    corner, size = random.uniform(0, side - 4, (count, 2)), random.uniform(4, side / 2, (count, 2))
    return numpy.concatenate([corner, numpy.minimum(corner + size, side)], 1).astype(numpy.float32)


def predict(task, files, *flags):
    """What `spinenet predict --json` writes."""
    run = subprocess.run([PROGRAM, "predict", model_path(task), *files, *flags, "--quiet", "--json"], check=True,
                         capture_output=True, text=True)
    return json.loads(run.stdout)


class FolderTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="spinenet_python_")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def image_file(self, name, pixels):
        path = self.folder / name
        path.write_bytes(png(pixels))
        return str(path)

    def assert_same(self, one, other):
        """Two predictions of the same image are the same to the last bit."""
        self.assertEqual(one.to_coco(1, ""), other.to_coco(1, ""))
        for name in ("boxes", "scores", "probabilities"):
            numpy.testing.assert_array_equal(getattr(one, name), getattr(other, name))
