// The scale-permuted backbone, SpineNet and its mobile family: stem; then for each block resample its parents, add,
// activate, repeat the block; endpoints.
#include <algorithm>

#include "graph/lower.h"
#include "graph/names.h"

namespace spinenet::graph {
namespace {

// A block that has been built, as its children see it.
struct Built {
  arch::BlockSpec spec;
  ValueId value = 0;
  int depth = 0;  // blocks on the shortest way from the image, this one included
  int children = 0;
};

class ScalePermutedLowering {
 public:
  ScalePermutedLowering(Builder& b, const arch::Architecture& a) : b_(b), a_(a) {}

  Pyramid lower(double stochastic_depth) {
    build_stem();
    const auto blocks = arch::connected_blocks(std::get<arch::ScalePermuted>(a_.backbone), a_.edges);
    for (size_t k = 0; k < blocks.size(); ++k) {
      build_block(blocks[k], stochastic_depth * static_cast<double>(k + 1) / static_cast<double>(blocks.size()));
    }
    return endpoints();
  }

 private:
  void build_stem() {
    const arch::Scaling& s = a_.scaling;
    const bool bottlenecks = a_.stem == arch::StemKind::bottlenecks;
    int level = bottlenecks ? arch::kStemLevel : 1;
    ValueId x = bottlenecks ? stem(b_, b_.input(), s.stem_filters)
                            : mobile_stem(b_, b_.input(), static_cast<int>(s.stem_filters * s.filter_size_scale));
    for (const arch::BlockSpec& spec : arch::stem_blocks(a_.stem)) {
      GroupOptions options = group(spec, 0);
      options.stride = 1 << (spec.level - level);
      level = spec.level;
      const auto index = static_cast<int>(built_.size());
      x = block_group(b_, x, options, joined("blocks.", std::to_string(index)));
      built_.push_back({spec, x, index + 1});
    }
  }

  void build_block(const arch::BlockSpec& spec, double drop_rate) {
    const auto index = static_cast<int>(built_.size());
    int depth = index;
    for (const int parent : spec.parents) depth = std::min(depth, built_[static_cast<size_t>(parent)].depth);
    const std::string scope = joined("resample.", std::to_string(index));
    std::vector<ValueId> inputs;
    for (size_t j = 0; j < spec.parents.size(); ++j) {
      Built& parent = built_[static_cast<size_t>(spec.parents[j])];
      const ParameterRole role = parent.depth > depth ? ParameterRole::deeper_norm_weight : ParameterRole::norm_weight;
      inputs.push_back(resample(parent, spec, role, joined(scope, ".", std::to_string(j))));
      ++parent.children;
    }
    if (spec.output) add_unused(spec, inputs);
    const std::string name = joined("blocks.", std::to_string(index));
    add_identities(spec, inputs, joined(name, ".identity"));
    // The only parent that arch::Edges leaves is no sum.
    ValueId x = inputs.size() == 1 ? inputs.front() : b_.add(inputs, joined(name, ".fuse"));
    x = b_.activate(x, joined(name, ".fuse_act"));
    x = block_group(b_, x, group(spec, drop_rate), name);
    built_.push_back({spec, x, depth + 1});
  }

  // As arch::IdentityPaths says; of several parents that are equally near to the image the first.
  void add_identities(const arch::BlockSpec& spec, std::vector<ValueId>& inputs, const std::string& scope) {
    const auto depth = [this](int parent) { return built_[static_cast<size_t>(parent)].depth; };
    const int nearest = *std::ranges::min_element(spec.parents, {}, depth);
    switch (a_.identity_paths) {
      case arch::IdentityPaths::none:
        return;
      case arch::IdentityPaths::equal_channels:
        if (b_.shape(built_[static_cast<size_t>(nearest)].value).channels != arch::output_channels(spec, a_.scaling)) {
          return;
        }
        [[fallthrough]];
      case arch::IdentityPaths::every_block:
        inputs.push_back(identity(built_[static_cast<size_t>(nearest)], spec, scope));
        return;
      case arch::IdentityPaths::every_parent:
        for (const int parent : spec.parents) {
          inputs.push_back(
              identity(built_[static_cast<size_t>(parent)], spec, joined(scope, ".", std::to_string(parent))));
        }
        return;
    }
  }

  ValueId identity(const Built& parent, const arch::BlockSpec& spec, const std::string& scope) {
    const int64_t wanted = arch::output_channels(spec, a_.scaling);
    const int64_t channels = b_.shape(parent.value).channels;
    const int down = spec.level - parent.spec.level;
    ValueId x = pool_each(parent.value, down, scope);
    if (channels < wanted) {
      const auto copies = static_cast<size_t>((wanted + channels - 1) / channels);
      x = b_.concat(std::vector<ValueId>(copies, x), joined(scope, ".repeat"));
    }
    if (b_.shape(x).channels > wanted) x = b_.slice(x, 0, wanted, joined(scope, ".cut"));
    return down < 0 ? enlarge(x, -down, spec.level, joined(scope, ".up")) : x;
  }

