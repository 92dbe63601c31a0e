"""HRNet and its pyramid HRFPN in PyTorch, written from the papers' and published sources' description, without a look
at the C++ here: what tests/parity/make_detector_oracle.py compares it with.

Names: HRNet as in its authors' files and timm; HRNetFPN has mmdetection's prefixes `backbone.`,
`neck.reduction_conv.conv.` and `neck.fpn_convs.{0..4}.conv.`.
"""
import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(inputs, outputs, kernel, stride, relu):
    parts = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*parts, nn.ReLU()) if relu else nn.Sequential(*parts)


class BasicBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + x)


class Bottleneck(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = None if inputs == outputs else conv_bn(inputs, outputs, 1, 1, relu=False)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


def exchange(channels, i, j):
    """What brings branch j to branch i, but for the upsampling, which has no weights."""
    if j == i:
        return nn.Identity()
    if j > i:
        return conv_bn(channels[j], channels[i], 1, 1, relu=False)
    steps = i - j
    return nn.Sequential(*[conv_bn(channels[j], channels[i] if k == steps - 1 else channels[j], 3, 2, relu=k < steps - 1)
                           for k in range(steps)])


class ExchangeModule(nn.Module):
    def __init__(self, channels, blocks):
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*[BasicBlock(c) for _ in range(blocks)]) for c in channels)
        n = len(channels)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(exchange(channels, i, j) for j in range(n)) for i in range(n))

    def forward(self, maps):
        maps = [branch(x) for branch, x in zip(self.branches, maps)]
        fused = []
        for i, row in enumerate(self.fuse_layers):
            total = 0
            for j, layer in enumerate(row):
                y = layer(maps[j])
                total = total + (F.interpolate(y, scale_factor=2 ** (j - i), mode="nearest") if j > i else y)
            fused.append(F.relu(total))
        return fused


class HRNet(nn.Module):
    """Gives the maps of its four branches, of strides 4, 8, 16 and 32; sides are multiples of 32."""

    def __init__(self, width, modules=(1, 4, 3), blocks=4):
        super().__init__()
        self.channels = c = [width << i for i in range(4)]
        self.conv1 = nn.Conv2d(3, 64, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = nn.Conv2d(64, 64, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(*[Bottleneck(64 if b == 0 else 256, 64) for b in range(4)])
        self.transition1 = nn.ModuleList([conv_bn(256, c[0], 3, 1, relu=True),
                                          nn.Sequential(conv_bn(256, c[1], 3, 2, relu=True))])
        self.transition2 = self.new_branch(2)
        self.transition3 = self.new_branch(3)
        for stage in (2, 3, 4):
            setattr(self, f"stage{stage}",
                    nn.Sequential(*[ExchangeModule(c[:stage], blocks) for _ in range(modules[stage - 2])]))

    def new_branch(self, index):
        c = self.channels
        kept = [nn.Identity() for _ in range(index)]
        return nn.ModuleList([*kept, nn.Sequential(conv_bn(c[index - 1], c[index], 3, 2, relu=True))])

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.layer1(x)
        maps = self.stage2([self.transition1[0](x), self.transition1[1](x)])
        maps = self.stage3([*maps, self.transition2[2](maps[-1])])
        return self.stage4([*maps, self.transition3[3](maps[-1])])


class ConvModule(nn.Module):
    def __init__(self, *args):
        super().__init__()
        self.conv = nn.Conv2d(*args)

    def forward(self, x):
        return self.conv(x)


class HRFPN(nn.Module):
    """Five maps of the four branches; with a stride of 2 those of levels 3 to 7, with 1 of levels 2 to 6."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.reduction_conv = ConvModule(sum(channels), filters, 1)
        self.fpn_convs = nn.ModuleList(ConvModule(filters, filters, 3, stride, 1) for _ in range(5))

    def forward(self, maps):
        grown = [F.interpolate(x, scale_factor=2 ** i, mode="bilinear", align_corners=False) if i else x
                 for i, x in enumerate(maps)]
        x = self.reduction_conv(torch.cat(grown, 1))
        return [conv(F.avg_pool2d(x, 2 ** i, 2 ** i) if i else x) for i, conv in enumerate(self.fpn_convs)]


class HRNetFPN(nn.Module):
    def __init__(self, width, filters=256, stride=2):
        super().__init__()
        self.backbone = HRNet(width)
        self.neck = HRFPN(self.backbone.channels, filters, stride)

    def forward(self, x):
        return self.neck(self.backbone(x))
