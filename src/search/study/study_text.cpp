#include "search/study/study_text.h"

#include "base/format.h"
#include "base/printable.h"
#include "base/text_table.h"

namespace spinenet::search {

std::string count_text(double value) {
  constexpr double kMost = 9e18;
  return value >= -kMost && value <= kMost ? short_count(static_cast<int64_t>(value)) : fmt::format("{}", value);
}

std::string study_summary_text(const Json& summary) {
  std::string text = fmt::format(
      "{}: {} trials, {} measured ({} of them known networks), {} failed, {} rejected, {} running\n",
      printable(summary["study"].get<std::string>()), summary["trials"].get<int64_t>(),
      summary["complete"].get<int64_t>(), summary["duplicates"].get<int64_t>(), summary["failed"].get<int64_t>(),
      summary["rejected"].get<int64_t>(), summary["running"].get<int64_t>());
  if (const auto lost = summary.value("lost", int64_t{0}); lost > 0) {
    text += fmt::format("{} lost with their workers: nothing is known of their networks\n", lost);
  }
  const Json& best = summary["best"];
  if (best.is_null()) return text;
  text += fmt::format("best: trial {}, score {:.4f}", best["number"].get<int64_t>(), best["score"].get<double>());
  const Json& metrics = best["metrics"];
  if (metrics.contains("multiply_adds")) {
    text += fmt::format(", {} multiply-adds", count_text(metrics["multiply_adds"].get<double>()));
  }
  return text + "\n";
}

}  // namespace spinenet::search
