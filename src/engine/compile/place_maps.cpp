#include "engine/compile/place_maps.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/machine_memory.h"
#include "engine/plan/conv_layout.h"
#include "engine/plan/dependencies.h"
#include "engine/plan/memory_plan.h"

namespace spinenet::engine {
namespace {

// Whether every reader of the value is a convolution that takes it as its first term.
bool only_convolutions_read(const Network& network, int value) {
  for (const Node& node : network.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i].value == value && (!is_dense_convolution(node) || i > 0)) return false;
    }
  }
  return true;
}

// Channels in whole blocks; an image that only convolutions read keeps its three.
int64_t stride_of(const Network& network, int value, bool crops) {
  const int64_t channels = shape_of(network, value).channels;
  const bool keeps = value == 0 && channels <= 3 && !crops && only_convolutions_read(network, value);
  return keeps ? channels : rounded_up(channels, kernels::kChannelBlock);
}

int64_t map_floats(const Map& map, int64_t batch) {
  const int64_t numbers = batch * image_numbers(map);
  return parts(numbers * number_bytes(map.quantization), sizeof(float));
}

Stretch stretch_of(const Map& map, int64_t batch) {
  return {map.offset, map.offset + map_floats(map, batch)};
}

std::vector<StepAccess> accesses_of(const Network& network, const Schedule& order, const std::vector<Map>& maps,
                                    int64_t batch) {
  std::vector<StepAccess> steps;
  for (const std::vector<int>& group : order) {
    StepAccess& step = steps.emplace_back();
    for (const int i : group) {
      const Node& node = network.nodes[static_cast<size_t>(i)];
      for (const Term& term : node.inputs) step.reads.push_back(stretch_of(map_of(maps, term.value), batch));
      step.writes.push_back(stretch_of(map_of(maps, node.output), batch));
    }
  }
  return steps;
}

// Sets the offset of each map; gives the size of all memory.
int64_t place(const Liveness& alive, int64_t batch, std::vector<Map>& maps) {
  std::vector<Lifetime> buffers(alive.first.size());
  for (size_t v = 0; v < maps.size(); ++v) {
    if (alive.buffer_of[v] < 0) continue;
    const auto b = static_cast<size_t>(alive.buffer_of[v]);
    buffers[b] = {rounded_up(map_floats(maps[v], batch), kernels::kChannelBlock), alive.first[b], alive.last[b]};
  }
  const MemoryPlan memory = plan_memory(buffers);
  for (size_t v = 0; v < maps.size(); ++v) {
    if (alive.buffer_of[v] >= 0) maps[v].offset = memory.offsets[static_cast<size_t>(alive.buffer_of[v])];
  }
  return memory.size;
}

// Before anything is made that grows with the image. The maps of a measurement are gone when a session makes its own.
void check_memory(const graph::Shape& image, const CompileOptions& options, const CompiledPlan& plan) {
  const std::optional<int64_t> limit =
      options.memory_limit > 0 ? std::optional(options.memory_limit) : machine_memory();
  const double needed = 4.0 * static_cast<double>(plan.memory);
  if (!limit || needed <= static_cast<double>(*limit)) return;
  const bool one = plan.batch == 1;
  fail(ErrorKind::unsupported,
       fmt::format("{} of {} x {} {} GB for {} maps, and there are {:.2f} GB",
                   one ? "1 image" : fmt::format("{} images", plan.batch), image.height, image.width,
                   fmt::format("{} {:.2f}", one ? "needs" : "need", 1e-9 * needed), one ? "its" : "their",
                   1e-9 * static_cast<double>(*limit)),
       options.place, one ? "use a smaller image size" : "use a smaller image size or fewer images at once");
}

}  // namespace

std::vector<Map> place_maps(const Network& network, const Schedule& order, const CompileOptions& options,
                            CompiledPlan& plan) {
  std::vector<Map> maps;
  int64_t largest_stride = kernels::kChannelBlock;
  for (int value = 0; value < static_cast<int>(network.values.size()); ++value) {
    maps.push_back({0, shape_of(network, value), stride_of(network, value, options.crops), format_of(network, value)});
    largest_stride = std::max(largest_stride, maps.back().stride);
  }
  plan.memory = place(liveness(network, order), plan.batch, maps);
  check_memory(shape_of(network, 0), options, plan);
  plan.zeros.assign(static_cast<size_t>(largest_stride), 0.0F);
  plan.waits = dependencies_of(accesses_of(network, order, maps, plan.batch));
  plan.input = maps.front();
  for (const graph::Output& output : network.outputs) {
    plan.outputs.push_back({output.name, map_of(maps, output.value)});
  }
  return maps;
}

}  // namespace spinenet::engine
