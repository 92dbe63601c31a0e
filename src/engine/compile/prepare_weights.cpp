#include "engine/compile/prepare_weights.h"

#include <algorithm>
#include <exception>
#include <map>
#include <mutex>
#include <tuple>

#include "engine/compile/pack_int8.h"
#include "engine/compile/pack_weights.h"
#include "engine/plan/conv_layout.h"
#include "kernels/worker_group.h"

namespace spinenet::engine {
namespace {

// A parameter packed in one way, and the convolutions that use it so.
struct Packing {
  const HostTensor* weight = nullptr;
  std::vector<ConvStep*> steps;
  int64_t offset = 0;          // floats, in the stretch of all weights
  QuantizedWeights quantized;  // of an int8 product
};

class WeightPacker {
 public:
  explicit WeightPacker(CompiledPlan& plan) : plan_(plan) {}

  void add(graph::ParameterId id, const HostTensor& weight, ConvStep& step) {
    const auto [known, is_new] = index_.try_emplace({id, step.choice.algorithm, step.format, step.k}, packings_.size());
    if (is_new) {
      packings_.push_back({&weight, {}, plan_.weight_floats, {}});
      plan_.weight_floats += rounded_up(weight_floats(step, panel()), kernels::kChannelBlock);
    }
    packings_[known->second].steps.push_back(&step);
  }

  void pack_all() {
    memory_ = aligned_floats(plan_.weight_floats);
    for (const Packing& packing : packings_) {
      for (ConvStep* step : packing.steps) step->weights = weights_at(*step, panel(), memory_, at(packing));
    }
    run_all();
    for (const Packing& packing : packings_) finish(packing);
  }

 private:
  using Key = std::tuple<graph::ParameterId, ConvAlgorithm, NumberFormat, int64_t>;  // the last: length of rows

  int panel() const { return plan_.kernels->panel; }
  float* at(const Packing& packing) const { return memory_.get() + packing.offset; }

  void pack(Packing& packing) const {
    const ConvStep& step = *packing.steps.front();
    float* const to = at(packing);
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
    packing.quantized = quantize_weights(*packing.weight);
    pack_int8(packing.quantized, packing.weight->shape, step, panel(), reinterpret_cast<int8_t*>(to));
    packing.quantized.numbers = {};
  }

  // Each parameter by one thread, the largest first. What a task throws (memory runs out) is thrown to the caller.
  void run_all() {
    std::vector<Packing*> order;
    for (Packing& packing : packings_) order.push_back(&packing);
    std::stable_sort(order.begin(), order.end(), [&](const Packing* a, const Packing* b) {
      return packed_floats(*a->steps.front(), panel()) > packed_floats(*b->steps.front(), panel());
    });
    std::mutex mutex;
    std::exception_ptr failure;
    kernels::WorkerGroup(plan_.threads).run(static_cast<int64_t>(order.size()), [&](int64_t i, int) {
      try {
        pack(*order[static_cast<size_t>(i)]);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }

  // int8: what follows the sums depends on the scales of the weights and of the input.
  static void finish(const Packing& packing) {
    for (ConvStep* step : packing.steps) {
      if (step->format != NumberFormat::int8) continue;
      for (ConvSite& site : step->sites) {
        const Quantization& in = site.in.quantization;
        site.affine = has_tiles(*step) ? affine_of_winograd_sums(site.affine, in)
                                       : affine_of_sums(site.affine, packing.quantized, in);
      }
    }
  }

  CompiledPlan& plan_;
  std::map<Key, size_t> index_;  // into the packings
  std::vector<Packing> packings_;
  std::shared_ptr<float[]> memory_;
};

}  // namespace

void prepare_weights(const graph::Program& program, const Weights& weights, const std::vector<WeightUse>& uses,
                     CompiledPlan& plan) {
  WeightPacker packer(plan);
  for (const WeightUse& use : uses) {
    const HostTensor& weight = weights.at(program.parameters[static_cast<size_t>(use.parameter)].name);
    std::visit(
        graph::Overloaded{[&](ConvStep& step) { packer.add(use.parameter, weight, step); },
                          [&](DepthwiseStep& step) { step.weights = pack_depthwise(weight, step.site.out.stride); },
                          [&](DeconvStep& step) { step.weights = pack_deconv(weight, step.k, plan.kernels->panel); },
                          [](const graph::OneOf<SumStep, GateStep, ConcatStep, SliceStep, PoolStep, AveragePoolStep,
                                                GlobalPoolStep, BilinearStep> auto&) {}},  // they have no weights
        plan.steps[use.step]);
  }
  packer.pack_all();
}

}  // namespace spinenet::engine
