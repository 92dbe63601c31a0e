"""The networks as PyTorch modules: equal to the reference interpreter, trainable, saved and run again."""
import copy
import io
import pickle
import subprocess
import unittest

import numpy

from torch_support import narrow, narrow_segmenter, relative_difference, stir, torch
import spinenet_cpp
from spinenet_cpp import Model, _core, architectures
from spinenet_cpp.torch_module import ACTIVATIONS, OPERATIONS, torch_module, write_graph
from support import FolderTest, PROGRAM, TASKS, colourful, model_path

# Longer stages, or wider ones, of the same blocks.
LONGER = ("resnet-101", "resnet-152", "hrnet-w3", "hrnet-w4", "hrnet-w6")
EPSILON = 1e-5


def pixels(side, images=1, seed=1):
    return numpy.random.default_rng(seed).standard_normal((images, 3, side, side)).astype(numpy.float32)


def reference(module, network, x):
    return _core.reference(module.architecture, module.task, module.image_size, len(module.classes), network,
                           module.weights(), x)


class Operations(unittest.TestCase):
    def test_have_a_rule_each(self):
        self.assertEqual(sorted(OPERATIONS), sorted(_core.operation_kinds()))

    def test_occur_in_some_network(self):
        found = set()
        for name in ("spinenet-49", "spinenet-mobile-49", "resnet-50-nas-fpn", "yolov4", "yolov4-tiny", "hrnet-w18-fpn",
                     "efficientnet-lite0", "vgg-16"):
            for program in _core.programs(narrow(name), narrow(name).task, 128, 2, 0.2):
                found |= {operation[1] for operation in program["operations"]}
        for program in _core.programs(narrow_segmenter(), "segment", 128, 2, 0.0):
            found |= {operation[1] for operation in program["operations"]}
        self.assertEqual(set(OPERATIONS) - found, {"mean"})

    def test_mean_is_one_over_its_inputs(self):
        program = {"name": "network", "values": [(3, 2, 2)] * 3, "parameters": [], "outputs": [("mean", 2)],
                   "operations": [("act", "activate", {"function": "relu"}, [0], [], 1), ("mean", "mean", {}, [0, 1], [], 2)]}
        root = torch.nn.Module()
        x = torch.from_numpy(pixels(2))
        found = torch.fx.GraphModule(root, write_graph(root, program))(x)["mean"]
        torch.testing.assert_close(found, (x + x.clamp(min=0)) / 2)


class EveryFamily(unittest.TestCase):
    def check(self, architecture, task, side):
        module = stir(torch_module(architecture, task, side, 2, init={"predictor_deviation": 0.05}), 3).eval()
        for network in module.networks:
            program = next(one for one in module._programs if one["name"] == network)
            x = numpy.random.default_rng(5).standard_normal((2, *program["values"][0])).astype(numpy.float32)
            expected = reference(module, network, x)
            with torch.no_grad():
                found = module.run(network, torch.from_numpy(x))
            self.assertEqual(list(found), [name for name, _ in program["outputs"]])
            for (name, output), wanted in zip(found.items(), expected):
                self.assertLess(relative_difference(output.numpy(), wanted), EPSILON, f"{architecture.name} {name}")

    def test_agrees_with_the_reference(self):
        for name in architectures():
            if name.startswith(LONGER):
                continue
            with self.subTest(name):
                one = narrow(name)
                self.check(one, one.task, 64 if one.task == "classify" else 128)

    def test_agrees_in_every_activation_and_padding(self):
        for activation in ACTIVATIONS:
            with self.subTest(activation):
                self.check(narrow("spinenet-49", activation=activation), "detect", 128)
        for padding in ("same", "symmetric_pools"):
            with self.subTest(padding):
                self.check(narrow("resnet-50-fpn", padding=padding), "detect", 128)
        self.check(narrow("spinenet-49"), "classify", 96)
        self.check(narrow("spinenet-49", large_downsample="repeated_pools"), "detect", 128)
        self.check(narrow("spinenet-49", identity_paths="every_block"), "detect", 128)

    def test_agrees_in_every_network_of_a_segmenter(self):
        self.check(narrow_segmenter(), "segment", 128)


