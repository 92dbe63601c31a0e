#include "engine/compile/prepare_weights.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/format.h"
#include "engine/compile/pack_int8.h"
#include "engine/compile/pack_weights.h"
#include "engine/compile/packed_weights.h"
#include "engine/plan/conv_layout.h"
#include "kernels/worker_group.h"

namespace spinenet::engine {
namespace {

// A parameter packed in one way, and the convolutions that use it so.
struct Packing {
  const TensorView* weight = nullptr;
  std::vector<ConvStep*> steps;
  int64_t offset = 0;  // floats, in the stretch of all weights
};

class WeightPacker {
 public:
  WeightPacker(const CompileOptions& options, CompiledPlan& plan) : options_(options), plan_(plan) {}

  void add(const graph::Parameter& parameter, graph::ParameterId id, const TensorView& weight, ConvStep& step) {
    const auto [known, is_new] = index_.try_emplace({id, step.choice.algorithm, step.format, step.k}, packings_.size());
    if (is_new) {
      packings_.push_back({&weight, {}, plan_.weight_floats});
      layout_ +=
          fmt::format("{} {} {} {} {} {} {} {}\n", parameter.name, name_of(step.choice.algorithm), name_of(step.format),
                      step.conv.kernel, step.sites.front().in.stride, step.k, step.columns, plan_.weight_floats);
      plan_.weight_floats += rounded_up(weight_floats(step, panel()), kernels::kChannelBlock);
    }
    packings_[known->second].steps.push_back(&step);
  }

  // `check`: called before they are packed.
  void prepare(const std::function<void()>& check) {
    const std::string layout =
        fmt::format("{} {} {}\n{}", spinenet::name_of(options_.precision), plan_.kernels->name, panel(), layout_);
    const auto count = static_cast<size_t>(plan_.weight_floats);
    if (options_.packed != nullptr) memory_ = find_packed(*options_.packed, layout, count);
    if (memory_ == nullptr) pack_and_keep(check, layout, count);
    for (const Packing& packing : packings_) finish(packing);
  }

 private:
  using Key = std::tuple<graph::ParameterId, ConvAlgorithm, NumberFormat, int64_t>;  // the last: length of rows

  int panel() const { return plan_.kernels->panel; }
  const float* at(const Packing& packing) const { return memory_.get() + packing.offset; }
  int64_t sums_offset(const ConvStep& step) const {
    return int8_scales_offset(step, panel()) + rounded_up(step.columns, panel());
  }

  void pack_and_keep(const std::function<void()>& check, const std::string& layout, size_t count) {
    std::optional<OwnedFolder> folder;
    if (options_.packed != nullptr) folder.emplace(take_packed_folder(*options_.packed));
    check();
    pack_all();
    if (folder) keep_packed(*folder, *options_.packed, layout, {memory_.get(), count});
  }

  void pack_all() {
    AlignedFloats memory = aligned_floats(plan_.weight_floats);
    run_all(memory.get());
    memory_ = std::move(memory);
  }

  void pack(const Packing& packing, float* to) const {
    const ConvStep& step = *packing.steps.front();
    const int64_t floats = weight_floats(step, panel());
    std::fill_n(to + floats, rounded_up(floats, kernels::kChannelBlock) - floats, 0.0F);
    switch (step.format) {
      case NumberFormat::fp32:
        return pack_fp32(*packing.weight, step, panel(), to);
      case NumberFormat::bf16:
        return pack_bf16(*packing.weight, step, *plan_.kernels, reinterpret_cast<uint16_t*>(to));
      case NumberFormat::int8:
        break;
    }
    if (has_tiles(step)) {
      return pack_int8_winograd(*packing.weight, step, panel(), reinterpret_cast<int16_t*>(to),
                                to + int8_scales_offset(step, panel()));
    }
    std::fill(to + int8_scales_offset(step, panel()), to + floats, 0.0F);
    const QuantizedWeights quantized = quantize_weights(*packing.weight);
    pack_int8(quantized, packing.weight->shape, step, panel(), reinterpret_cast<int8_t*>(to));
    std::ranges::copy(quantized.scales, to + int8_scales_offset(step, panel()));
    std::ranges::copy(quantized.sums, reinterpret_cast<int32_t*>(to + sums_offset(step)));
  }

