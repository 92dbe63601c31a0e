// The COCO numbers, and those of classifiers, for people; those for programs are eval's own.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "eval/coco_ap.h"
#include "eval/top_k.h"

namespace spinenet {

// In percent; a dash where undefined.
std::string to_table(const CocoMetrics& metrics);
std::string to_table(const TopKMetrics& metrics);

}  // namespace spinenet
