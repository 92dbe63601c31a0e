#include "engine/compile/make_steps.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "engine/compile/place_maps.h"
#include "engine/plan/conv_layout.h"
#include "engine/plan/tile_layout.h"
#include "engine/quantize/quantize.h"

namespace spinenet::engine {
namespace {

using Group = std::vector<int>;

class StepMaker {
 public:
  StepMaker(const PlacedNetwork& placed, Precision precision, ConvChooser& chooser, CompiledPlan& plan)
      : network_(placed.network), maps_(placed.maps), precision_(precision), chooser_(chooser), plan_(plan) {}

  void add(const Group& group) {
    const Node& first = node_at(group.front());
    plan_.steps.push_back(std::visit([&](const auto& work) { return step_of(work, first, group); }, first.work));
    plan_.written.emplace_back();
    for (const int i : group) plan_.written.back().push_back({node_at(i).name, map_at(node_at(i).output)});
  }

  std::vector<WeightUse> uses() && { return std::move(uses_); }

 private:
  const Node& node_at(int index) const { return network_.nodes[static_cast<size_t>(index)]; }
  const Map& map_at(int value) const { return map_of(maps_, value); }
  void use(graph::ParameterId weight) { uses_.push_back({plan_.steps.size(), weight}); }

  // `always`: with scale and shift even where the node has none.
  ChannelAffine affine_of(const Node& node, bool always) const {
    ChannelAffine affine{{}, {}, node.activation};
    if (node.scale.empty() && !always) return affine;
    const auto panel = std::max<int64_t>(plan_.kernels->panel, kernels::kChannelBlock);
    const int64_t channels = shape_of(network_, node.output).channels;
    const auto padded = static_cast<size_t>(rounded_up(channels, panel));
    affine.scale = node.scale;
    affine.shift = node.shift;
    if (affine.scale.empty()) affine.scale.assign(static_cast<size_t>(channels), 1.0F);
    affine.scale.resize(padded, 0.0F);
    affine.shift.resize(padded, 0.0F);
    return affine;
  }

  ConvSite site_of(const Node& node) const {
    ConvSite site{map_at(node.inputs[0].value), map_at(node.output), {}, 0, affine_of(node, true)};
    if (node.inputs.size() > 1) {
      site.residual = map_at(node.inputs[1].value);
      site.residual_factor = node.inputs[1].factor;
    }
    return site;
  }

  NumberFormat format_of_products(const Node& node) const {
    if (multiplies_bytes(network_, node)) return NumberFormat::int8;
    if (precision_ != Precision::bf16) return NumberFormat::fp32;
    const int64_t stride = map_at(node.inputs[0].value).stride;
    const ConvWork* work = as_convolution(node);
    const bool on_vectors = plan_.kernels->bf16_multiply != nullptr && stride % kernels::kChannelBlock == 0;
    const bool in_tiles = plan_.kernels->tiles != nullptr && work != nullptr && fits_tile_strips(work->conv, stride);
    return on_vectors || in_tiles ? NumberFormat::bf16 : NumberFormat::fp32;
  }

  Step step_of(const ConvWork& work, const Node& first, const Group& group) {
    use(work.weight);
    if (is_depthwise(first)) return DepthwiseStep{first.name, work.conv, nullptr, site_of(first)};
    ConvStep step;
    step.name = first.name;
    step.conv = work.conv;
    step.format = format_of_products(first);
    for (const int i : group) step.sites.push_back(site_of(node_at(i)));
    step.columns = step.sites.front().out.stride;
    take_choice(step, chooser_.choose(step));
    need_scratch(scratch_floats(step, plan_.kernels->panel, plan_.batch));
    return step;
  }

  void need_scratch(int64_t floats) {
    plan_.scratch = std::max(plan_.scratch, rounded_up(floats, kernels::kChannelBlock));
  }

  Step step_of(const DeconvWork& work, const Node& node, const Group&) {
    if (work.deconv.kernel != work.deconv.stride) {
      fail(ErrorKind::unsupported,
           fmt::format("a transposed convolution of kernel {} and stride {}", work.deconv.kernel, work.deconv.stride),
           "engine: " + node.name, "use a kernel as large as the stride");
    }
    use(work.weight);
    const Map& in = map_at(node.inputs[0].value);
    DeconvStep step{node.name, work.deconv, {}, in.stride, {}, in, map_at(node.output), affine_of(node, true)};
    if (multiplies_bytes(network_, node)) {
      step.format = NumberFormat::int8;
      need_scratch(deconv_scratch_floats(step, plan_.kernels->panel));
    }
    return step;
  }

  Step step_of(const GlobalPoolWork& work, const Node& node, const Group&) const {
    return GlobalPoolStep{node.name, work.kind, map_at(node.inputs[0].value), map_at(node.output)};
  }

  Step step_of(const GateWork&, const Node& node, const Group&) const {
    return GateStep{node.name, map_at(node.inputs[0].value), map_at(node.inputs[1].value), map_at(node.output),
                    node.activation};
  }

  Step step_of(const PoolWork& work, const Node& node, const Group&) const {
    return PoolStep{node.name, work.pool, map_at(node.inputs[0].value), map_at(node.output)};
  }

  // The window's pixels and what each counts are the same for every output.
  Step step_of(const AveragePoolWork& work, const Node& node, const Group&) const {
    AveragePoolStep step{node.name, work.pool, {}, {}, map_at(node.inputs[0].value), map_at(node.output)};
    const int64_t kernel = work.pool.kernel;
    for (int64_t i = 0; i < kernel * kernel; ++i) {
      step.pixels.push_back(i / kernel * step.in.shape.width + i % kernel);
    }
    step.weights.assign(step.pixels.size(), 1.0F / static_cast<float>(kernel * kernel));
    return step;
  }

  Step step_of(const BilinearWork& work, const Node& node, const Group&) const {
    return BilinearStep{node.name, work.upsample.factor, map_at(node.inputs[0].value), map_at(node.output)};
  }

  Step step_of(const SliceWork& work, const Node& node, const Group&) const {
    return SliceStep{node.name, work.slice, map_at(node.inputs[0].value), map_at(node.output)};
  }

  Step step_of(const SumWork&, const Node& node, const Group&) const {
    SumStep step{node.name, {}, map_at(node.output), affine_of(node, false)};
    for (const Term& term : node.inputs) step.terms.push_back({map_at(term.value), term.factor});
    return step;
  }

  Step step_of(const ConcatWork&, const Node& node, const Group&) const {
    ConcatStep step{node.name, {}, map_at(node.output)};
    for (const Term& term : node.inputs) step.terms.push_back(map_at(term.value));
    return step;
  }

  const Network& network_;
  const std::vector<Map>& maps_;
  Precision precision_;
  ConvChooser& chooser_;
  CompiledPlan& plan_;
  std::vector<WeightUse> uses_;
};

}  // namespace

std::vector<WeightUse> make_steps(const PlacedNetwork& placed, Precision precision, ConvChooser& chooser,
                                  CompiledPlan& plan) {
  StepMaker maker(placed, precision, chooser, plan);
  for (const Group& group : placed.order) maker.add(group);
  return std::move(maker).uses();
}

}  // namespace spinenet::engine
