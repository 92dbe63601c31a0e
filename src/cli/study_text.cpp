#include "cli/study_text.h"

#include "base/format.h"
#include "base/text_table.h"

namespace spinenet::cli {

std::string study_summary_text(const Json& summary) {
  std::string text = fmt::format(
      "{}: {} trials, {} measured ({} of them known networks), {} failed, {} rejected, {} running\n",
      summary["study"].get<std::string>(), summary["trials"].get<int64_t>(), summary["complete"].get<int64_t>(),
      summary["duplicates"].get<int64_t>(), summary["failed"].get<int64_t>(), summary["rejected"].get<int64_t>(),
      summary["running"].get<int64_t>());
  const Json& best = summary["best"];
  if (best.is_null()) return text;
  text += fmt::format("best: trial {}, score {:.4f}", best["number"].get<int64_t>(), best["score"].get<double>());
  const Json& metrics = best["metrics"];
  if (metrics.contains("multiply_adds")) {
    text +=
        fmt::format(", {} multiply-adds", short_count(static_cast<int64_t>(metrics["multiply_adds"].get<double>())));
  }
  return text + "\n";
}

}  // namespace spinenet::cli
