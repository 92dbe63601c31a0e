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
        """The image with what was found drawn on it at its own size, [height, width, 3], in the order of channels that is asked for.

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
        precision: Literal["fp32", "bf16", "int8", "auto"] = "fp32",
        image_size: int | None = None,
    ) -> None:
        """Opens a .safetensors file of spinenet, or its bytes.

        `threads`: that one image takes, 0 for the whole thread budget: the least latency. With 1, as many images are
        computed at once as threads of Python call. The results are the same bits for any number.
        `precision`: int8 of a model that `spinenet calibrate` wrote, bf16 where the processor has it, "auto" for the
        fastest of these that was found near enough to fp32.
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

def operation_kinds() -> list[str]:
    """The kinds of operations that a network may have: what spinenet_cpp.torch_module has a rule for each of."""

def coarsest_stride(architecture: Architecture) -> int:
    """Pixels: what height and width of an input are multiples of, so that all levels of a pyramid meet."""

def programs(
    architecture: Architecture, task: str, image_size: int, classes: int, stochastic_depth: float = 0.0
) -> list[dict[str, Any]]:
    """The networks of a task ("detect", "segment", "classify", or "features": the backbone alone) as plain data.

    Each is a dict: "name"; "values": (channels, height, width) of each value, the first one the input's; "parameters":
    (name, shape, whether it is trained); "operations" in order of execution: (name, kind, attributes, inputs, names of
    parameters, output), inputs and output being places in "values"; "outputs": (name, value). A segmenter has several:
    trunk, box_head, box_head2 .., mask_head. UsageError for a task that the architecture cannot do.
    """

def first_values(
    architecture: Architecture,
    task: str,
    image_size: int,
    classes: int,
    seed: int = 1,
    kernel: Literal["variance_scaling", "kaiming"] = "variance_scaling",
    residual_norm_weight: float = 0.0,
    deeper_norm_weight: float = 0.2,
    merge_identity: bool = True,
    merge_norm_bias: float = 1.5,
    predictor_deviation: float = 1e-05,
    prior: float = 0.01,
) -> dict[str, NDArray[numpy.float32]]:
    """What the parameters begin with, by name: the same bits as `spinenet train` with this seed and these init.*."""

def reference(
    architecture: Architecture,
    task: str,
    image_size: int,
    classes: int,
    network: str,
    weights: dict[str, NDArray[numpy.float32]],
    input: NDArray[numpy.float32],
) -> list[NDArray[numpy.float32]]:
    """What a network of programs() gives for an input [N, C, H, W]: its outputs by the plainest loops, in inference.

    Slow: it is what other ways of running a network are compared with. BadDataError where the weights do not fit.
    """

def read_model_file(path_or_bytes: _Path | bytes) -> dict[str, Any]:
    """What a model file says: architecture, task, classes (pairs of id and name), image_size, mean, std, extra, weights.

    Errors as Model has them.
    """

def write_model_file(
    path: _Path,
    architecture: Architecture,
    task: str,
    classes: list[tuple[int, str]],
    image_size: int,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    weights: dict[str, NDArray[numpy.float32]],
    extra: dict[str, str] = {},
    overwrite: bool = False,
) -> None:
    """A model file with these weights, whole or not at all.

    A file that this wrote earlier is replaced, another one with `overwrite` alone. BadDataError where the weights are
    not those of the network or not finite, UsageError for a file that is not to be replaced, InputOutputError where it
    cannot be written.
    """

def anchors(
    architecture: Architecture, task: Literal["detect", "segment"], image_size: int
) -> NDArray[numpy.float32]:
    """[A, 4]: x1, y1, x2, y2 of the anchors of RetinaNet's head, or of a segmenter's region proposals.

    In the order of the outputs: level, row, column, shape. UsageError where the network has none.
    """

def yolo_cells(architecture: Architecture, image_size: int) -> NDArray[numpy.float32]:
    """[C, 5]: what the boxes of a YOLO head's anchor cells are decoded with, in the order of level, row, column, anchor.

    x and y of the centre where the outputs are at their least, how far it moves from there, width and height of the
    anchor; in pixels of an input of image_size x image_size. UsageError for an architecture with another head, and where
    image_size is no multiple of its coarsest stride.
    """

