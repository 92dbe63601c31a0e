// The COCO numbers, and those of classifiers, for people; those for programs are eval's own.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "eval/coco_ap.h"
#include "eval/top_k.h"

namespace spinenet::cli {

// In percent; a dash where undefined.
std::string to_table(const eval::CocoMetrics& metrics);
std::string to_table(const eval::TopKMetrics& metrics);

}  // namespace spinenet::cli
