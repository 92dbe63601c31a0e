"""Trains a detector in PyTorch on a COCO data set and writes a model file that `spinenet predict` runs.

    spinenet data scenes --level easy --out scenes
    python train_detector.py scenes --train-images train --steps 800 --out mine.safetensors
    spinenet predict mine.safetensors scenes/val/000001.png --out found

On a GPU with --device cuda; on several with torchrun, each process with its share of every batch:

    torchrun --nproc-per-node 4 train_detector.py scenes --train-images train --device cuda --batch 64 --out mine.safetensors

The loop is yours to change. As it stands it does what `spinenet train` does with the same settings (AdamW, weight decay of
kernels alone, warm-up and cosine, clipped gradients), but for the moving average of the weights.
"""

import argparse
import contextlib
import math
import os
import pathlib

import torch

from spinenet_cpp import Architecture, Batches
from spinenet_cpp.torch_losses import detection_losses
from spinenet_cpp.torch_module import torch_module


def arguments(given=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path, help="folder with annotations/train.json and the images")
    parser.add_argument("--train-images", default="images", help="folder of the images within it")
    parser.add_argument("--architecture", default="spinenet-49s", help="a name, an architecture JSON, or a model file")
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16, help="images in a step, over all processes")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--warmup", type=int, default=50, help="steps")
    parser.add_argument("--clip", type=float, default=10, help="largest norm of the gradient")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 (on a GPU)")
    parser.add_argument("--compile", action="store_true", help="with torch.compile")
    parser.add_argument("--loader-threads", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the model file")
    return parser.parse_args(given)


def learning_rate(step, settings):
    """Linear warm-up from a tenth of the peak, then a cosine to nought."""
    warmup = min(settings.warmup, settings.steps // 2)
    if step < warmup:
        return settings.learning_rate * (0.1 + 0.9 * step / warmup)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(settings.steps - warmup, 1)))


def make_optimizer(network, settings):
    """Weight decay applies to kernels alone: what has more than one axis."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def train(settings, tell=print):
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    device = torch.device(settings.device)
    if world > 1:
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        if device.type == "cuda":
            device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(device)
    from_model = settings.architecture.endswith(".safetensors")
    architecture = (torch_module(settings.architecture) if from_model else Architecture(settings.architecture))
    architecture = architecture.architecture if from_model else architecture
    batches = Batches(settings.data / "annotations" / "train.json", settings.data / settings.train_images,
                      settings.image_size, settings.batch, architecture=architecture, seed=settings.seed,
                      augment={"scale_min": 0.8, "scale_max": 1.25}, threads=settings.loader_threads, rank=rank,
                      world=world)
    network = torch_module(settings.architecture, "detect", settings.image_size, batches.classes, seed=settings.seed)
    trained = network.to(device, memory_format=torch.channels_last).train()
    if world > 1:
        trained = torch.nn.parallel.DistributedDataParallel(torch.nn.SyncBatchNorm.convert_sync_batchnorm(trained)
                                                            if device.type == "cuda" else trained)
    if settings.compile:
        trained = torch.compile(trained)
    optimizer = make_optimizer(network, settings)
    precision = torch.autocast(device.type, torch.bfloat16) if settings.bf16 else contextlib.nullcontext()
    history = []
    for step in range(settings.steps):
        batch = batches.next()
        pixels = torch.from_numpy(batch["pixels"]).to(device, memory_format=torch.channels_last)
        classes, codes = torch.from_numpy(batch["classes"]).to(device), torch.from_numpy(batch["codes"]).to(device)
        positives = (classes >= 0).sum()
        if world > 1:
            torch.distributed.all_reduce(positives)
        with precision:
            outputs = trained(pixels)
        losses = detection_losses(outputs, classes, codes, positives)
        loss = sum(losses.values())
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, settings)
        optimizer.zero_grad(set_to_none=True)
        # The losses of all processes are parts of one sum, and DistributedDataParallel takes the mean of gradients.
        (loss * world).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        optimizer.step()
        if world > 1:
            torch.distributed.all_reduce(loss.detach_())
        history.append(loss.item())
        if rank == 0 and (step % 10 == 9 or step + 1 == settings.steps):
            tell(f"step {step + 1}: loss {history[-1]:.4f}")
    if rank == 0:
        network.save(settings.out)
        tell(f"wrote {settings.out}")
    if world > 1:
        torch.distributed.destroy_process_group()
    return history


if __name__ == "__main__":
    train(arguments())
