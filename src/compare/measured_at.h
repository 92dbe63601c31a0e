// Which measurement of a run counts. The best of many favours runs whose numbers scatter much, so a claim is made at
// one step for all.
//
// Thread contract: plain data and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace spinenet::compare {

struct MeasuredAt {
  enum class Kind { best, last, step };

  Kind kind = Kind::best;
  int64_t step = 0;  // of Kind::step

  bool operator==(const MeasuredAt&) const = default;
};

// "best", "last" or a step from 1 on. ErrorKind::usage.
MeasuredAt parse_measured_at(std::string_view text);

// "the best measurement of each run", "step 500 of each run".
std::string text_of(const MeasuredAt& at);
// "best", "last", 500.
Json to_json(const MeasuredAt& at);

}  // namespace spinenet::compare
