// Reports on data sets for people; those for programs are data's own.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "data/coco/coco_advice.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_stats.h"

namespace spinenet::cli {

std::string to_text(const data::CheckReport& report, const std::string& file);
std::string to_text(const data::DatasetStats& stats);
std::string to_text(const data::DatasetAdvice& advice);
std::string to_text(const data::FixReport& report, const std::string& out);
Json to_json(const data::FixReport& report, const std::string& out);

}  // namespace spinenet::cli
