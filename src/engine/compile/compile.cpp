#include "engine/compile/compile.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "base/machine_memory.h"
#include "engine/compile/choice_cache.h"
#include "engine/compile/conv_choice.h"
#include "engine/compile/convolution_plan.h"
#include "engine/compile/measure_choice.h"
#include "engine/compile/network.h"
#include "engine/compile/passes/passes.h"
#include "engine/compile/quantized_plan.h"
#include "engine/compile/schedule.h"
#include "engine/plan/dependencies.h"
#include "engine/plan/memory_plan.h"
#include "engine/quantize/quantize.h"
#include "engine/run/byte_winograd.h"
#include "graph/weights.h"

namespace spinenet::engine {
namespace {

void refuse_weights_that_are_not_numbers(const graph::Program& program, const Weights& weights) {
  for (const graph::Parameter& parameter : program.parameters) {
    const std::vector<float>& data = weights.at(parameter.name).data;
    const auto bad = std::find_if(data.begin(), data.end(), [](float x) { return !std::isfinite(x); });
    if (bad == data.end()) continue;
    fail(ErrorKind::bad_data, fmt::format("element {} is {}", bad - data.begin(), *bad), "parameter " + parameter.name,
         "the model is broken; take an earlier checkpoint");
  }
}

// What CompileOptions::skip may name.
void check_skipped(std::span<const std::string> skip) {
  std::vector<std::string> known{"winograd", "share_weights"};
  for (const Pass& pass : all_passes()) known.emplace_back(pass.name);
  for (const std::string& name : skip) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    fail(ErrorKind::usage, fmt::format("there is no optimisation \"{}\" to skip", name), "engine",
         remedy_for(name, known));
  }
}

class Compilation {
 public:
  Compilation(const graph::Program& program, const Weights& weights, const CompileOptions& options)
      : program_(program), weights_(weights), options_(options) {
    check_skipped(options.skip);
    if (options.threads < 1)
      fail(ErrorKind::usage, fmt::format("{} threads", options.threads), "engine", "use 1 or more");
    plan_.kernels = &kernels::find_kernels(options.instructions);
    if (options.batch < 1)
      fail(ErrorKind::usage, fmt::format("a batch of {}", options.batch), "engine", "use 1 or more");
    plan_.threads = options.threads;
    check_bf16();
    plan_.batch = options.batch;
  }

  std::shared_ptr<const CompiledPlan> compile() {
    network_ = make_network(program_, weights_);
    run_passes(network_, options_.skip);
    if (options_.precision == Precision::int8) quantize_network();
    const Schedule order = schedule(network_, !skips("share_weights"));
    place_maps(order);
    check_memory();
    int64_t most = kernels::kChannelBlock;
    for (const Map& map : maps_) most = std::max(most, map.stride);
    plan_.zeros.assign(static_cast<size_t>(most), 0.0F);
    if (options_.choose == Choose::measure) {
      choices_.emplace(options_.choice_file ? std::filesystem::path(*options_.choice_file) : default_choice_file(),
                       machine_text(plan_.kernels->name));
    }
    for (const std::vector<int>& group : order) {
      const Node& first = network_.nodes[static_cast<size_t>(group.front())];
      plan_.steps.push_back(std::visit([&](const auto& work) { return step_of(work, first, group); }, first.work));
      plan_.written.emplace_back();
      for (const int i : group) {
        const Node& node = network_.nodes[static_cast<size_t>(i)];
        plan_.written.back().push_back({node.name, map_of(node.output)});
      }
    }
    plan_.waits = dependencies_of(accesses_of(order));
    for (const graph::Output& output : network_.outputs) plan_.outputs.push_back({output.name, map_of(output.value)});
    plan_.input = map_of(0);
    if (choices_) choices_->save();
    make_weights();
    return std::make_shared<const CompiledPlan>(std::move(plan_));
  }

