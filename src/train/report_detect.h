// The part of report.html that shows how a detector does: numbers by class, precision and recall, confusion, pictures.
#pragma once

#include <span>

#include "detect/detections.h"
#include "plot/report.h"
#include "train/run_data.h"

namespace spinenet {

// `results` are those of data.val.
void add_detections(ReportData& report, const RunData& data, std::span<const Result> results);

}  // namespace spinenet