def label_yolo(
    architecture: Architecture, image_size: int, boxes: NDArray[numpy.float32], crowd: NDArray[numpy.bool_] = ()
) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64]]:
    """Which anchor cells of a YOLO head learn which box [T, 4] of an image: matches [M, 2] and ignored anchor cells [I].

    A match is the anchor cell, numbered as the rows of yolo_cells(), and the place of its box; they are in ascending
    order. A box is learned by the anchor whose size overlaps its own most, and by each further one above the
    architecture's yolo_iou_threshold, in the cell that holds its centre; several may meet in one anchor cell. Anchor
    cells whose anchor lies mostly in a crowd region are ignored, unless they learn a box. UsageError as yolo_cells() has.
    """

def label_anchors(
    anchors: NDArray[numpy.float32],
    boxes: NDArray[numpy.float32],
    labels: NDArray[numpy.int64],
    crowd: NDArray[numpy.bool_] = (),
    *,
    positive: float = 0.5,
    negative: float = 0.5,
    force_match: bool = True,
) -> tuple[NDArray[numpy.int64], NDArray[numpy.float32]]:
    """What each of A anchors learns of an image: classes [A] and codes [A, 4] (dy, dx, dh, dw).

    A class is the label of the box that the anchor overlaps most, by at least `positive`; -1 is background, -2 ignored:
    an overlap between `negative` and `positive`, or mostly within a crowd region. With `force_match` each box takes its
    best anchor, whatever the overlap. Codes are 0 where no box is learned.
    """

def propose(
    objectness: list[NDArray[numpy.float32]],
    boxes: list[NDArray[numpy.float32]],
    anchors: NDArray[numpy.float32],
    height: int,
    width: int,
    *,
    pre_nms: int = 2000,
    post_nms: int = 1000,
    iou: float = 0.7,
) -> tuple[NDArray[numpy.float32], NDArray[numpy.float32]]:
    """Boxes [P, 4] of one image that may hold an object, with their logits [P], in descending order.

    `objectness`: [A, H, W] logits of each level, `boxes`: [A*4, H, W] codes. They are clipped to height x width.
    """

def sample_rois(
    proposals: NDArray[numpy.float32],
    boxes: NDArray[numpy.float32],
    crowd: NDArray[numpy.bool_] = (),
    *,
    samples: int = 512,
    positives: float = 0.25,
    positive: float = 0.5,
    seed: int = 1,
    step: int | None = None,
    image: int = 0,
) -> tuple[NDArray[numpy.float32], NDArray[numpy.int64]]:
    """ROIs [R, 4] that the heads of a segmenter learn from, and of each the place of its box in `boxes`, or -1.

    Up to `samples` of the proposals and the boxes themselves, at most a share of `positives` with an object; the places
    count the boxes that are no crowds. With a `step` they are those that `spinenet train` draws with this seed in this
    step for the image of this place in the global batch.
    """

def match_rois(
    rois: NDArray[numpy.float32],
    boxes: NDArray[numpy.float32],
    crowd: NDArray[numpy.bool_] = (),
    *,
    positive: float = 0.5,
) -> tuple[NDArray[numpy.float32], NDArray[numpy.int64]]:
    """What a later box head of a cascade learns from: the ROIs in their order with the box of each, as sample_rois() has it.

    None is drawn and no box is added; background that lies mostly in a crowd region is left out.
    """

def label_rois(
    rois: NDArray[numpy.float32],
    matches: NDArray[numpy.int64],
    boxes: NDArray[numpy.float32],
    labels: NDArray[numpy.int64],
    crowd: NDArray[numpy.bool_] = (),
    *,
    stage: int = 0,
) -> tuple[NDArray[numpy.int64], NDArray[numpy.float32]]:
    """What a box head learns of each of R ROIs: classes [R], -1 background, and codes [R, 4] (dy, dx, dh, dw).

    `matches`: of sample_rois() or match_rois(). Codes are 10 times (centre) and 5 times (size) those of an anchor, of the
    box head of `stage` that times stage + 1, and 0 for background. UsageError for a match that is no box.
    """

def refine_rois(
    codes: NDArray[numpy.float32], rois: NDArray[numpy.float32], height: int, width: int, *, stage: int = 0
) -> NDArray[numpy.float32]:
    """The boxes [R, 4] that the codes [R, 4] of the box head of `stage` make of its ROIs, clipped to height x width.

    A ROI whose box is not finite, or of which nothing is left, stays as it is.
    """

