// Residual and bottleneck blocks, and groups of them.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet {
namespace {

struct BlockPlace {
  const GroupOptions& group;
  std::string name;  // scope.{repeat}
  int stride;
};

ValueId conv_norm(Builder& b, ValueId x, const Builder::ConvOptions& options, const BlockPlace& place, int number) {
  x = b.conv(x, options, fmt::format("{}.conv{}", place.name, number));
  x = b.batch_norm(x, fmt::format("{}.bn{}", place.name, number));
  return b.activate(x, fmt::format("{}.act{}", place.name, number));
}

ValueId last_conv_norm(Builder& b, ValueId x, const Builder::ConvOptions& options, const BlockPlace& place,
                       int number) {
  x = b.conv(x, options, fmt::format("{}.conv{}", place.name, number));
  return b.batch_norm(x, fmt::format("{}.bn{}", place.name, number), ParameterRole::residual_norm_weight);
}

// 3x3, 3x3.
ValueId residual_branch(Builder& b, ValueId x, const BlockPlace& place) {
  const int64_t filters = place.group.filters;
  x = conv_norm(b, x, {.filters = filters, .kernel = 3, .stride = place.stride}, place, 1);
  return last_conv_norm(b, x, {.filters = filters, .kernel = 3}, place, 2);
}

// 1x1, 3x3, 1x1 to four times the filters.
ValueId bottleneck_branch(Builder& b, ValueId x, const BlockPlace& place) {
  const int64_t filters = place.group.filters;
  x = conv_norm(b, x, {.filters = filters}, place, 1);
  x = conv_norm(b, x, {.filters = filters, .kernel = 3, .stride = place.stride}, place, 2);
  return last_conv_norm(b, x, {.filters = 4 * filters}, place, 3);
}

ValueId block(Builder& b, ValueId x, const BlockPlace& place) {
  const bool bottleneck = place.group.kind == BlockKind::bottleneck;
  const int64_t channels = place.group.filters * (bottleneck ? 4 : 1);
  ValueId shortcut = x;
  if (b.shape(x).channels != channels || place.stride != 1) {
    shortcut = b.conv(x, {.filters = channels, .stride = place.stride}, place.name + ".shortcut");
    shortcut = b.batch_norm(shortcut, place.name + ".shortcut_bn");
  }
  ValueId branch = bottleneck ? bottleneck_branch(b, x, place) : residual_branch(b, x, place);
  branch = b.drop_path(branch, place.group.drop_rate, place.name + ".drop_path");
  return b.activate(b.add({branch, shortcut}, place.name + ".add"), place.name + ".act");
}

}  // namespace

ValueId block_group(Builder& b, ValueId x, const GroupOptions& options, const std::string& scope) {
  for (int r = 0; r < options.repeats; ++r) {
    x = block(b, x, {options, fmt::format("{}.{}", scope, r), r == 0 ? options.stride : 1});
  }
  return x;
}

}  // namespace spinenet
