// Reports on data sets for people; those for programs are data's own.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "data/coco/coco_advice.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_stats.h"

namespace spinenet::data {

std::string to_text(const CheckReport& report, const std::string& file);
std::string to_text(const DatasetStats& stats);
std::string to_text(const DatasetAdvice& advice);
std::string to_text(const FixReport& report, const std::string& out);
Json to_json(const FixReport& report, const std::string& out);

}  // namespace spinenet::data
