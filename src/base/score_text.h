// How AP, and every other share from 0 to 1 (recall, accuracy), is written wherever people read it: "AP 0.376". JSON
// and CSV have all digits.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace spinenet {

// "0.376"; a dash where it is undefined: below 0, or no number.
std::string score_text(double score);
// "AP 0.376"
std::string named_score(std::string_view name, double score);
// What a search maximises, which may be anything: below 0, too.
std::string search_score_text(double score);

}  // namespace spinenet