def subsample(
    matches: NDArray[numpy.int64],
    *,
    samples: int = 256,
    positives: float = 0.5,
    seed: int = 1,
    step: int | None = None,
    image: int = 0,
    part: Literal["anchors", "rois", "masks"] = "anchors",
) -> NDArray[numpy.int64]:
    """Classes as label_anchors() gives them with all but a random sample ignored (-2), as region proposals learn.

    With a `step` it is the sample that `spinenet train` draws of this `part`, as sample_rois() has it: "masks" are drawn
    of a box head's matches. UsageError for no samples and a share of `positives` that is none.
    """

def segmenter_settings(architecture: Architecture) -> dict[str, Any]:
    """What an architecture says about the heads of a segmenter. UsageError where it can be none.

    "box_thresholds": of each box head, the overlap from which a ROI holds an object; "min_level", "max_level" and
    "coarsest_stride" (pixels) of the features; "single_point": whether ROI align reads one point of a bin without the
    half cell, instead of 2 x 2; "box_crop", "mask_crop", "mask_size": sides of what the heads see and of a mask.
    """

@final
class ObjectMasks:
    """The masks of one image's objects, kept as the annotations have them, with the way from there to the input."""

    def __init__(self, bitmaps: NDArray[numpy.bool_]) -> None:
        """Of [M, height, width], pixels of the network's input."""

    def __len__(self) -> int: ...
    @property
    def present(self) -> NDArray[numpy.bool_]:
        """[M]: which objects have a mask."""

    def targets(
        self, objects: NDArray[numpy.int64], rois: NDArray[numpy.float32], size: int = 28
    ) -> NDArray[numpy.bool_]:
        """[R, size, size]: what a mask head learns of ROIs [R, 4], the mask of each one's object [R] cut to it.

        UsageError for an object that is not there or has no mask.
        """

    def over_input(self, size: int) -> NDArray[numpy.bool_]:
        """[M, size, size]: the masks as pixels of the network's input; nothing of objects without one."""

@final
class Batches:
    """The batches that `spinenet train` makes of a COCO data set: decoded, augmented, normalised, labelled.

    The same seed gives the same batches, to the bit. Threads of C++ make them ahead.
    """

    def __init__(
        self,
        annotations: _Path,
        images: _Path,
        image_size: int,
        batch: int,
        *,
        architecture: Architecture | None = None,
        task: Literal["detect", "segment"] = "detect",
        seed: int = 1,
        train: bool = True,
        augment: dict[str, Any] = {},
        threads: int = 1,
        rank: int = 0,
        world: int = 1,
        mean: tuple[float, float, float] = (0.485, 0.456, 0.406),
        std: tuple[float, float, float] = (0.229, 0.224, 0.225),
    ) -> None:
        """Of an annotation file and the folder of its images.

        `batch`: images over all `world` processes, of which this is the one of `rank`. With an `architecture` batches
        have what its anchors learn of this `task`; those of a segmenter have masks, too. `train`: shuffled and
        augmented, else in order and letterboxed. `augment`: the keys of a recipe's augment (docs/config.md). UsageError
        for options that make no sense, BadDataError for a broken file, and where no object has a mask and masks are to
        be learned.
        """

    def next(self) -> dict[str, Any]:
        """The batch of the current step, which then moves on, from one epoch into the next.

        "pixels" float32 [N, 3, size, size]; "image_ids" int64 [N]; "targets": for each image a dict of "boxes" [M, 4],
        "labels" [M] and "crowd" [M]; "step". With an architecture "classes" int64 [N, A] and "codes" float32 [N, A, 4] as
        label_anchors() has them (of a segmenter with positive=0.7, negative=0.3); with a YOLO head instead, in the dict of
        each image, "matches" and "ignored" as label_yolo() has them. Of a segmenter that dict has "masks", ObjectMasks.
        """

    def seek(self, step: int) -> None:
        """Makes a step (counted over all epochs, from 0) the current one."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches until every image was seen."""

    @property
    def images(self) -> int:
        """Of the data set."""

    @property
    def classes(self) -> list[tuple[int, str]]:
        """Pairs of id and name, in the order of the labels."""