class Module(FolderTest):
    def small(self, **options):
        return torch_module(narrow("spinenet-49"), "detect", 128, ["apple", "pear"], **options)

    def test_has_the_names_of_the_model_file(self):
        for task in TASKS:
            model = _core.read_model_file(model_path(task))
            self.assertEqual(set(torch_module(model_path(task)).state_dict()), set(model["weights"]))

    def test_begins_as_the_program_does(self):
        one, other = self.small(seed=7), self.small(seed=7)
        first = _core.first_values(one.architecture, "detect", 128, 2, 7)
        for name, tensor in one.state_dict().items():
            numpy.testing.assert_array_equal(tensor.numpy(), first[name])
            self.assertTrue(torch.equal(tensor, other.state_dict()[name]))
        self.assertFalse(torch.equal(next(one.parameters()), next(self.small(seed=8).parameters())))

    def test_learns(self):
        module = self.small(stochastic_depth=0.3).train()
        before = {name: buffer.clone() for name, buffer in module.named_buffers()}
        outputs = module(torch.from_numpy(pixels(128, 3)))
        sum(output.square().mean() for output in outputs.values()).backward()
        for name, parameter in module.named_parameters():
            self.assertIsNotNone(parameter.grad, name)
            self.assertTrue(torch.isfinite(parameter.grad).all(), name)
        self.assertTrue(any(parameter.grad.abs().sum() > 0 for parameter in module.parameters()))
        for name, buffer in module.named_buffers():
            self.assertFalse(torch.equal(buffer, before[name]), name)
        with torch.no_grad():
            one, other = module.eval()(torch.zeros(1, 3, 128, 128)), module(torch.zeros(1, 3, 128, 128))
        self.assertTrue(torch.equal(one["class.p3"], other["class.p3"]))

    def test_batch_norm_keeps_the_share_of_the_architecture(self):
        module = self.small().train()
        norm = next(layer for layer in module.modules() if isinstance(layer, torch.nn.BatchNorm2d))
        conv = next(layer for layer in module.modules() if isinstance(layer, torch.nn.Conv2d))
        kept = 1 - norm.momentum
        x = torch.from_numpy(pixels(128, 2))
        with torch.no_grad():
            y = conv(x)
            module(x)
        torch.testing.assert_close(norm.running_mean, (1 - kept) * y.mean((0, 2, 3)), rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(norm.running_var, kept + (1 - kept) * y.var((0, 2, 3)), rtol=1e-4, atol=1e-6)

    def test_takes_other_sizes(self):
        module = self.small().eval()
        self.assertEqual(module.size_divisibility, 128)
        with torch.no_grad():
            outputs = module(torch.zeros(1, 3, 128, 256))
        self.assertEqual(outputs["class.p3"].shape[2:], (16, 32))
        self.assertEqual(outputs["class.p7"].shape[2:], (1, 2))

    def test_is_saved_and_run_by_the_engine(self):
        for task in TASKS:
            module = torch_module(model_path(task))
            again = str(self.folder / f"{task}.safetensors")
            module.save(again)
            file = self.image_file("image.png", colourful(90, 100))
            one, other = Model(model_path(task))(file), Model(again)(file)
            self.assertGreater(len(one), 0)
            self.assert_same(one, other)
            run = subprocess.run([PROGRAM, "predict", again, file, "--quiet", "--json"], check=True, capture_output=True)
            self.assertIn(b"image.png", run.stdout)

    def test_is_not_saved_over_what_others_made(self):
        module = torch_module(model_path("detect"))
        path = self.folder / "notes.txt"
        path.write_text("mine")
        with self.assertRaises(spinenet_cpp.UsageError):
            module.save(path)
        self.assertEqual(path.read_text(), "mine")
        module.save(self.folder / "a.safetensors")
        module.save(self.folder / "a.safetensors")  # its own
        with torch.no_grad():
            next(module.parameters()).fill_(float("nan"))
        with self.assertRaises(spinenet_cpp.BadDataError):
            module.save(self.folder / "b.safetensors")
        self.assertFalse((self.folder / "b.safetensors").exists())

    def test_takes_what_fits_of_a_model_of_other_classes(self):
        model = _core.read_model_file(model_path("detect"))["weights"]
        module = torch_module(model_path("detect"), classes=["plum", "quince", "sloe"])
        self.assertEqual([name for _, name in module.classes], ["plum", "quince", "sloe"])
        state = module.state_dict()
        same = [name for name in state if name in model and state[name].shape == model[name].shape]
        self.assertTrue(all(numpy.array_equal(state[name].numpy(), model[name]) for name in same))
        self.assertLess(len(same), len(state))

    def test_says_what_does_not_fit(self):
        with self.assertRaisesRegex(spinenet_cpp.BadDataError, "needed|no "):
            self.small().load(model_path("detect"))
        with self.assertRaises(spinenet_cpp.UsageError):
            torch_module("spinenet-50")
        with self.assertRaises(spinenet_cpp.UsageError):
            torch_module("resnet-50", "detect")
        with self.assertRaisesRegex(spinenet_cpp.UsageError, "path"):
            torch_module(Model(model_path("detect")))

    def test_is_copied_pickled_and_traced(self):
        module = self.small().eval()
        x = torch.from_numpy(pixels(128))
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        loaded = torch.load(file, weights_only=False)
        graph = torch.fx.GraphModule(module, module.graph())
        with torch.no_grad():
            expected = module(x)["box.p4"]
            for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), loaded, graph):
                self.assertTrue(torch.equal(other(x)["box.p4"], expected))
        other = copy.deepcopy(module)
        with torch.no_grad():
            next(other.parameters()).zero_()
            self.assertTrue(torch.equal(module(x)["box.p4"], expected))

    def test_becomes_one_of_synchronised_batch_norms(self):
        module = torch.nn.SyncBatchNorm.convert_sync_batchnorm(self.small())
        self.assertTrue(any(isinstance(layer, torch.nn.SyncBatchNorm) for layer in module.modules()))
        self.assertEqual(set(module.state_dict()), set(self.small().state_dict()))
        with torch.no_grad():
            x = torch.from_numpy(pixels(128))
            torch.testing.assert_close(module.eval()(x)["box.p3"], self.small().eval()(x)["box.p3"])