  ValueId enlarge(ValueId x, int levels, int to_level, std::string name) {
    const Shape& image = b_.shape(b_.input());
    return b_.upsample(x, 1 << levels, level_size(image.height, to_level), level_size(image.width, to_level),
                       std::move(name));
  }

  // An earlier block without children joins the output block of its own level, width and channels, as it is.
  void add_unused(const arch::BlockSpec& spec, std::vector<ValueId>& inputs) {
    for (Built& earlier : built_) {
      const bool fits = earlier.spec.level == spec.level && earlier.spec.width == spec.width &&
                        arch::output_channels(earlier.spec, a_.scaling) == arch::output_channels(spec, a_.scaling);
      if (earlier.children > 0 || !fits) continue;
      inputs.push_back(earlier.value);
      ++earlier.children;
    }
  }

  // Section 3.1 and Figure 5: squeeze by alpha, change the scale, expand to the channels that the block works on.
  // In the mobile family (section 4.4) nothing is squeezed.
  ValueId resample(const Built& parent, const arch::BlockSpec& target, ParameterRole norm_role,
                   const std::string& scope) {
    const bool squeezes = a_.resampling == arch::Resampling::squeezed;
    const int squeezed = static_cast<int>(arch::filters_of(parent.spec, a_.scaling) * a_.scaling.resample_alpha);
    ValueId x = parent.value;
    if (squeezes) x = conv_norm_act(x, {.filters = squeezed}, joined(scope, ".squeeze"));
    const int down = target.level - parent.spec.level;
    if (down > 0 && !squeezes) {
      x = depthwise_down(x, down, scope);
    } else if (down > 0) {
      x = conv_norm_act(x, {.filters = squeezed, .kernel = 3, .stride = 2}, joined(scope, ".down"));
      x = pool_rest(x, down - 1, scope);
    } else if (down < 0) {
      x = enlarge(x, -down, target.level, joined(scope, ".up"));
    }
    x = b_.conv(x, {.filters = arch::output_channels(target, a_.scaling)}, joined(scope, ".expand"));
    return b_.batch_norm(x, joined(scope, ".expand_bn"), norm_role);
  }

  ValueId depthwise_down(ValueId x, int levels, const std::string& scope) {
    const int64_t channels = b_.shape(x).channels;
    for (int i = 0; i < levels; ++i) {
      x = conv_norm_act(x, {.filters = channels, .kernel = 3, .stride = 2, .groups = static_cast<int>(channels)},
                        joined(scope, ".down", std::to_string(i)));
    }
    return x;
  }

  // The 2^levels that the stride-2 convolution left to do.
  ValueId pool_rest(ValueId x, int levels, const std::string& scope) {
    if (levels == 0) return x;
    if (a_.large_downsample == arch::LargeDownsample::single_pool) {
      return b_.max_pool(x, levels == 1 ? 3 : 5, 1 << levels, joined(scope, ".pool"));
    }
    return pool_each(x, levels, scope);
  }

  // Not at all where there are no levels to go down.
  ValueId pool_each(ValueId x, int levels, const std::string& scope) {
    for (int i = 0; i < levels; ++i) x = b_.max_pool(x, 3, 2, joined(scope, ".pool", std::to_string(i)));
    return x;
  }

  ValueId conv_norm_act(ValueId x, const Builder::ConvOptions& options, std::string name) {
    std::string norm = joined(name, "_bn"), act = joined(name, "_act");
    x = b_.conv(x, options, std::move(name));
    return b_.activate(b_.batch_norm(x, std::move(norm)), std::move(act));
  }

  Pyramid endpoints() {
    Pyramid pyramid{a_.min_level, {}};
    for (int level = a_.min_level; level <= a_.max_level; ++level) {
      for (const Built& block : built_) {
        if (!block.spec.output || block.spec.level != level) continue;
        const std::string name = joined("endpoints.p", std::to_string(level));
        ValueId x = b_.conv(block.value, {.filters = a_.scaling.endpoints_num_filters}, joined(name, ".conv"));
        x = b_.batch_norm(x, joined(name, ".bn"));
        pyramid.levels.push_back(b_.activate(x, joined(name, ".act")));
      }
    }
    return pyramid;
  }

  GroupOptions group(const arch::BlockSpec& spec, double drop_rate) const {
    return {spec.kind, arch::filters_of(spec, a_.scaling), a_.scaling.block_repeats, 1, drop_rate, a_.inverted};
  }

  Builder& b_;
  const arch::Architecture& a_;
  std::vector<Built> built_;
};

}  // namespace

Pyramid scale_permuted_backbone(Builder& b, const arch::Architecture& architecture, double stochastic_depth) {
  return ScalePermutedLowering(b, architecture).lower(stochastic_depth);
}

}  // namespace spinenet::graph