  // Each parameter by one thread, the largest first. What a task throws (memory runs out) is thrown to the caller.
  void run_all(float* memory) const {
    std::vector<const Packing*> order;
    for (const Packing& packing : packings_) order.push_back(&packing);
    std::stable_sort(order.begin(), order.end(), [&](const Packing* a, const Packing* b) {
      return packed_floats(*a->steps.front(), panel()) > packed_floats(*b->steps.front(), panel());
    });
    std::mutex mutex;
    std::exception_ptr failure;
    kernels::WorkerGroup(plan_.threads).run(static_cast<int64_t>(order.size()), [&](int64_t i, int) {
      try {
        const Packing& packing = *order[static_cast<size_t>(i)];
        pack(packing, memory + packing.offset);
        if (options_.release) options_.release(packing.weight->data);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }

  // The steps read the weights where they lie. int8: what follows the sums depends on the scales of the weights and of
  // the input.
  void finish(const Packing& packing) const {
    const auto outputs = static_cast<size_t>(packing.weight->shape[0]);
    for (ConvStep* step : packing.steps) {
      step->weights = weights_at(*step, panel(), memory_, at(packing));
      if (step->format != NumberFormat::int8) continue;
      for (ConvSite& site : step->sites) {
        const Quantization& in = site.in.quantization;
        site.affine =
            has_tiles(*step)
                ? affine_of_winograd_sums(site.affine, in)
                : affine_of_sums(site.affine, {at(packing) + int8_scales_offset(*step, panel()), outputs},
                                 {reinterpret_cast<const int32_t*>(at(packing) + sums_offset(*step)), outputs}, in);
      }
    }
  }

  const CompileOptions& options_;
  CompiledPlan& plan_;
  std::map<Key, size_t> index_;  // into the packings
  std::vector<Packing> packings_;
  std::string layout_;  // all that the packed values depend on beside the parameters' own
  std::shared_ptr<const float[]> memory_;
};

// The weights that are no part of the stretch of all.
void pack_alone(const TensorView& weight, int panel, Step& step) {
  std::visit(graph::Overloaded{[&](DepthwiseStep& s) { s.weights = pack_depthwise(weight, s.site.out.stride); },
                               [&](DeconvStep& s) {
                                 s.taps = s.format == NumberFormat::int8 ? pack_int8_taps(weight, s, panel)
                                                                         : pack_deconv(weight, s, panel);
                               },
                               [](const graph::OneOf<ConvStep, SumStep, GateStep, ConcatStep, SliceStep, PoolStep,
                                                     AveragePoolStep, GlobalPoolStep, BilinearStep> auto&) {}},
             step);
}

}  // namespace

void prepare_weights(const WeightsToPrepare& given, const CompileOptions& options, CompiledPlan& plan) {
  WeightPacker packer(options, plan);
  const auto for_each = [&](const auto& visit) {
    for (const WeightUse& use : given.uses) {
      const graph::Parameter& parameter = given.program.parameters[static_cast<size_t>(use.parameter)];
      visit(use, parameter, given.weights.at(parameter.name));
    }
  };
  for_each([&](const WeightUse& use, const graph::Parameter& parameter, const TensorView& weight) {
    if (auto* step = std::get_if<ConvStep>(&plan.steps[use.step])) packer.add(parameter, use.parameter, weight, *step);
  });
  packer.prepare(given.check);
  // Few and small: they are not kept.
  for_each([&](const WeightUse& use, const graph::Parameter&, const TensorView& weight) {
    pack_alone(weight, plan.kernels->panel, plan.steps[use.step]);
  });
}

}  // namespace spinenet::engine
