"""What the tests of PyTorch share. `torch` is None where PyTorch is not installed."""
import importlib
import json
import unittest
import warnings

import numpy

from spinenet_cpp import Architecture

try:
    warnings.simplefilter("default")  # those of PyTorch are none of ours
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None


def load_cases(module):
    """The names of a module of tests of PyTorch; where it is not installed, one test that is skipped and says so."""
    if torch is not None:
        return {name: value for name, value in vars(importlib.import_module(module)).items() if name[0] != "_"}

    class PyTorch(unittest.TestCase):
        @unittest.skip("PyTorch is not installed")
        def test_is_installed(self):
            pass

    return {"PyTorch": PyTorch}


def narrow(name, **changes):
    """The architecture with few channels, so that the reference interpreter is quick."""
    data = json.loads(Architecture(name).to_json())
    mobile = data.get("stem") == "inverted_bottlenecks"
    scaling = data["scaling"]
    scaling.update(filter_size_scale=0.3 if mobile else 0.07, endpoints_num_filters=8,
                   block_repeats=min(scaling["block_repeats"], 2))
    if not mobile:
        scaling["stem_filters"] = 6
    if "dense" in data["backbone"]:
        data["backbone"]["dense"] = 16
    data["head"] = {**data.get("head", {}), "convs": 1, "filters": 6}
    data.update(changes)
    return Architecture(data)


def narrow_segmenter():
    two = {"rpn_filters": 6, "box_filters": 6, "mask_filters": 6, "box_dense": 16, "box_convs": 1, "mask_convs": 1,
           "box_thresholds": [0.5, 0.6, 0.7]}
    return narrow("spinenet-49", two_stage=two)


def stir(module, seed):
    """Weights and statistics in which every one matters: no zeros, no ones."""
    random = numpy.random.default_rng(seed)
    weights = module.weights()
    for name, values in weights.items():
        if name.endswith("running_var"):
            weights[name] = random.uniform(0.5, 1.5, values.shape).astype(numpy.float32)
        elif values.ndim < 2:
            weights[name] = values + random.uniform(-0.2, 0.2, values.shape).astype(numpy.float32)
    return module.put(weights)


def relative_difference(one, other):
    return float(numpy.abs(one.astype(numpy.float64) - other).max() / numpy.abs(other).max())
