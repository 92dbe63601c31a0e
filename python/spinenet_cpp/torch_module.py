"""The networks of spinenet as PyTorch modules, to train with loops of your own. Needs PyTorch 2.

    from spinenet_cpp.torch_module import torch_module

    net = torch_module("spinenet-49", task="detect", image_size=640, classes=["apple", "pear"])
    outputs = net(images)                    # {"class.p3": [N, A*K, H, W] logits, ..., "box.p3": [N, A*4, H, W] codes, ...}
    net.save("mine.safetensors")             # what `spinenet predict` and spinenet_cpp.Model run

The network is the list of operations that the C++ side lowers an architecture to; this file says once for each kind of
operation what it is in PyTorch (OPERATIONS). Parameters and buffers have the names of the model file, so state_dict()
is the model's weights.
"""

import keyword
import linecache
import math
import operator
import os
import re
from typing import Any, Callable, Iterable, NamedTuple, Optional, Union

import torch
from torch import fx, nn
from torch.nn import functional

from spinenet_cpp import _core
from spinenet_cpp.errors import BadDataError, UsageError

MEAN = (0.485, 0.456, 0.406)  # of the pixels as shares of 255, in the order red, green, blue
STD = (0.229, 0.224, 0.225)
_KEYWORD = re.compile(r"((?:self|getattr\([^()]*\))(?:\.\w+)*?)\.(%s)\b" % "|".join(keyword.kwlist))


class BatchNorm(nn.BatchNorm2d):
    """nn.BatchNorm2d without a count of batches, which the model files do not have."""

    def __init__(self, channels: int, momentum: float, epsilon: float) -> None:
        # Ours is the share that a step keeps of the running statistics, PyTorch's the share that it replaces.
        super().__init__(channels, eps=epsilon, momentum=1 - momentum)
        self.num_batches_tracked = None

    # Not that of nn.BatchNorm2d, which makes up a count where the weights have none.
    def _load_from_state_dict(self, *arguments: Any) -> None:
        nn.Module._load_from_state_dict(self, *arguments)


