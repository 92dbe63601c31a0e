// For tests: a program with every kind of operation, and each in all its ways, so that whatever consumes a Program can
// be compared with the reference interpreter on all of them. It does not compile while a kind is missing.
//
// Thread contract: a pure function.
#pragma once

#include <variant>

#include "graph/builder.h"

namespace spinenet::graph {

inline Program every_operation(arch::Activation activation) {
  static_assert(std::variant_size_v<OpKind> == 13, "add the new kind of operation to the program below");
  Builder b({6, 16, 24}, {.activation = activation, .padding = arch::Padding::same, .batch_norm = {}});
  ValueId x = b.conv(b.input(), {.filters = 8, .kernel = 3, .stride = 2, .bias = true}, "stem");
  x = b.conv(b.activate(x, "stem_act"), {.filters = 8, .kernel = 3, .groups = 8}, "depthwise");
  x = b.activate(b.batch_norm(x, "norm"), "act");
  const ValueId squeezed = b.global_pool(x, PoolKind::average, "squeeze");
  const ValueId gate = b.sigmoid(b.conv(squeezed, {.filters = 8, .bias = true}, "excite"), true, "gate");
  const ValueId scaled = b.scale(x, gate, "scale");
  const ValueId pooled = b.max_pool(scaled, 3, 2, "pool");
  const ValueId soft_gate = b.sigmoid(b.global_pool(pooled, PoolKind::maximum, "most"), false, "soft_gate");
  const ValueId up = b.upsample(b.scale(pooled, soft_gate, "soft_scale"), 2, "up");
  b.output("cut", b.upsample(pooled, 4, 14, 21, "up_cut"));
  const ValueId sum = b.add({x, up, scaled}, "add");
  const ValueId mean = b.drop_path(b.mean({sum, up, x}, "average"), 0.25, "drop");
  b.output("mean", mean);
  const ValueId large = b.deconv(mean, 4, true, "deconv");
  b.output("large", large);
  const ValueId joined = b.concat({b.input(), large, large}, "join");
  b.output("joined", joined);
  b.output("mixed", b.conv(b.concat({up, sum}, "join_maps"), {.filters = 7, .kernel = 3}, "mix"));
  b.output("dense", b.conv(pooled, {.filters = 5, .kernel = 4, .bias = true, .padded = false}, "window"));
  return b.finish();
}

}  // namespace spinenet::graph
