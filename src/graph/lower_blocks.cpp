// Residual, bottleneck and inverted bottleneck blocks, and groups of them.
#include <algorithm>

#include "graph/lower.h"
#include "graph/names.h"

namespace spinenet::graph {
namespace {

struct BlockPlace {
  const GroupOptions& group;
  std::string name;  // scope.{repeat}
  int stride;
  bool projects;

  // `number` is of one digit.
  std::string part(std::string_view kind, int number) const {
    const char digit = static_cast<char>('0' + number);
    return joined(name, kind, {&digit, 1});
  }
};

ValueId conv_norm(Builder& b, ValueId x, const Builder::ConvOptions& options, const BlockPlace& place, int number) {
  x = b.conv(x, options, place.part(".conv", number));
  x = b.batch_norm(x, place.part(".bn", number));
  return b.activate(x, place.part(".act", number));
}

ValueId last_conv_norm(Builder& b, ValueId x, const Builder::ConvOptions& options, const BlockPlace& place,
                       int number) {
  x = b.conv(x, options, place.part(".conv", number));
  return b.batch_norm(x, place.part(".bn", number), ParameterRole::residual_norm_weight);
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
  const bool early = place.group.stride_place == arch::StridePlace::conv1x1;
  x = conv_norm(b, x, {.filters = filters, .stride = early ? place.stride : 1}, place, 1);
  x = conv_norm(b, x,
                {.filters = filters, .kernel = 3, .stride = early ? 1 : place.stride, .dilation = place.group.dilation},
                place, 2);
  return last_conv_norm(b, x, {.filters = 4 * filters}, place, 3);
}

// A gate for each channel from the average of all: to few channels, ReLU, back to all, sigmoid.
ValueId squeeze_and_excite(Builder& b, ValueId x, int64_t inside, bool hard, const std::string& scope) {
  ValueId gate = b.global_pool(x, PoolKind::average, joined(scope, ".pool"));
  gate = b.conv(gate, {.filters = inside, .bias = true}, joined(scope, ".reduce"));
  gate = b.activate(gate, arch::Activation::relu, joined(scope, ".act"));
  gate = b.conv(gate, {.filters = b.shape(x).channels, .bias = true}, joined(scope, ".expand"));
  return b.scale(x, b.sigmoid(gate, hard, joined(scope, ".gate")), joined(scope, ".scale"));
}

// 1x1 to many channels, depthwise, gate, 1x1 to the filters. No activation at the end: what is narrow keeps all.
ValueId inverted_block(Builder& b, ValueId x, const BlockPlace& place) {
  const arch::InvertedBottleneck& settings = place.group.inverted;
  const int64_t channels = b.shape(x).channels, wide = channels * settings.expand_ratio;
  ValueId branch = x;
  if (settings.expand_ratio > 1) branch = conv_norm(b, branch, {.filters = wide}, place, 1);
  branch = conv_norm(b, branch,
                     {.filters = wide,
                      .kernel = place.group.depthwise_kernel,
                      .stride = place.stride,
                      .groups = static_cast<int>(wide)},
                     place, 2);
  if (settings.squeeze_excite > 0) {
    const auto inside =
        std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(channels) * settings.squeeze_excite));
    branch = squeeze_and_excite(b, branch, inside, settings.hard_gate, joined(place.name, ".se"));
  }
  if (channels != place.group.filters || place.stride != 1) {
    branch = b.conv(branch, {.filters = place.group.filters}, place.part(".conv", 3));
    return b.batch_norm(branch, place.part(".bn", 3));
  }
  branch = last_conv_norm(b, branch, {.filters = channels}, place, 3);
  branch = b.drop_path(branch, place.group.drop_rate, joined(place.name, ".drop_path"));
  return b.add({branch, x}, joined(place.name, ".add"));
}

ValueId block(Builder& b, ValueId x, const BlockPlace& place) {
  if (place.group.kind == arch::BlockKind::inverted_bottleneck) return inverted_block(b, x, place);
  const bool bottleneck = place.group.kind == arch::BlockKind::bottleneck;
  const int64_t channels = place.group.filters * (bottleneck ? 4 : 1);
  ValueId shortcut = x;
  if (b.shape(x).channels != channels || place.stride != 1 || place.projects) {
    shortcut = b.conv(x, {.filters = channels, .stride = place.stride}, joined(place.name, ".shortcut"));
    shortcut = b.batch_norm(shortcut, joined(place.name, ".shortcut_bn"));
  }
  ValueId branch = bottleneck ? bottleneck_branch(b, x, place) : residual_branch(b, x, place);
  branch = b.drop_path(branch, place.group.drop_rate, joined(place.name, ".drop_path"));
  return b.activate(b.add({branch, shortcut}, joined(place.name, ".add")), joined(place.name, ".act"));
}

}  // namespace

ValueId block_group(Builder& b, ValueId x, const GroupOptions& options, const std::string& scope) {
  for (int r = 0; r < options.repeats; ++r) {
    x = block(b, x,
              {options, scope + "." + std::to_string(r), r == 0 ? options.stride : 1, r == 0 && options.projects});
  }
  return x;
}

}  // namespace spinenet::graph