@final
class Trial:
    """A network to evaluate, held by a lease that is prolonged in the background until the trial is told or dropped."""

    @property
    def number(self) -> int:
        """In the study, from 0."""

    @property
    def attempt(self) -> int:
        """How often it was handed out, this time included."""

    @property
    def choices(self) -> list[int]:
        """What was decided, in the order of the space's decisions."""

    @property
    def architecture(self) -> Architecture: ...
    @property
    def wanted(self) -> bool:
        """False once the lease is lost, or the trial told: whatever comes of it will not count."""

@final
class Study:
    """A search whose networks you evaluate: ask() for one, tell() what came of it.

    Any number of processes, and the workers of `spinenet search`, may work on one study at once; every trial counts
    once. A process that dies holds its trials until their leases run out; another one then gets them. Threads may share
    a Study; it must be opened in each process (UsageError after a fork).
    """

    def __init__(
        self,
        place: _Path,
        space: str | None = None,
        *,
        algorithm: Literal["controller", "evolution", "random"] | None = None,
        trials: int | None = None,
        seed: int | None = None,
        lag: int | None = None,
        architecture: Architecture | None = None,
        image_size: int | None = None,
        classes: int | None = None,
        settings: dict[str, Any] = {},
        lease: float = 60.0,
        worker: str = "",
    ) -> None:
        """The study at a place: a file, or postgresql://...

        With a `space`, a space's name, it is begun where there is none; without, UsageError. `settings`: further keys of a search recipe
        (docs/search-config.md), such as {"constraints.max_multiply_adds": 1e9}. `architecture`: whose backbone is
        replaced, by default spinenet-49; `image_size` and `classes` count where the cost of a network matters.
        Of a study that is there, also one of `spinenet search`, each that is given must be as it was begun (UsageError).
        `trials`: the study ends with so many; `lease`: seconds.
        """

    def ask(self, wait: float | None = None) -> Trial | None:
        """The next trial. None when the study is complete, or when none could be had for `wait` seconds.

        Trials wait for earlier ones to end (the recipe's lag); without `wait` so does the call. Ctrl-C ends it.
        """

    def tell(
        self,
        trial: Trial,
        score: float | None = None,
        *,
        metrics: dict[str, float] = {},
        failure: Literal["non_finite", "out_of_memory", "timeout", "lost"] | None = None,
        reason: str = "",
    ) -> bool:
        """What came of it: a score, which is maximised, with further numbers; or a failure.

        non_finite, out_of_memory and timeout are held against the network; lost is not: a trial that three different
        workers lost ends. A score that is not finite is the failure non_finite. False where the lease was lost: the
        trial counts as another worker tells it.
        """

    def give_back(self, trial: Trial) -> bool:
        """The trial was not tried: whoever asks next may have it at once."""

    def trials(self) -> list[dict[str, Any]]:
        """All that were begun, as `spinenet study export --json` writes them."""

    def best(self, count: int = 1) -> list[tuple[float, Architecture]]:
        """Score and network of the best trials, each network once."""

    def architecture(self, number: int) -> Architecture:
        """The network of a trial."""

    def summary(self) -> dict[str, Any]:
        """How far it is: what `spinenet study show --json` writes."""

    @property
    def place(self) -> str:
        """Where it is kept, without a password."""

    @property
    def worker(self) -> str:
        """The name of this process in the study."""

# What spinenet_cpp.coco, cocoeval and mask are made of. Users call those: names that begin with an underscore may change.

@final
class _CocoTruth:
    """Images and annotations as the evaluation in C++ takes them."""

    @property
    def plain(self) -> bool:
        """Whether all of it is understood as pycocotools does; where not, only Python evaluates it."""

    def image_ids(self) -> list[int]:
        """In the order of the file."""

    def category_ids(self) -> list[int]:
        """In the order of the file."""

@final
class _CocoResults:
    """Results as the evaluation in C++ takes them. len() is how many."""

    @property
    def plain(self) -> bool:
        """Whether all of it is understood as pycocotools does; where not, only Python evaluates it."""

    def __len__(self) -> int: ...

@final
class _CocoMeasured:
    """An evaluation: its arrays, and who was matched with whom."""

    def take_arrays(
        self,
    ) -> tuple[NDArray[numpy.float64], NDArray[numpy.float64], NDArray[numpy.float64]]:
        """precision [T, R, K, A, M], recall [T, K, A, M] and scores [T, R, K, A, M]. The caller owns them."""

    def eval_images(
        self, images: list[Any], categories: list[Any], areas: list[Any], limit: Any, /
    ) -> list[dict[str, Any] | None]:
        """evalImgs of pycocotools: of each category, area range and image, whose entries repeat the given objects."""

    def ious(self, images: list[Any], categories: list[Any], /) -> dict[tuple[Any, Any], Any]:
        """ious of pycocotools: an array [D, G] of float64, or [], of each image and category."""

