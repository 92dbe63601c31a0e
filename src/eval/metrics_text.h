// The COCO numbers, and those of classifiers, as tables for people; metrics_json.h has them for programs.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "eval/coco_ap.h"
#include "eval/top_k.h"

namespace spinenet::eval {

// As base/score_text.h writes them.
std::string to_table(const CocoMetrics& metrics);
std::string to_table(const TopKMetrics& metrics);

}  // namespace spinenet::eval
