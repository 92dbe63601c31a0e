// The part of report.html that shows how a detector does: numbers by class, precision and recall, confusion, images
// with boxes, and with masks where the results have them.
#pragma once

#include <span>

#include "detect/detections.h"
#include "eval/coco_ap.h"
#include "plot/report.h"
#include "train/run_data.h"

namespace spinenet::train {

// `results` are those of data.val. The numbers are of boxes or masks, as asked for.
void add_detections(plot::ReportData& report, const RunData& data, std::span<const detect::Result> results,
                    eval::IouType iou = eval::IouType::bbox);

}  // namespace spinenet::train