class DropPath(nn.Module):
    """Stochastic depth: in training zero for a whole sample with this probability, else scaled by 1 / (1 - rate)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        kept = torch.empty((x.shape[0], 1, 1, 1), dtype=x.dtype, device=x.device).bernoulli_(1 - self.rate)
        return x * (kept / (1 - self.rate))


# What an operation becomes. `place`: where it is written, an fx.Graph and the network that has its layers; `op`: the
# operation; `x`: its inputs as nodes of the graph.


class _Operation(NamedTuple):
    name: str
    kind: str
    attributes: dict[str, Any]
    inputs: list[int]
    parameters: list[str]
    output: int


class _Place:
    def __init__(self, root: nn.Module, graph: fx.Graph, shapes: dict[str, list[int]]) -> None:
        self.root, self.graph, self.shapes = root, graph, shapes

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> fx.Node:
        return self.graph.call_function(function, arguments, named)

    def layer(self, name: str, make: Callable[[], nn.Module], x: fx.Node) -> fx.Node:
        """The layer of this name, which several operations may share."""
        _put_layer(self.root, name, make)
        return self.graph.call_module(name, (x,))


def _owner(op: _Operation) -> str:
    return op.parameters[0].rpartition(".")[0]


def _conv(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    a = op.attributes
    before, after, padding = a["pad_before"], a["pad_after"], a["pad_before"]
    if before != after:
        x, padding = place.call(functional.pad, x, (before, after, before, after)), 0
    outputs, inputs = place.shapes[op.parameters[0]][:2]
    return place.layer(_owner(op), lambda: nn.utils.skip_init(
        nn.Conv2d, inputs * a["groups"], outputs, a["kernel"], stride=a["stride"], padding=padding,
        dilation=a["dilation"], groups=a["groups"], bias=len(op.parameters) > 1), x)


def _deconv(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    a = op.attributes
    inputs, outputs = place.shapes[op.parameters[0]][:2]
    return place.layer(_owner(op), lambda: nn.utils.skip_init(
        nn.ConvTranspose2d, inputs, outputs, a["kernel"], stride=a["stride"], bias=len(op.parameters) > 1), x)


def _batch_norm(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    channels = place.shapes[op.parameters[0]][0]
    return place.layer(_owner(op), lambda: BatchNorm(channels, op.attributes["momentum"], op.attributes["epsilon"]), x)


ACTIVATIONS: dict[str, Callable[[_Place, fx.Node], fx.Node]] = {
    "relu": lambda place, x: place.call(functional.relu, x),
    "swish": lambda place, x: place.call(functional.silu, x),
    "hard_swish": lambda place, x: place.call(functional.hardswish, x),
    "mish": lambda place, x: place.call(functional.mish, x),
    "leaky_relu": lambda place, x: place.call(functional.leaky_relu, x, 0.1),
    "relu6": lambda place, x: place.call(functional.relu6, x),
    "leaky_relu_001": lambda place, x: place.call(functional.leaky_relu, x, 0.01),
}


def _activate(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return ACTIVATIONS[op.attributes["function"]](place, x)


def _max_pool(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    a = op.attributes
    kernel, stride, before, after = a["kernel"], a["stride"], a["pad_before"], a["pad_after"]
    if before == 0:
        # In ceil_mode the last window may reach over the edge: padding after, none before.
        return place.call(functional.max_pool2d, x, kernel, stride, 0, ceil_mode=after > 0)
    if before == after and 2 * before <= kernel:
        return place.call(functional.max_pool2d, x, kernel, stride, before)
    x = place.call(functional.pad, x, (before, after, before, after), value=-math.inf)
    return place.call(functional.max_pool2d, x, kernel, stride)


def _average_pool(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return place.call(functional.avg_pool2d, x, op.attributes["kernel"], op.attributes["stride"])


def _global_pool(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return place.call(torch.amax if op.attributes["maximum"] else torch.mean, x, (2, 3), keepdim=True)


def _upsampled(place: _Place, op: _Operation, x: fx.Node, **how: Any) -> fx.Node:
    y = place.call(functional.interpolate, x, scale_factor=float(op.attributes["factor"]), **how)
    rows, columns = op.attributes["drop_rows"], op.attributes["drop_columns"]
    if not rows and not columns:
        return y
    kept = (slice(None), slice(None), slice(None, -rows or None), slice(None, -columns or None))
    return place.call(operator.getitem, y, kept)


def _upsample(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return _upsampled(place, op, x, mode="nearest")


def _bilinear_upsample(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return _upsampled(place, op, x, mode="bilinear", align_corners=False)


def _add(place: _Place, op: _Operation, *x: fx.Node) -> fx.Node:
    total = x[0]
    for one in x[1:]:
        total = place.call(operator.add, total, one)
    return total


def _mean(place: _Place, op: _Operation, *x: fx.Node) -> fx.Node:
    return place.call(operator.truediv, _add(place, op, *x), float(len(x)))


def _concat(place: _Place, op: _Operation, *x: fx.Node) -> fx.Node:
    return place.call(torch.cat, list(x), 1)


def _slice(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return place.call(torch.narrow, x, 1, op.attributes["first"], op.attributes["count"])


def _scale(place: _Place, op: _Operation, x: fx.Node, gate: fx.Node) -> fx.Node:
    return place.call(operator.mul, x, gate)


def _sigmoid(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return place.call(functional.hardsigmoid if op.attributes["hard"] else torch.sigmoid, x)


def _drop_path(place: _Place, op: _Operation, x: fx.Node) -> fx.Node:
    return place.layer(op.name, lambda: DropPath(op.attributes["rate"]), x)


#: Each kind of operation that a network may have, in PyTorch.
OPERATIONS: dict[str, Callable[..., fx.Node]] = {
    "conv": _conv,
    "deconv": _deconv,
    "batch_norm": _batch_norm,
    "activate": _activate,
    "max_pool": _max_pool,
    "average_pool": _average_pool,
    "global_pool": _global_pool,
    "upsample": _upsample,
    "bilinear_upsample": _bilinear_upsample,
    "add": _add,
    "mean": _mean,
    "concat": _concat,
    "slice": _slice,
    "scale": _scale,
    "sigmoid": _sigmoid,
    "drop_path": _drop_path,
}


def _put_layer(root: nn.Module, name: str, make: Callable[[], nn.Module]) -> None:
    """Into the tree of modules below root, where none has the name yet."""
    *above, last = name.split(".")
    module = root
    for part in above:
        if part not in module._modules:
            module.add_module(part, nn.Module())
        module = module._modules[part]
    if last not in module._modules:
        module.add_module(last, make())


def _name_keywords(body: list[str]) -> list[str]:
    """Lines of generated code in which a layer called as a word of Python, head.class, is asked for by its name."""
    return [_KEYWORD.sub(lambda found: f'getattr({found[1]}, "{found[2]}")', line) for line in body]


def write_graph(root: nn.Module, program: dict[str, Any]) -> fx.Graph:
    """A network of _core.programs as a graph of torch.fx, its layers as submodules of `root` under their own names."""
    graph = fx.Graph()
    shapes = {name: shape for name, shape, _ in program["parameters"]}
    place = _Place(root, graph, shapes)
    values = {0: graph.placeholder("x")}
    for operation in program["operations"]:
        op = _Operation(*operation)
        values[op.output] = OPERATIONS[op.kind](place, op, *(values[i] for i in op.inputs))
    graph.output({name: values[value] for name, value in program["outputs"]})
    graph.lint()
    graph.on_generate_code(lambda _: _name_keywords)
    return graph


def _compiled(graph: fx.Graph, name: str) -> Callable[..., dict[str, torch.Tensor]]:
    """The graph as a function of (module, x): straight Python, which frees each value after its last use."""
    code = graph.python_code("self")
    file = f"<spinenet_cpp {name} {id(graph):x}>"
    linecache.cache[file] = (len(code.src), None, code.src.splitlines(True), file)
    scope = dict(code.globals)
    exec(compile(code.src, file, "exec"), scope)
    return scope["forward"]


class SpineNet(nn.Module):
    """A network of spinenet. What torch_module() gives.

    forward(x) takes [N, 3, H, W], normalised by `mean` and `std`, and gives a dict of the outputs: "class.p3" ..
    [N, A*K, H, W] logits and "box.p3" .. [N, A*4, H, W] codes of a detector, "yolo.p3" .. of YOLO's, "class" [N, K, 1, 1]
    logits of a classifier. H and W are `input_size`, or any multiples of `size_divisibility`.

    A segmenter's forward is its trunk: "p3" .., "objectness.p3" .., "proposal_box.p3" ..; its heads, which see crops of
    7 x 7 and 14 x 14, are run("box_head", crops), run("box_head2", crops) .. and run("mask_head", crops).
    """

    def __init__(self, architecture: "_core.Architecture", task: str, image_size: int, classes: list[tuple[int, str]],
                 stochastic_depth: float = 0.0, mean: Iterable[float] = MEAN, std: Iterable[float] = STD) -> None:
        super().__init__()
        self.architecture, self.task, self.image_size = architecture, task, image_size
        self.classes, self.stochastic_depth = list(classes), stochastic_depth
        self.mean, self.std = tuple(mean), tuple(std)
        self.extra: dict[str, str] = {}  # further entries of the model file
        self._programs = _core.programs(architecture, task, image_size, len(self.classes), stochastic_depth)
        self._write()
        self._check_names()
        _, self.input_size, _ = self._programs[0]["values"][0]

    def _write(self) -> None:
        """The functions that compute the networks; and their layers, where they are not there yet."""
        self._functions = {}
        self._first = self._programs[0]["name"]
        for program in self._programs:
            self._functions[program["name"]] = _compiled(write_graph(self, program), program["name"])

    def _check_names(self) -> None:
        stated = {parameter[0] for program in self._programs for parameter in program["parameters"]}
        own = set(self.state_dict())
        if stated != own:
            raise AssertionError(f"names of parameters differ: {sorted(stated ^ own)[:5]}")
        for name in self._modules:
            if hasattr(type(self), name):
                raise AssertionError(f"a layer is called {name}, as is an attribute of the module")

    # Functions of generated code cannot be pickled: they are written again.
    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_functions"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._write()

    @property
    def size_divisibility(self) -> int:
        """Pixels: what height and width of an input are multiples of, so that all levels meet."""
        return _core.coarsest_stride(self.architecture)

    @property
    def networks(self) -> list[str]:
        """The names that run() takes: one, but of a segmenter."""
        return list(self._functions)

    def graph(self, network: Optional[str] = None) -> fx.Graph:
        """A network as a graph of torch.fx, for passes over it: fx.GraphModule(module, module.graph())."""
        name = network or self._first
        return write_graph(self, next(program for program in self._programs if program["name"] == name))

    def run(self, network: str, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the network of this name gives."""
        return self._functions[network](self, x)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self._functions[self._first](self, x)

    def reset(self, seed: int = 1, **init: Any) -> "SpineNet":
        """The first values that `spinenet train` begins with, for the same seed the same; `init` as its recipe's."""
        first = _core.first_values(self.architecture, self.task, self.image_size, len(self.classes), seed, **init)
        return self.put(first)

    def put(self, weights: dict[str, Any]) -> "SpineNet":
        """Weights (name -> array) in place of its own. BadDataError that names the first that is missing or misshapen."""
        own = self.state_dict()
        with torch.no_grad():
            for name, tensor in own.items():
                if name not in weights:
                    raise BadDataError(f"the weights have no {name}")
                given = torch.as_tensor(weights[name])
                if given.shape != tensor.shape:
                    raise BadDataError(f"{name} is {list(given.shape)} where {list(tensor.shape)} is needed")
            for name, tensor in own.items():
                tensor.copy_(torch.as_tensor(weights[name]))
        return self

    def load(self, model: Any) -> "SpineNet":
        """The weights of a model file (a path or its bytes) of the same network."""
        return self.put(_core.read_model_file(model)["weights"])

    def weights(self) -> dict[str, Any]:
        """Name -> float32 NumPy array, as a model file has them."""
        return {name: tensor.detach().to("cpu", torch.float32).numpy() for name, tensor in self.state_dict().items()}

    def save(self, path: Union[str, "os.PathLike[str]"], overwrite: bool = False) -> None:
        """A model file. One that is there is replaced where this wrote it, or with `overwrite`.

        UsageError of features alone, BadDataError where a weight is not finite, InputOutputError where it cannot be
        written.
        """
        if self.task == "features":
            raise UsageError("features alone are no model: give the network a task")
        _core.write_model_file(path, self.architecture, self.task, self.classes, self.image_size, self.mean, self.std,
                               self.weights(), self.extra, overwrite)

    def extra_repr(self) -> str:
        return f"{self.architecture.name}, {self.task}, {self.image_size} pixels, {len(self.classes)} classes"


