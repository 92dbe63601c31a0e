// The RetinaNet head: two towers whose convolutions are shared over the levels, with batch norms for each level.
#include "base/format.h"
#include "graph/lower.h"

namespace spinenet {
namespace {

struct Tower {
  std::string name;  // "class" or "box"
  int64_t outputs;
  ParameterRole bias_role;
};

void tower(Builder& b, const Pyramid& pyramid, const RetinaHead& head, const Tower& t) {
  for (size_t i = 0; i < pyramid.levels.size(); ++i) {
    const std::string level = fmt::format("p{}", pyramid.min_level + static_cast<int>(i));
    ValueId x = pyramid.levels[i];
    for (int k = 0; k < head.convs; ++k) {
      const std::string conv = fmt::format("head.{}.conv{}", t.name, k);
      x = b.conv(x, {.filters = head.filters, .kernel = 3, .bias = true}, conv + "." + level, conv);
      x = b.batch_norm(x, fmt::format("head.{}.bn{}.{}", t.name, k, level));
      x = b.activate(x, fmt::format("head.{}.act{}.{}", t.name, k, level));
    }
    const std::string predict = fmt::format("head.{}.predict", t.name);
    x = b.conv(x,
               {.filters = t.outputs,
                .kernel = 3,
                .bias = true,
                .role = ParameterRole::predictor_kernel,
                .bias_role = t.bias_role},
               predict + "." + level, predict);
    b.output(t.name + "." + level, x);
  }
}

}  // namespace

void retina_head(Builder& b, const Pyramid& pyramid, const RetinaHead& head, int classes) {
  const int64_t anchors = static_cast<int64_t>(head.aspect_ratios.size()) * head.scales;
  tower(b, pyramid, head, {"class", anchors * classes, ParameterRole::prior_bias});
  tower(b, pyramid, head, {"box", anchors * 4, ParameterRole::bias});
}

}  // namespace spinenet