def _coco_truth_from_file(path: _Path, piece_bytes: int, /) -> _CocoTruth | None:
    """Of an annotation file, without its masks, parsed in pieces of about that length.

    None where pycocotools would understand anything in it otherwise, or not at all.
    """

def _coco_truth_with_masks(truth: _CocoTruth, /) -> _CocoTruth | None:
    """The same file with its masks. None where pycocotools would understand one of them otherwise, or not at all."""

def _coco_results_from_file(path: _Path, truth: _CocoTruth, piece_bytes: int, /) -> _CocoResults | None:
    """Of a results file. None where pycocotools would understand anything in it otherwise, or not at all."""

def _coco_truth_from_dicts(
    img_to_anns: dict[Any, Any],
    anns: dict[Any, Any],
    imgs: dict[Any, Any],
    image_ids: list[int],
    masks: bool,
    flag_may_be_absent: bool,
    /,
) -> _CocoTruth:
    """Of the dicts of a COCO object, with masks or with boxes alone; iscrowd may be required in each annotation."""

def _coco_results_from_dicts(
    img_to_anns: dict[Any, Any], anns: dict[Any, Any], imgs: dict[Any, Any], image_ids: list[int], masks: bool, /
) -> _CocoResults:
    """Of the dicts of a COCO object that holds results."""

def _coco_results_from_list(anns: list[Any], masks: bool, has_boxes: bool, /) -> _CocoResults:
    """Of a list of results, as loadRes takes it. `has_boxes`: sizes are those of the boxes."""

def _coco_results_from_array(rows: NDArray[numpy.floating[Any]], /) -> _CocoResults:
    """Of [N, 7]: image id, x, y, width, height, score, category id, as float64 or float32."""

def _coco_measure(
    truth: _CocoTruth,
    results: _CocoResults,
    iou: Literal["bbox", "segm"],
    image_ids: list[int],
    category_ids: list[int],
    use_cats: bool,
    iou_thresholds: list[float],
    recall_thresholds: list[float],
    area_ranges: list[list[float]],
    max_detections: list[int],
    /,
) -> _CocoMeasured | None:
    """Measures, on all processors and without Python's lock. None where only Python understands it as pycocotools does."""

def _mask_encode(masks: NDArray[numpy.uint8], /) -> list[dict[str, Any]]:
    """Run-length codes of masks [height, width, N]. ValueError for another number of dimensions."""

def _mask_decode(codes: list[Any], /) -> NDArray[numpy.uint8]:
    """[height, width, N] in Fortran order. BadDataError where the runs of a code do not fit its size."""

def _mask_area(codes: list[Any], /) -> NDArray[numpy.uint32]:
    """[N]: pixels of each mask."""

def _mask_to_bbox(codes: list[Any], /) -> NDArray[numpy.float64]:
    """[N, 4]: x, y, width, height."""

def _mask_merge(codes: list[Any], intersect: bool, /) -> dict[str, Any]:
    """The union, or what all have in common."""

def _mask_ious(detected: list[Any], truths: list[Any], crowd: list[int], /) -> NDArray[numpy.float64]:
    """[D, G]; of a crowd region the share of the detection that lies in it."""

def _box_ious(
    detected: NDArray[numpy.float64], truths: NDArray[numpy.float64], crowd: list[int], /
) -> NDArray[numpy.float64]:
    """[D, G] of boxes [D, 4] and [G, 4] (x, y, width, height)."""

def _mask_from_polygons(polygons: list[Any], height: int, width: int, /) -> list[dict[str, Any]]:
    """One code for each polygon x, y, x, y, ..."""

def _mask_from_boxes(boxes: NDArray[numpy.float64], height: int, width: int, /) -> list[dict[str, Any]]:
    """One code for each of [N, 4] (x, y, width, height)."""

def _mask_from_runs(height: int, width: int, runs: list[int], /) -> dict[str, Any]:
    """The code of runs as numbers, column by column, of which the first is background."""
