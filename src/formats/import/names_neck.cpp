#include "formats/import/names_neck.h"

#include <vector>

#include "base/format.h"
#include "formats/import/names_parts.h"

namespace spinenet::formats {
namespace {

bool has_width(const NamingRequest& request, const std::string& layer) {
  const auto found = request.source.tensors.find(layer + ".weight");
  return found != request.source.tensors.end() && !found->second.shape.empty() &&
         found->second.shape.front() == request.architecture.scaling.endpoints_num_filters;
}

// "fpn.reduce" and "fpn.post.p3"; the authors' own detectors have shorter names.
std::string hrfpn_layer(const std::vector<std::string_view>& parts, const NamingRequest& request) {
  const bool short_names = has_width(request, "neck.reduction_conv.0");
  const std::string reduction = short_names ? "neck.reduction_conv.0" : "neck.reduction_conv.conv";
  if (!has_width(request, reduction)) return "";
  if (parts[1] == "reduce") return reduction;
  if (parts[1] != "post") return "";
  const int index = number_in(parts[2]) - request.architecture.min_level;
  return short_names ? fmt::format("neck.fpn_conv.{}", index) : fmt::format("neck.fpn_convs.{}.conv", index);
}

// "fpn.lateral.c3" and "fpn.post.p3", counted from the finest level that the source has.
std::string detnet_neck_layer(const std::vector<std::string_view>& parts, const NamingRequest& request) {
  const auto lateral = [](int index) { return fmt::format("neck.lateral_convs.{}.conv", index); };
  int count = 0;
  while (count < arch::kDetNetStages && has_width(request, lateral(count))) ++count;
  if (count == 0 || parts.size() != 4) return "";
  const int index = number_in(parts[2]) - (arch::kDetNetLevel + 1 - count);
  if (index < 0) return "";
  if (parts[1] == "lateral") return lateral(index);
  return parts[1] == "post" ? fmt::format("neck.fpn_convs.{}.conv", index) : "";
}

}  // namespace

std::string neck_name(std::string_view ours, const NamingRequest& request) {
  const std::vector<std::string_view> parts = parts_of(ours);
  if (parts[0] != "fpn" || parts.size() < 3) return "";
  std::string layer;
  if (std::holds_alternative<arch::HrNet>(request.architecture.backbone)) layer = hrfpn_layer(parts, request);
  if (std::holds_alternative<arch::DetNet>(request.architecture.backbone)) layer = detnet_neck_layer(parts, request);
  return layer.empty() ? "" : fmt::format("{}.{}", layer, parts.back());
}

}  // namespace spinenet::formats
