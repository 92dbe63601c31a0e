#include "engine/compile/bf16_maps.h"

#include "engine/plan/tile_layout.h"
#include "engine/run/run_step.h"

namespace spinenet::engine {
namespace {

// Maps other than the image have channels in whole blocks; the image may have any number.
bool is_in_tiles(const ConvWork& work, const Node& node) {
  const bool of_image = node.inputs[0].value == 0;
  return fits_tile_strips(work.conv, kernels::kChannelBlock) && (!of_image || fits_tile_strips(work.conv, 1));
}

bool takes_bf16(const Node& node) {
  return std::visit(graph::Overloaded{[&](const ConvWork& work) { return is_in_tiles(work, node); },
                                      [&](const SumWork&) { return node.inputs.size() <= kMostMixedTerms; },
                                      [](const graph::OneOf<PoolWork, SliceWork> auto&) { return true; },
                                      [](const graph::OneOf<DeconvWork, AveragePoolWork, GlobalPoolWork, BilinearWork,
                                                            GateWork, ConcatWork> auto&) { return false; }},
                    node.work);
}

// A pool and a slice copy numbers: they write what they read.
bool copies(const Node& node) {
  return std::visit(
      graph::Overloaded{[](const graph::OneOf<PoolWork, SliceWork> auto&) { return true; },
                        [](const graph::OneOf<ConvWork, DeconvWork, AveragePoolWork, GlobalPoolWork, BilinearWork,
                                              GateWork, SumWork, ConcatWork> auto&) { return false; }},
      node.work);
}

}  // namespace

void choose_bf16_maps(Network& network) {
  std::vector<char> able(network.values.size(), 1);
  able[0] = 0;
  for (const graph::Output& output : network.outputs) able[static_cast<size_t>(output.value)] = 0;
  for (const Node& node : network.nodes) {
    if (takes_bf16(node)) continue;
    able[static_cast<size_t>(node.output)] = 0;
    for (const Term& term : node.inputs) able[static_cast<size_t>(term.value)] = 0;
  }
  // Both sides of what copies, until nothing changes: a chain of pools is as able as the least of it.
  for (bool changed = true; changed;) {
    changed = false;
    for (const Node& node : network.nodes) {
      if (!copies(node)) continue;
      char &in = able[static_cast<size_t>(node.inputs[0].value)], &out = able[static_cast<size_t>(node.output)];
      if (in == out) continue;
      in = out = 0;
      changed = true;
    }
  }
  network.formats.resize(network.values.size());
  for (size_t v = 0; v < able.size(); ++v) network.formats[v].is_bf16 = able[v] != 0;
}

}  // namespace spinenet::engine
