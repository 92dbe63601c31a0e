"""The networks as PyTorch modules under torch.compile, and divided over two processes. A file of its own: it takes long."""
import copy
import json
import os
import shutil
import subprocess
import sys
import unittest

import numpy

from torch_support import narrow, stir, torch
from spinenet_cpp.torch_module import torch_module
from support import FolderTest

# Of two processes that each import PyTorch beside whatever else the machine does.
TWO_PROCESSES_SECONDS = 400


def pixels(side, images):
    return torch.from_numpy(numpy.random.default_rng(1).standard_normal((images, 3, side, side)).astype(numpy.float32))


class Compiled(FolderTest):
    # A kernel takes a second or more to compile, so each network is small: one with an upsampling, slices and joined
    # channels for inference, one of few blocks for training.
    @unittest.skipUnless(shutil.which("g++") or shutil.which("c++"), "torch.compile needs a C++ compiler")
    def test_is_compiled_for_inference(self):
        module = stir(torch_module(narrow("yolov4-tiny"), "detect", 64, 2), 2).eval()
        x = pixels(64, 2)
        with torch.no_grad():
            expected, found = module(x), torch.compile(module, fullgraph=True)(x)
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-5)

    @unittest.skipUnless(shutil.which("g++") or shutil.which("c++"), "torch.compile needs a C++ compiler")
    def test_is_compiled_for_training(self):
        architecture = json.loads(narrow("resnet-50").to_json())
        architecture["backbone"]["stages"] = [1, 1, 1, 1]
        one = stir(torch_module(architecture, "classify", 64, 2), 2).train()
        other = copy.deepcopy(one)
        x = pixels(64, 2)
        expected, found = one(x), torch.compile(other, fullgraph=True)(x)
        torch.testing.assert_close(found["class"], expected["class"], rtol=1e-4, atol=1e-5)
        expected["class"].square().sum().backward()
        found["class"].square().sum().backward()
        for (name, a), (_, b) in zip(one.named_parameters(), other.named_parameters()):
            torch.testing.assert_close(b.grad, a.grad, rtol=1e-3, atol=1e-3, msg=name)
        for (name, a), (_, b) in zip(one.named_buffers(), other.named_buffers()):
            torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-5, msg=name)

    def test_is_one_graph_of_dynamo(self):
        """As torch.compile sees it, without code generation: no break, whatever the task."""
        for network, task, side in (("spinenet-49", "detect", 128), ("resnet-50", "classify", 64)):
            module = torch_module(narrow(network), task, side, 3).train()
            compiled = torch.compile(module, backend="eager", fullgraph=True)
            for name, output in compiled(pixels(side, 2)).items():
                self.assertTrue(torch.isfinite(output).all(), name)

    def test_trains_in_two_processes(self):
        script = os.path.join(os.path.dirname(__file__), "torch_two_processes.py")
        environment = dict(os.environ, GLOO_SOCKET_IFNAME="lo")
        processes = [subprocess.Popen([sys.executable, script, str(self.folder), str(rank)], env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for rank in (0, 1)]
        try:
            for one in processes:
                said, _ = one.communicate(timeout=TWO_PROCESSES_SECONDS)
                self.assertEqual(one.returncode, 0, said[-3000:])
        finally:
            for one in processes:
                one.kill()
                one.wait()