class Features(unittest.TestCase):
    def test_are_those_of_the_detector(self):
        architecture = narrow("spinenet-49")
        whole = stir(torch_module(architecture, "detect", 128, 2), 4).eval()
        features = torch_module(architecture, image_size=128, features_only=True).eval()
        features.put(whole.weights())
        x = torch.from_numpy(pixels(128))
        with torch.no_grad():
            maps = features(x)
        expected = _core.reference(architecture, "features", 128, 1, "network",
                                   {name: whole.weights()[name] for name in features.state_dict()}, x.numpy())
        for (name, found), wanted in zip(maps.items(), expected):
            self.assertLess(relative_difference(found.numpy(), wanted), EPSILON, name)
        with self.assertRaises(spinenet_cpp.UsageError):
            features.save("never.safetensors")

    def test_have_the_attributes_of_detectron2_and_timm(self):
        features = torch_module(narrow("spinenet-49"), image_size=128, features_only=True)
        shapes = features.output_shape()
        self.assertEqual(list(shapes), ["p3", "p4", "p5", "p6", "p7"])
        self.assertEqual((shapes["p4"].channels, shapes["p4"].stride), (8, 16))
        self.assertEqual((features.size_divisibility, features.padding_constraints["size_divisibility"]), (128, 128))
        self.assertEqual(features.out_channels, 8)
        self.assertEqual(features.feature_info.channels(), [8] * 5)
        self.assertEqual(features.feature_info.reduction(), [8, 16, 32, 64, 128])
        self.assertEqual(features.feature_info.module_name(), list(shapes))
        as_list = torch_module(narrow("spinenet-49"), image_size=128, features_only="list").eval()
        with torch.no_grad():
            maps = as_list(torch.zeros(1, 3, 128, 128))
        self.assertEqual([one.shape[1] for one in maps], as_list.feature_info.channels())

    def test_of_a_backbone_without_a_pyramid(self):
        features = torch_module(narrow("resnet-50"), image_size=64, features_only=True)
        self.assertEqual(features.feature_info.reduction(), [32])
