// Residual and bottleneck blocks, and groups of them.
#include "graph/lower.h"
#include "graph/names.h"

namespace spinenet {
namespace {

struct BlockPlace {
  const GroupOptions& group;
  std::string name;  // scope.{repeat}
  int stride;

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
  x = conv_norm(b, x, {.filters = filters}, place, 1);
  x = conv_norm(b, x, {.filters = filters, .kernel = 3, .stride = place.stride}, place, 2);
  return last_conv_norm(b, x, {.filters = 4 * filters}, place, 3);
}

ValueId block(Builder& b, ValueId x, const BlockPlace& place) {
  const bool bottleneck = place.group.kind == BlockKind::bottleneck;
  const int64_t channels = place.group.filters * (bottleneck ? 4 : 1);
  ValueId shortcut = x;
  if (b.shape(x).channels != channels || place.stride != 1) {
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
    x = block(b, x, {options, scope + "." + std::to_string(r), r == 0 ? options.stride : 1});
  }
  return x;
}

}  // namespace spinenet
