// What reading took otherwise than it was written (missing areas, booleans as flags, numbers as names), said once.
//
// Thread contract: pure function but for the log. Only this module's .cpp files include this header.
#pragma once

#include <string_view>

#include "data/coco/coco_findings.h"

namespace spinenet::data {

// One warning with the number of each kind and its first place; nothing when there are none.
void warn_of_conversions(const FindingLog& log, std::string_view place);

}  // namespace spinenet::data
