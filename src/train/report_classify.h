// The part of report.html that shows how a classifier does: numbers by class and super-category, calibration,
// confusion, the most frequent mistakes, images.
#pragma once

#include <span>

#include "data/loading/dataset.h"
#include "eval/top_k.h"
#include "plot/report.h"

namespace spinenet::train {

// `found` is of images of `val`, `metrics` of `found`.
void add_classification(plot::ReportData& report, const data::Dataset& val, std::span<const eval::Classified> found,
                        const eval::TopKMetrics& metrics);

}  // namespace spinenet::train
