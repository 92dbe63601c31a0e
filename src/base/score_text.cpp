#include "base/score_text.h"

#include <cmath>

#include "base/format.h"

namespace spinenet {

std::string score_text(double score) {
  return std::isfinite(score) && score >= 0 ? search_score_text(score) : "–";
}

std::string named_score(std::string_view name, double score) {
  return fmt::format("{} {}", name, score_text(score));
}

std::string search_score_text(double score) {
  return fmt::format("{:.3f}", score);
}

}  // namespace spinenet
