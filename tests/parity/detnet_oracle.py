"""DetNet-59 and its pyramid in PyTorch, written from the paper's and published sources' description, without a look at
the C++ here: what tests/parity/make_detector_oracle.py compares it with.

Names: torchvision's ResNet, with `layer4` and `layer5` for stages 5 and 6, whose projections are `extra_conv`;
DetNetFPN has mmdetection's `backbone.`, `neck.lateral_convs.{i}.conv.` and `neck.fpn_convs.{i}.conv.`, counted from the
finest level.
"""
from torch import nn
from torch.nn import functional as F

from hrnet_oracle import ConvModule


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, dilation, projection, stride_place):
        super().__init__()
        outputs = 4 * width
        first, second = (stride, 1) if stride_place == "conv1x1" else (1, stride)
        self.conv1 = nn.Conv2d(inputs, width, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, second, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.projection = projection
        if projection:
            setattr(self, projection,
                    nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + (getattr(self, self.projection)(x) if self.projection else x))


class DetNet(nn.Module):
    """Gives C2 to C6, of strides 4, 8, 16, 16 and 16; or logits, where there are classes."""

    def __init__(self, classes=0, stride_place="conv3x3", blocks=(3, 4, 6, 3, 3)):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for s, (count, width, stride) in enumerate(zip(blocks, (64, 128, 256, 256, 256), (1, 2, 2, 1, 1))):
            layers = []
            for b in range(count):
                projection = None if b else "extra_conv" if s >= 3 else "downsample"
                layers.append(Bottleneck(inputs, width, 1 if b else stride, 2 if s >= 3 else 1, projection,
                                         stride_place))
                inputs = 4 * width
            setattr(self, f"layer{s + 1}", nn.Sequential(*layers))
        self.classes = classes
        if classes:
            self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        maps = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4, self.layer5):
            x = layer(x)
            maps.append(x)
        return self.fc(x.mean(dim=(2, 3))) if self.classes else maps


class DetNetNeck(nn.Module):
    """Sums from the coarsest level down; levels 4, 5 and 6 have one size, so that only finer ones copy up."""

    def __init__(self, levels, filters):
        super().__init__()
        self.levels = levels
        channels = {2: 256, 3: 512, 4: 1024, 5: 1024, 6: 1024}
        self.lateral_convs = nn.ModuleList(ConvModule(channels[level], filters, 1) for level in levels)
        self.fpn_convs = nn.ModuleList(ConvModule(filters, filters, 3, 1, 1) for _ in levels)

    def forward(self, maps):
        sums = [None] * len(self.levels)
        for i in reversed(range(len(self.levels))):
            sums[i] = self.lateral_convs[i](maps[self.levels[i] - 2])
            if i + 1 < len(sums):
                above = sums[i + 1]
                if self.levels[i] < 4:
                    above = F.interpolate(above, scale_factor=2, mode="nearest")
                sums[i] = sums[i] + above
        return [conv(x) for conv, x in zip(self.fpn_convs, sums)]


class DetNetFPN(nn.Module):
    def __init__(self, levels=(3, 4, 5, 6), filters=256, stride_place="conv3x3"):
        super().__init__()
        self.backbone = DetNet(stride_place=stride_place)
        self.neck = DetNetNeck(levels, filters)

    def forward(self, x):
        return self.neck(self.backbone(x))
