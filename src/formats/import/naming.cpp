#include "formats/import/naming.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "formats/import/names.h"

namespace spinenet::formats {
namespace {

constexpr size_t kNamedTensors = 6;  // in a message
// Counts of operations that a profiler leaves in a layer.
constexpr std::array<const char*, 2> kProfilerCounts{".total_ops", ".total_params"};

using MakeNaming = std::optional<Naming> (*)(const NamingRequest& request);
using MakeNamings = std::vector<MakeNaming>;

MakeNamings namings_of(const arch::Backbone& backbone) {
  return std::visit(graph::Overloaded{
                        [](const arch::ScalePermuted&) { return MakeNamings{tensorflow_spinenet}; },
                        [](const arch::ResNetFpn&) {
                          return MakeNamings{torchvision_retinanet, torchvision_resnet};
                        },
                        [](const arch::ResNetNasFpn&) { return MakeNamings{torchvision_resnet}; },
                        [](const arch::ResNet&) { return MakeNamings{torchvision_resnet}; },
                        [](const arch::Vgg&) { return MakeNamings{torchvision_vgg}; },
                        // Darknet's files have no names.
                        [](const arch::CspDarknet&) { return MakeNamings{timm_csp_darknet}; },
                        [](const arch::CspDarknetTiny&) { return MakeNamings{}; },
                        [](const arch::EfficientNetLite&) {
                          return MakeNamings{efficientnet_lite_pytorch, timm_efficientnet_lite};
                        },
                        [](const arch::HrNet&) { return MakeNamings{timm_hrnet}; },
                        [](const arch::DetNet&) { return MakeNamings{torchvision_resnet}; },
                    },
                    backbone);
}

// [height, width, a, b] to [b, a, height, width]; a depthwise one to [a * b, 1, height, width].
HostTensor transposed_kernel(const HostTensor& from, std::vector<int64_t> shape, bool depthwise) {
  const int64_t height = from.shape[0], width = from.shape[1], a = from.shape[2], b = from.shape[3];
  HostTensor to = make_tensor(std::move(shape));
  size_t at = 0;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t i = 0; i < a; ++i) {
        for (int64_t j = 0; j < b; ++j) {
          const int64_t plane = depthwise ? i * b + j : j * a + i;
          to.data[static_cast<size_t>((plane * height + y) * width + x)] = from.data[at++];
        }
      }
    }
  }
  return to;
}

}  // namespace

Naming find_naming(const NamingRequest& request) {
  for (const MakeNaming make : namings_of(request.architecture.backbone)) {
    std::optional<Naming> naming = make(request);
    if (!naming) continue;
    naming->ignored.insert(naming->ignored.end(), kProfilerCounts.begin(), kProfilerCounts.end());
    return std::move(*naming);
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : request.source.tensors) {
    if (names.size() < kNamedTensors) names.push_back(printable(name));
  }
  fail(ErrorKind::bad_data,
       fmt::format("its names are not those of a published {}: {}", request.architecture.name, fmt::join(names, ", ")),
       request.source.place, "name its architecture with --as; docs/pretrained.md lists what can be imported");
}

std::vector<std::string> with_prefix(std::string_view prefix, std::initializer_list<std::string_view> names) {
  std::vector<std::string> result;
  for (const std::string_view name : names) result.push_back(fmt::format("{}{}", prefix, name));
  return result;
}

void add_rules(Naming& naming, std::span<const graph::Parameter> parameters, const Rename& source_of) {
  for (const graph::Parameter& parameter : parameters) {
    std::string source = source_of(parameter.name);
    if (source.empty()) continue;
    ParameterRule rule;
    rule.parameter = parameter.name;
    rule.sources.push_back(std::move(source));
    naming.rules.push_back(std::move(rule));
  }
}

Conversion reshaped_to(std::vector<int64_t> shape) {
  return [shape = std::move(shape)](std::span<const HostTensor> sources) {
    return HostTensor{shape, sources.front().data};
  };
}

HostTensor kernel_from_hwio(std::span<const HostTensor> sources) {
  const std::vector<int64_t>& s = sources.front().shape;
  return transposed_kernel(sources.front(), {s[3], s[2], s[0], s[1]}, false);
}

HostTensor depthwise_kernel_from_hwio(std::span<const HostTensor> sources) {
  const std::vector<int64_t>& s = sources.front().shape;
  return transposed_kernel(sources.front(), {s[2] * s[3], 1, s[0], s[1]}, true);
}

}  // namespace spinenet::formats
