// The COCO numbers for people; those for programs are eval's own.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "eval/coco_ap.h"

namespace spinenet {

// In percent; a dash where undefined.
std::string to_table(const CocoMetrics& metrics);

}  // namespace spinenet