class ShapeSpec(NamedTuple):
    """Of a feature map, as Detectron2 has it."""

    channels: int
    height: Optional[int] = None
    width: Optional[int] = None
    stride: Optional[int] = None


class FeatureInfo:
    """What timm says of a network that gives features: of each map its channels, its reduction and its name."""

    def __init__(self, maps: list[dict[str, Any]]) -> None:
        self.info = maps
        self.out_indices = tuple(range(len(maps)))

    def get(self, key: str, index: Any = None) -> Any:
        if index is None:
            return [one[key] for one in self.info]
        return [self.info[i][key] for i in index] if isinstance(index, (tuple, list)) else self.info[index][key]

    def channels(self, index: Any = None) -> Any:
        return self.get("num_chs", index)

    def reduction(self, index: Any = None) -> Any:
        return self.get("reduction", index)

    def module_name(self, index: Any = None) -> Any:
        return self.get("module", index)

    def get_dicts(self, keys: Optional[list[str]] = None) -> list[dict[str, Any]]:
        return [dict(one) if keys is None else {key: one[key] for key in keys} for one in self.info]

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.info[index]

    def __len__(self) -> int:
        return len(self.info)


class SpineNetFeatures(SpineNet):
    """The backbone alone. forward(x) gives its maps by name, "p3" .. of a pyramid; with as_list a list of them.

    It has what Detectron2 asks of a Backbone (output_shape(), size_divisibility, padding_constraints), torchvision of a
    backbone under its detectors (out_channels) and timm's features_only models have (feature_info).
    """

    def __init__(self, architecture: "_core.Architecture", image_size: int, as_list: bool = False,
                 **options: Any) -> None:
        super().__init__(architecture, "features", image_size, [(1, "features")], **options)
        self.as_list = as_list
        program = self._programs[0]
        side = self.input_size
        self._maps = []
        for name, value in program["outputs"]:
            channels, height, width = program["values"][value]
            stride = 1 << round(math.log2(side / height))
            self._maps.append({"num_chs": channels, "reduction": stride, "module": name})
        self.feature_info = FeatureInfo(self._maps)

    def forward(self, x: torch.Tensor) -> Any:
        maps = self._functions[self._first](self, x)
        return list(maps.values()) if self.as_list else maps

    def output_shape(self) -> dict[str, ShapeSpec]:
        return {one["module"]: ShapeSpec(channels=one["num_chs"], stride=one["reduction"]) for one in self._maps}

    @property
    def padding_constraints(self) -> dict[str, int]:
        return {"size_divisibility": self.size_divisibility, "square_size": 0}

    @property
    def out_channels(self) -> int:
        """Of every map. UsageError where they differ."""
        channels = {one["num_chs"] for one in self._maps}
        if len(channels) != 1:
            raise UsageError(f"the maps have {sorted(channels)} channels: see output_shape()")
        return channels.pop()


