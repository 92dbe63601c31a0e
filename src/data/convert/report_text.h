// What `data convert`, `data split` and `data merge` did, for people. `out` is what they wrote into.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "data/convert/convert.h"
#include "data/convert/merge.h"
#include "data/convert/split.h"

namespace spinenet::data {

std::string report_text(const ConvertReport& report, SetFormat to, const std::string& out);
std::string report_text(const SplitReport& report, const std::string& out);
std::string report_text(const MergeReport& report, const std::string& out);

}  // namespace spinenet::data
