"""The compiled part of spinenet_cpp: its classes and functions with their types.

Boxes are x1, y1, x2, y2 in pixels of the image, from its upper left corner; the right and lower edges are exclusive.
Sizes are height, width. What can go wrong is a spinenet_cpp.Error of the class that is named; MemoryError when memory runs
out, TypeError for an argument of a type that is not taken.
"""

import os
from typing import Any, Literal, Union, final, overload

import numpy
from numpy.typing import NDArray

_Path = Union[str, os.PathLike[str]]
#: A path, the bytes of an image file (JPEG, PNG, WebP, TIFF, BMP), a NumPy array [height, width, 3] or [height, width]
#: (grey) of uint8 with any strides, a PIL image, or what numpy.asarray makes such an array of.
_Image = Any

def version() -> str:
    """The version of the program and of this package, such as 0.3.0."""

def thread_budget() -> int:
    """How many threads may compute at once in this process, all models together.

    By default the processors that the process may use. Reading and decoding images comes on top, in the calling threads.
    """

def set_thread_budget(threads: int) -> None:
    """Changes it, to 1 to 1024 threads, before the first model is opened.

    UsageError for another number, and once a model counts on it.
    """

def architectures() -> list[str]:
    """The names that Architecture knows."""

@final
class Cost:
    """What a network costs for one image."""

    @property
    def parameters(self) -> int:
        """Trainable numbers; what is shared counts once."""

    @property
    def multiply_adds(self) -> int:
        """Of the convolutions, for one image."""

class Architecture:
    """A network as data: which blocks it has, how they are wired and scaled, and its heads.

    Architectures are equal when all their fields are. They can be pickled. In a notebook one shows its drawing.
    """

    def __init__(self, source: _Path | dict[str, Any]) -> None:
        """Of a known name ("spinenet-49"), the path of an architecture JSON, its text, or that text as a dict.

        UsageError with the nearest name for an unknown one, BadDataError for a broken text.
        """

    @staticmethod
    def from_json(text: str) -> Architecture:
        """Of the text of an architecture JSON (docs/formats.md). BadDataError that names the place for a broken one."""

    @property
    def name(self) -> str: ...
    @property
    def task(self) -> Literal["detect", "classify"]:
        """Its usual task: detect where it has a pyramid of levels, else classify."""

    def to_json(self) -> str:
        """The text that from_json reads; what a model file carries."""

    def cost(self, image_size: int | None = None, task: str | None = None, classes: int | None = None) -> Cost:
        """Parameters and multiply-adds for one image, with the head of the task.

        By default what the published tables count: 91 classes at 640 pixels, 1000 at 224 to classify. UsageError for a
        task that the network cannot do.
        """

    def describe(
        self, image_size: int | None = None, task: str | None = None, classes: int | None = None
    ) -> dict[str, Any]:
        """What `spinenet describe --json` writes: the total, every block with its shape, every part."""

    def mutate(self, seed: int, space: str = "spinenet-49") -> Architecture:
        """The architecture with one decision of a search changed, drawn by the seed.

        The same seed gives the same network. UsageError for a network without scale-permuted blocks, BadDataError where
        the space has no such network.
        """

    def svg(self, image_size: int | None = None, task: str | None = None, classes: int | None = None) -> str:
        """The drawing that `spinenet describe --svg` writes; size, task and classes are those of the cost in its title."""

    def _repr_svg_(self) -> str: ...
    def __eq__(self, other: object) -> bool: ...

