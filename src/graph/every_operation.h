// For tests: a program with every kind of operation, and each in all its ways, so that whatever consumes a Program can
// be compared with the reference interpreter on all of them. It does not compile while a kind is missing.
//
// Thread contract: a pure function.
#pragma once

#include <variant>

#include "graph/builder.h"

namespace spinenet::graph {

// Windows of every kind on a value, and what becomes of each.
inline void add_windows(Builder& b, ValueId x) {
  const ValueId wide = b.conv(x, {.filters = 8, .kernel = 3, .bias = true, .dilation = 2}, "dilated");
  const ValueId wider =
      b.conv(b.activate(wide, "dilated_act"), {.filters = 8, .kernel = 3, .stride = 2, .groups = 8, .dilation = 3},
             "dilated_depthwise");
  b.output("dilated_whole",
           b.conv(wide, {.filters = 6, .kernel = 3, .padded = false, .dilation = 3}, "dilated_inside"));
  b.output("wider", b.conv(wider, {.filters = 5, .kernel = 3, .stride = 2, .dilation = 2}, "dilated_strided"));
  const std::vector<ValueId> pools{b.max_pool(x, 5, 1, "pool5"), b.max_pool(x, 9, 1, "pool9"),
                                   b.max_pool(x, 13, 1, "pool13"), x};
  b.output("pyramid", b.conv(b.concat(pools, "pools"), {.filters = 6}, "of_pools"));
  const ValueId odd = b.conv(x, {.filters = 8, .kernel = 2, .padded = false}, "odd");
  b.output("whole_windows", b.unpadded_max_pool(odd, 2, 2, "whole"));
  b.output("averages", b.average_pool(odd, 2, 2, "average2"));
  b.output("overlapping", b.average_pool(x, 3, 2, "average3"));
}

// Slices at and between the blocks of channels that kernels read, and what is between pixels.
inline void add_slices_and_bilinear(Builder& b, ValueId x) {
  const ValueId wide = b.conv(x, {.filters = 40, .kernel = 3, .bias = true}, "wide");
  const ValueId first = b.slice(wide, 0, 16, "first"), last = b.slice(wide, 16, 24, "last");
  const ValueId mixed = b.conv(first, {.filters = 24, .kernel = 3}, "of_first");
  const ValueId inner = b.conv(b.slice(last, 3, 5, "inner"), {.filters = 9, .kernel = 3}, "of_inner");
  b.output("rejoined", b.conv(b.concat({mixed, last, inner}, "rejoin"), {.filters = 7}, "of_rejoined"));
  b.output("slice", b.slice(inner, 1, 3, "of_output"));
  const ValueId half = b.max_pool(inner, 3, 2, "half");
  b.output("between", b.conv(b.bilinear_upsample(half, 2, "linear2"), {.filters = 6}, "of_linear"));
  b.output("between_cut", b.bilinear_upsample(half, 4, 14, 21, "linear4"));
}

inline Program every_operation(arch::Activation activation) {
  static_assert(std::variant_size_v<OpKind> == 16, "add the new kind of operation to the program below");
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
  add_windows(b, mean);
  add_slices_and_bilinear(b, mean);
  return b.finish();
}

}  // namespace spinenet::graph