def _class_list(classes: Any) -> list[tuple[int, str]]:
    """Pairs of id and name, of a number, of names, of pairs or of a dict."""
    if isinstance(classes, int):
        return [(i, f"class {i}") for i in range(1, classes + 1)]
    if isinstance(classes, dict):
        return [(int(id), str(name)) for id, name in classes.items()]
    return [(i, one) if isinstance(one, str) else (int(one[0]), str(one[1])) for i, one in enumerate(classes, 1)]


def _model_of(source: Any) -> Optional[dict[str, Any]]:
    """What the file of a model says, where the source is one."""
    if isinstance(source, (_core.Architecture, dict)):
        return None
    if isinstance(source, _core.Model):
        raise UsageError("a Model is made ready for the engine and has its weights no more: give the path of its file")
    if isinstance(source, (bytes, bytearray, memoryview)) or os.fspath(source).endswith(".safetensors"):
        return _core.read_model_file(source)
    return None


def torch_module(source: Any, task: Optional[str] = None, image_size: Optional[int] = None, classes: Any = None, *,
                 features_only: Union[bool, str] = False, seed: int = 1, init: Optional[dict[str, Any]] = None,
                 stochastic_depth: float = 0.0, mean: Iterable[float] = MEAN,
                 std: Iterable[float] = STD) -> SpineNet:
    """A network as a torch.nn.Module with the parameter names of the model files.

    `source`: an Architecture, what makes one (a name, a path, JSON), or a model: the path of a .safetensors file, or
    its bytes. Of a model the network has its weights, its task, classes, size and pixels, unless others are given; with
    other classes the tensors that fit are taken, and the others are first values.
    `task`: detect, segment or classify; by default the architecture's usual one.
    `image_size`: pixels, by default 640, of a classifier 224. `classes`: a number, names, pairs of id and name, or a
    dict from id to name; by default 91, of a classifier 1000.
    `features_only`: the backbone alone, see SpineNetFeatures; "list" for maps as a list.
    `seed`, `init`: first values as `spinenet train` makes them of its recipe's seed and init.*.
    """
    model = _model_of(source)
    architecture = model["architecture"] if model else (
        source if isinstance(source, _core.Architecture) else _core.Architecture(source))
    task = task or (model["task"] if model else architecture.task)
    usual = (224, 1000) if task == "classify" else (640, 91)
    image_size = image_size or (model["image_size"] if model else usual[0])
    if classes is None:
        classes = model["classes"] if model else usual[1]
    if model:
        mean, std = model["mean"], model["std"]
    options = {"stochastic_depth": stochastic_depth, "mean": mean, "std": std}
    module: SpineNet
    if features_only:
        module = SpineNetFeatures(architecture, image_size, features_only == "list", **options)
    else:
        module = SpineNet(architecture, task, image_size, _class_list(classes), **options)
    first = _core.first_values(architecture, module.task, image_size, len(module.classes), seed, **(init or {}))
    if model:
        first.update({name: tensor for name, tensor in model["weights"].items()
                      if name in first and first[name].shape == tensor.shape})
        module.extra = {key: value for key, value in model["extra"].items() if key in ("center_crop", "image_fit")}
    return module.put(first)
