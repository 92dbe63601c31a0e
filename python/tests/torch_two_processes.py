"""One of two processes of DistributedDataParallel, each with half of a batch: they end a step with the weights of one.

    python torch_two_processes.py FOLDER RANK     both meet in the folder, and talk by way of the loopback interface
"""
import sys

import numpy

from torch_support import narrow, torch
from spinenet_cpp.torch_module import torch_module


def batch():
    return torch.from_numpy(numpy.random.default_rng(1).standard_normal((4, 3, 64, 64)).astype(numpy.float32))


def step(module, x):
    # Batch norms by their running statistics, so that the batch may be divided.
    module.eval()
    optimiser = torch.optim.SGD(module.parameters(), lr=0.01)
    module(x)["class"].square().mean().backward()
    optimiser.step()


def network():
    return torch_module(narrow("resnet-50"), "classify", 64, 3)


def process(folder, rank):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    module = network()
    step(torch.nn.parallel.DistributedDataParallel(module), batch()[2 * rank: 2 * rank + 2])
    alone = network()
    step(alone, batch())
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(tensor, alone.state_dict()[name], rtol=1e-4, atol=1e-6, msg=name)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    process(sys.argv[1], int(sys.argv[2]))
