// Architectures on the same data and budget, over several seeds: trained, measured, written down.
//
// Thread contract: the main thread alone.
#pragma once

#include <optional>

#include "compare/result.h"
#include "compare/runs.h"

namespace spinenet::compare {

// Goes on where an earlier call ended. Writes compare.json and compare.html into setup.out. Nothing when a signal ended
// it before the last training. ErrorKind::bad_data when the recipes have no validation set. `threads` draw the page.
std::optional<Comparison> compare(const CompareSetup& setup, int threads);

}  // namespace spinenet::compare