 private:
  struct PackedWeights {
    int64_t offset = -1;  // floats, in the stretch of all weights
    bool halves = false;
  };
  struct Packing {
    size_t step = 0;  // one that uses them
    graph::ParameterId weight = 0;
    const PackedWeights* to = nullptr;
  };
  struct WeightUse {
    size_t step = 0;
    const PackedWeights* weights = nullptr;
  };

  bool skips(std::string_view name) const {
    return std::find(options_.skip.begin(), options_.skip.end(), name) != options_.skip.end();
  }

  void quantize_network() {
    const Calibration* calibration = options_.calibration;
    if (options_.crops) {
      fail(ErrorKind::unsupported, "int8 of a head that looks at crops", options_.place, "use fp32 or bf16");
    }
    if (calibration == nullptr) {
      fail(ErrorKind::usage, "int8 needs a calibration", options_.place,
           "run spinenet calibrate with pictures like yours");
    }
    if (calibration->weights != identity_of(weights_)) {
      fail(ErrorKind::bad_data, "the calibration was made with other weights", options_.place,
           "run spinenet calibrate again");
    }
    quantize(network_, *calibration, options_.place);
    verify_network(network_);
  }

  const Map& map_of(int value) const { return maps_[static_cast<size_t>(value)]; }

  // Channels in whole blocks; a picture that only convolutions read keeps its three.
  int64_t stride_of(int value) const {
    const int64_t channels = shape_of(network_, value).channels;
    const int64_t padded = rounded_up(channels, kernels::kChannelBlock);
    if (value != 0 || channels > 3 || options_.crops) return padded;
    for (const Node& node : network_.nodes) {
      const bool is_conv = std::holds_alternative<ConvWork>(node.work) && !is_depthwise(node);
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i].value == value && (!is_conv || i > 0)) return padded;
      }
    }
    return channels;
  }

  void place_maps(const Schedule& order) {
    const Liveness alive = liveness(network_, order);
    std::vector<Lifetime> buffers(alive.first.size());
    for (size_t v = 0; v < network_.values.size(); ++v) {
      const graph::Shape& shape = network_.values[v];
      const Quantization format = format_of(network_, static_cast<int>(v));
      maps_.push_back({0, shape, stride_of(static_cast<int>(v)), format});
      if (alive.buffer_of[v] < 0) continue;
      const auto b = static_cast<size_t>(alive.buffer_of[v]);
      const int64_t numbers = plan_.batch * image_numbers(maps_.back());
      const int64_t floats = is_bytes(format) ? (numbers + 3) / 4 : numbers;
      buffers[b] = {rounded_up(floats, kernels::kChannelBlock), alive.first[b], alive.last[b]};
    }
    const MemoryPlan memory = plan_memory(buffers);
    for (size_t v = 0; v < maps_.size(); ++v) {
      if (alive.buffer_of[v] >= 0) maps_[v].offset = memory.offsets[static_cast<size_t>(alive.buffer_of[v])];
    }
    plan_.memory = memory.size;
  }

  Stretch stretch_of(int value) const {
    const Map& map = map_of(value);
    const int64_t numbers = plan_.batch * image_numbers(map);
    return {map.offset, map.offset + (is_bytes(map.quantization) ? parts(numbers, sizeof(float)) : numbers)};
  }

  std::vector<StepAccess> accesses_of(const Schedule& order) const {
    std::vector<StepAccess> steps;
    for (const std::vector<int>& group : order) {
      StepAccess& step = steps.emplace_back();
      for (const int i : group) {
        const Node& node = network_.nodes[static_cast<size_t>(i)];
        for (const Term& term : node.inputs) step.reads.push_back(stretch_of(term.value));
        step.writes.push_back(stretch_of(node.output));
      }
    }
    return steps;
  }

  ChannelAffine affine_of(const Node& node, bool always) const {
    ChannelAffine affine{{}, {}, node.activator};
    if (node.scale.empty() && !always) return affine;
    const auto panel = static_cast<size_t>(std::max<int64_t>(plan_.kernels->panel, kernels::kChannelBlock));
    const auto channels = static_cast<size_t>(shape_of(network_, node.output).channels);
    const size_t padded = (channels + panel - 1) / panel * panel;
    affine.scale = node.scale;
    affine.shift = node.shift;
    if (affine.scale.empty()) affine.scale.assign(channels, 1.0F);
    affine.scale.resize(padded, 0.0F);
    affine.shift.resize(padded, 0.0F);
    return affine;
  }

  ConvSite site_of(const Node& node) const {
    ConvSite site{map_of(node.inputs[0].value), map_of(node.output), {}, 0, affine_of(node, true)};
    if (node.inputs.size() > 1) {
      site.residual = map_of(node.inputs[1].value);
      site.residual_factor = node.inputs[1].factor;
    }
    return site;
  }

  const HostTensor& weight_of(graph::ParameterId id) const {
    return weights_.at(program_.parameters[static_cast<size_t>(id)].name);
  }

  Step step_of(const ConvWork& work, const Node& first, const std::vector<int>& group) {
    if (is_depthwise(first)) {
      return DepthwiseStep{first.name, work.conv, pack_depthwise(weight_of(work.weight), map_of(first.output).stride),
                           site_of(first)};
    }
    if (multiplies_bytes(network_, first)) return quantized_step(work, first, group);
    ConvStep step;
    step.name = first.name;
    step.conv = work.conv;
    for (const int i : group) step.sites.push_back(site_of(network_.nodes[static_cast<size_t>(i)]));
    step.columns = step.sites.front().out.stride;
    step.in_bf16 = computes_in_bf16(step);
    take_choice(step, choice_for(step));
    place_weights(work.weight, step);
    plan_.scratch = std::max(plan_.scratch, scratch_floats(step, plan_.kernels->panel, plan_.batch));
    return step;
  }

  ChoiceScope scope() const {
    return {!skips("winograd"), plan_.batch, plan_.threads, options_.precision == Precision::bf16};
  }

  ConvChoice choice_for(const ConvStep& step) {
    if (!choices_) return rule_choice(step, scope());
    const std::string shape = shape_text(step, scope());
    const std::vector<ConvChoice> candidates = candidate_choices(step, scope());
    const auto known = choices_->find(shape);
    if (known && std::find(candidates.begin(), candidates.end(), *known) != candidates.end()) return *known;
    if (!timer_) timer_ = std::make_unique<ChoiceTimer>(plan_);
    const ConvChoice found = timer_->fastest(step, candidates);
    choices_->add(shape, found);
    return found;
  }

  // Whatever way it takes.
  bool computes_in_bf16(const ConvStep& step) const {
    return options_.precision == Precision::bf16 && step.sites.front().in.stride % kernels::kChannelBlock == 0;
  }

  Step quantized_step(const ConvWork& work, const Node& first, const std::vector<int>& group) {
    QuantizedConvStep step;
    step.name = first.name;
    step.conv = work.conv;
    for (const int i : group) step.sites.push_back(site_of(network_.nodes[static_cast<size_t>(i)]));
    step.columns = step.sites.front().out.stride;
    if (!take_winograd(work, step)) take_product(work, step);
    plan_.scratch = std::max(plan_.scratch, quantized_scratch(step, plan_.kernels->panel).floats);
    return step;
  }

  void take_product(const ConvWork& work, QuantizedConvStep& step) {
    const graph::Conv& c = work.conv;
    const int64_t row = int64_t{c.kernel} * c.kernel * step.sites.front().in.stride;
    step.k = rounded_up(row, kernels::kChannelBlock);
    step.gathers = c.kernel != 1 || c.stride != 1 || c.pad_before != 0 || c.pad_after != 0 || step.k != row;
    const HostTensor& weight = weight_of(work.weight);
    const QuantizedWeights numbers = quantize_weights(weight);
    for (ConvSite& site : step.sites) site.affine = affine_of_sums(site.affine, numbers, site.in.quantization);
    auto& packed = packed_bytes_[work.weight];
    if (!packed) {
      packed = pack_quantized(numbers, weight.shape, step, plan_.kernels->panel);
      plan_.weight_floats += packed_bytes(step, plan_.kernels->panel) / static_cast<int64_t>(sizeof(float));
    }
    step.weights = packed;
  }

  // Whether the step is one for Winograd's transforms: as a convolution of floats would be, and larger.
  bool take_winograd(const ConvWork& work, QuantizedConvStep& step) {
    ConvStep floats;
    floats.conv = work.conv;
    floats.sites = step.sites;
    floats.columns = step.columns;
    floats.k = step.k = step.sites.front().in.stride;
    floats.choice = rule_choice(floats, scope());
    if (floats.choice.algorithm != ConvAlgorithm::winograd) return false;
    std::vector<WinogradTile> tiles = tiles_of(floats);
    const int64_t count = static_cast<int64_t>(tiles.size()) * plan_.batch;
    if (!suits_byte_winograd(count, step.k, step.columns)) return false;
    const int panel = plan_.kernels->panel;
    const AlignedFloats packed = aligned_floats(packed_floats(floats, panel));
    pack_weights(weight_of(work.weight), floats, panel, packed.get());
    step.winograd = pack_byte_winograd(packed.get(), step.k, step.columns, panel);
    step.winograd->tiles = std::move(tiles);
    plan_.weight_floats += byte_winograd_floats(*step.winograd, step.k);
    for (ConvSite& site : step.sites) site.affine = affine_of_bytes(site.affine, site.in.quantization);
    return true;
  }

  Step step_of(const DeconvWork& work, const Node& node, const std::vector<int>&) const {
    if (work.deconv.kernel != work.deconv.stride) {
      fail(ErrorKind::unsupported,
           fmt::format("a transposed convolution of kernel {} and stride {}", work.deconv.kernel, work.deconv.stride),
           "engine: " + node.name, "use a kernel as large as the stride");
    }
    const Map& in = map_of(node.inputs[0].value);
    return DeconvStep{node.name,
                      work.deconv,
                      in.stride,
                      pack_deconv(weight_of(work.weight), in.stride, plan_.kernels->panel),
                      in,
                      map_of(node.output),
                      affine_of(node, true)};
  }

  Step step_of(const GlobalPoolWork& work, const Node& node, const std::vector<int>&) const {
    return GlobalPoolStep{node.name, work.kind, map_of(node.inputs[0].value), map_of(node.output)};
  }

  Step step_of(const GateWork&, const Node& node, const std::vector<int>&) const {
    return GateStep{node.name, map_of(node.inputs[0].value), map_of(node.inputs[1].value), map_of(node.output),
                    node.activator};
  }

  Step step_of(const PoolWork& work, const Node& node, const std::vector<int>&) const {
    return PoolStep{node.name, work.pool, map_of(node.inputs[0].value), map_of(node.output)};
  }

  Step step_of(const SumWork&, const Node& node, const std::vector<int>&) const {
    SumStep step{node.name, {}, map_of(node.output), affine_of(node, false)};
    for (const Term& term : node.inputs) step.terms.push_back({map_of(term.value), term.factor});
    return step;
  }

  // Once for each parameter and way of using it, in the order of the steps: what a product asks for beyond its own
  // weights is mostly what the next one begins with. Packed when all steps are known.
  void place_weights(graph::ParameterId id, const ConvStep& step) {
    PackedWeights& weights = packed_[{id, step.choice.algorithm}];
    if (weights.offset < 0) {
      const int64_t count = packed_floats(step, plan_.kernels->panel);
      weights = {weight_floats_, step.in_bf16};
      weight_floats_ += rounded_up(weights.halves ? count / 2 : count, kernels::kChannelBlock);
      packings_.push_back({plan_.steps.size(), id, &weights});
    }
    uses_.push_back({plan_.steps.size(), &weights});
  }

  void make_weights() {
    all_weights_ = aligned_floats(weight_floats_);
    plan_.weight_floats += weight_floats_;
    for (const WeightUse& use : uses_) {
      auto& step = std::get<ConvStep>(plan_.steps[use.step]);
      float* const at = all_weights_.get() + use.weights->offset;
      if (use.weights->halves) {
        step.bf16 = {all_weights_, reinterpret_cast<const uint16_t*>(at)};
      } else {
        step.weights = {all_weights_, at};
      }
    }
    pack_all();
  }

  void pack(const Packing& packing, const ConvStep& step) const {
    const int panel = plan_.kernels->panel;
    float* const to = all_weights_.get() + packing.to->offset;
    if (!packing.to->halves) return pack_weights(weight_of(packing.weight), step, panel, to);
    const int64_t count = packed_floats(step, panel);
    const AlignedFloats floats = aligned_floats(count);
    pack_weights(weight_of(packing.weight), step, panel, floats.get());
    pack_bf16(floats.get(), count, *plan_.kernels, reinterpret_cast<uint16_t*>(to));
  }

  // Each parameter by one thread, the largest first. What a job throws (memory runs out) is thrown to the caller.
  void pack_all() {
    const int panel = plan_.kernels->panel;
    const auto step_of_packing = [&](const Packing& p) -> const ConvStep& {
      return std::get<ConvStep>(plan_.steps[p.step]);
    };
    std::stable_sort(packings_.begin(), packings_.end(), [&](const Packing& a, const Packing& b) {
      return packed_floats(step_of_packing(a), panel) > packed_floats(step_of_packing(b), panel);
    });
    std::mutex mutex;
    std::exception_ptr failure;
    kernels::Team(plan_.threads).run(static_cast<int64_t>(packings_.size()), [&](int64_t i, int) {
      const Packing& packing = packings_[static_cast<size_t>(i)];
      try {
        pack(packing, step_of_packing(packing));
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }

  // Before anything is made that grows with the picture. A measurement's maps are gone when a session makes its own.
  void check_memory() const {
    const std::optional<int64_t> limit =
        options_.memory_limit > 0 ? std::optional(options_.memory_limit) : machine_memory();
    const double needed = 4.0 * static_cast<double>(plan_.memory);
    if (!limit || needed <= static_cast<double>(*limit)) return;
    const graph::Shape& picture = shape_of(network_, 0);
    const bool one = plan_.batch == 1;
    fail(ErrorKind::unsupported,
         fmt::format("{} of {} x {} {} GB for {} maps, and there are {:.2f} GB",
                     one ? "1 picture" : fmt::format("{} pictures", plan_.batch), picture.height, picture.width,
                     fmt::format("{} {:.2f}", one ? "needs" : "need", 1e-9 * needed), one ? "its" : "their",
                     1e-9 * static_cast<double>(*limit)),
         options_.place, one ? "use a smaller image size" : "use a smaller image size or fewer pictures at once");
  }

  void check_bf16() const {
    if (options_.precision != Precision::bf16 || plan_.kernels->bf16_multiply != nullptr) return;
    fail(ErrorKind::unsupported, fmt::format("{} has no instructions for bf16", plan_.kernels->name), "engine",
         "use fp32 or int8; spinenet checks lists what this processor has");
  }

  const graph::Program& program_;
  const Weights& weights_;
  const CompileOptions& options_;
  Network network_;
  std::vector<Map> maps_;
  std::map<std::pair<graph::ParameterId, ConvAlgorithm>, PackedWeights> packed_;
  std::vector<Packing> packings_;
  std::vector<WeightUse> uses_;
  int64_t weight_floats_ = 0;
  std::shared_ptr<float[]> all_weights_;
  std::map<graph::ParameterId, std::shared_ptr<const int8_t[]>> packed_bytes_;
  std::optional<ChoiceCache> choices_;
  std::unique_ptr<ChoiceTimer> timer_;
  CompiledPlan plan_;
};

}  // namespace

std::shared_ptr<const CompiledPlan> compile(const graph::Program& program, const Weights& weights,
                                            const CompileOptions& options) {
  graph::check_weights(program, weights, "engine");
  refuse_weights_that_are_not_numbers(program, weights);
  return Compilation(program, weights, options).compile();
}

}  // namespace spinenet::engine
