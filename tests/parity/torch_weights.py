"""Weights for PyTorch networks under which every layer matters at any depth; used by the scripts beside it."""
import torch
from torch import nn
from torch.nn import functional as F


def is_batch_norm(module):
    return isinstance(module, nn.BatchNorm2d) or type(module).__name__ == "FrozenBatchNorm2d"


def picture(generator, batch, height, width):
    """Of order 1, with coarse and fine structure."""
    coarse = F.interpolate(torch.randn(batch, 3, 8, 8, generator=generator), size=(height, width), mode="bilinear",
                           align_corners=False)
    return coarse + 0.5 * torch.randn(batch, 3, height, width, generator=generator)


@torch.no_grad()
def fill(module, generator, run):
    """Normal weights, biases, and batch norms (a few factors negative) whose statistics differ from channel to channel.

    What a bottleneck adds is small beside what it adds to, as in a trained network: else a deep one makes a thousandfold
    of every rounding.
    `run` calls the module once: each batch norm's statistics are then those of what reaches it, disturbed, and each layer
    with a bias is scaled to outputs of order 1. Leaves the module in inference mode.
    """
    def uniform(like, low, high):
        return torch.rand(like.shape, generator=generator) * (high - low) + low

    for name, m in module.named_modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            m.weight.copy_(torch.randn(m.weight.shape, generator=generator) * (2.0 / m.weight[0].numel()) ** 0.5)
            if m.bias is not None:
                m.bias.copy_(torch.randn(m.bias.shape, generator=generator) * 0.2)
        elif is_batch_norm(m):
            sign = torch.where(uniform(m.weight, 0, 1) < 0.06, -1.0, 1.0)
            m.weight.copy_(uniform(m.weight, 0.4, 0.9) * sign * (0.2 if name.endswith("bn3") else 1))
            m.bias.copy_(torch.randn(m.bias.shape, generator=generator) * 0.2)
    fitted = set()

    def fit(m, inputs):
        if m in fitted:  # shared by several levels
            return
        fitted.add(m)
        x = inputs[0]
        if is_batch_norm(m):
            x = x.transpose(0, 1).flatten(1)
            mean, var = x.mean(1), x.var(1, unbiased=False)
            std = var.clamp_min(0.05 * var.mean().item() + 1e-8).sqrt()
            m.running_mean.copy_(mean + 0.2 * std * torch.randn(mean.shape, generator=generator))
            m.running_var.copy_(std.square() * uniform(std, 0.7, 1.5))
        elif m.bias is not None:
            y = (F.conv2d(x, m.weight, None, m.stride, m.padding, m.dilation, m.groups)
                 if isinstance(m, nn.Conv2d) else F.linear(x, m.weight))
            m.weight.div_(y.square().mean().sqrt().clamp_min(1e-6))

    module.eval()
    hooks = [m.register_forward_pre_hook(fit) for m in module.modules()
             if isinstance(m, (nn.Conv2d, nn.Linear)) or is_batch_norm(m)]
    try:
        run(module)
    finally:
        for hook in hooks:
            hook.remove()
    return module
