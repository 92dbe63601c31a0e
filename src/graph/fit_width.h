// How wide a network may be for a given price: graphs are compared fairly when they cost the same.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "graph/lower.h"

namespace spinenet::graph {

// The largest Scaling::filter_size_scale, in steps of 0.0001, with which the detector of this architecture costs at
// most `multiply_adds` for one image; at most 16. Nothing when the narrowest one costs more. The architecture must be
// valid as it is.
std::optional<double> fitting_width(const arch::Architecture& architecture, const LowerOptions& options,
                                    int64_t multiply_adds);

}  // namespace spinenet::graph