@final
class Prediction:
    """What was found in one image: N objects, or the N best classes, the best first.

    The arrays are made once and own their memory; changing them changes nothing that plot() and to_coco() tell.
    len() is N. In a notebook it shows its image.
    """

    @property
    def task(self) -> Literal["detect", "segment", "classify"]: ...
    @property
    def height(self) -> int:
        """Pixels of the upright image."""

    @property
    def width(self) -> int:
        """Pixels of the upright image."""

    @property
    def image_id(self) -> int:
        """The place of the image in its call, counted from 1: the id that `spinenet predict` gives."""

    @property
    def file_name(self) -> str:
        """The path of the image as it was given; "" of bytes and pixels."""

    @property
    def boxes(self) -> NDArray[numpy.float32] | None:
        """[N, 4]: x1, y1, x2, y2 in pixels, clipped to the image. None of a classifier."""

    @property
    def scores(self) -> NDArray[numpy.float32]:
        """[N], 0 to 1, in descending order."""

    @property
    def labels(self) -> NDArray[numpy.int64]:
        """[N]: places in Model.names and Model.class_ids, from 0."""

    @property
    def class_ids(self) -> NDArray[numpy.int64]:
        """[N]: the ids of the classes in the data that the model was trained on."""

    @property
    def names(self) -> list[str]:
        """N names of classes."""

    @property
    def masks(self) -> NDArray[numpy.bool_] | None:
        """[N, height, width], unpacked when they are first asked for. None where the model does not segment."""

    @property
    def probabilities(self) -> NDArray[numpy.float32] | None:
        """[K] of a classifier: of all K classes in the order of Model.names; they sum to 1. None of other models."""

    def plot(self, *, color: Literal["rgb", "bgr"] = "rgb") -> NDArray[numpy.uint8]:
        """The image with what was found drawn on it, [height, width, 3], in the order of channels that is asked for.

        The image is read again: from its file, or from the array that the model was called with. InputOutputError where
        the file is gone, UsageError where the image has another size now.
        """

    def to_coco(self, image_id: int | None = None, file_name: _Path | None = None) -> list[dict[str, Any]]:
        """The entries that `spinenet predict --json` writes for the image, with this id and name in place of its own.

        Of a detector COCO's results: image_id, category_id, bbox (x, y, width, height in pixels), score, category,
        file_name, and segmentation (COCO's compressed runs) where there are masks.
        """

    def _repr_png_(self) -> bytes: ...
    def __len__(self) -> int: ...

class Model:
    """A model file opened and made ready for this processor.

    One Model may be called from several threads at once, which compute beside each other within the thread budget, and
    without Python's lock (the GIL). It goes on in the child of a fork. It cannot be pickled: open it in each process.
    """

    def __init__(
        self,
        path_or_bytes: _Path | bytes,
        threads: int = 0,
        precision: Literal["fp32", "bf16", "int8"] = "fp32",
        image_size: int | None = None,
    ) -> None:
        """Opens a .safetensors file of spinenet, or its bytes.

        `threads`: that one image takes, 0 for the whole thread budget: the least latency. With 1, as many images are
        computed at once as threads of Python call. The results are the same bits for any number.
        `precision`: int8 of a model that `spinenet calibrate` wrote, bf16 where the processor has it.
        `image_size`: pixels that the longer side of an image is scaled to; None for the model's own.

        InputOutputError for a file that cannot be read, BadDataError for one that is cut, foreign or broken,
        UsageError for an argument out of range, UnsupportedError for what this processor or the memory cannot do.
        """

    @property
    def task(self) -> Literal["detect", "segment", "classify"]: ...
    @property
    def names(self) -> list[str]:
        """Of the classes, in the order of the labels."""

    @property
    def class_ids(self) -> list[int]:
        """Of the classes, as in the data that the model was trained on."""

    @property
    def image_size(self) -> int:
        """Pixels that the longer side of an image is scaled to."""

    @property
    def threads(self) -> int:
        """That one image takes."""

    @property
    def precision(self) -> Literal["fp32", "bf16", "int8"]: ...
    @property
    def architecture(self) -> Architecture: ...
    @overload
    def __call__(
        self,
        images: list[_Image] | tuple[_Image, ...],
        *,
        threshold: float | None = None,
        max_detections: int | None = None,
        max_per_class: int | None = None,
        color: Literal["rgb", "bgr"] = "rgb",
    ) -> list[Prediction]: ...
    @overload
    def __call__(
        self,
        images: _Image,
        *,
        threshold: float | None = None,
        max_detections: int | None = None,
        max_per_class: int | None = None,
        color: Literal["rgb", "bgr"] = "rgb",
    ) -> Prediction:
        """What is in an image, or in each image of a list or tuple; the same bits as `spinenet predict`.

        `threshold`: the least score that is shown, 0 to 1 [0.3 of objects, 0 of classes].
        `max_detections`: so many objects, or classes of a classifier, at most [100 objects, 5 classes].
        `max_per_class`: so many objects of each class at most; not of a classifier.
        `color`: the order of the channels of an array. Files and PIL images say it themselves.

        The orientation that a file gives (EXIF) is applied; arrays and PIL images are taken as they are.
        InputOutputError for a file that cannot be read, BadDataError for one that is no whole image, UsageError for an
        array of another shape or type and for options out of range. Ctrl-C ends a list between two images.
        """
