// The part of report.html that shows how a classifier does: numbers by class and super-category, calibration,
// confusion, the most frequent mistakes, pictures.
#pragma once

#include <span>

#include "data/dataset.h"
#include "eval/top_k.h"
#include "plot/report.h"

namespace spinenet {

// `found` is of pictures of `val`, `metrics` of `found`.
void add_classification(ReportData& report, const Dataset& val, std::span<const Classified> found,
                        const TopKMetrics& metrics);

}  // namespace spinenet
