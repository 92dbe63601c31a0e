#include "compare/table.h"

#include <algorithm>

#include "base/format.h"
#include "base/score_text.h"
#include "base/text_table.h"
#include "compare/differences.h"

namespace spinenet::compare {
namespace {

bool has_spread(const Comparison& comparison) {
  return std::ranges::any_of(comparison.contestants, [](const Contestant& c) { return c.runs.size() > 1; });
}

}  // namespace

std::vector<std::vector<std::string>> network_rows(const Comparison& comparison) {
  std::vector<std::vector<std::string>> rows{{"recipe", "architecture", "parameters", "multiply-adds", "seeds"}};
  for (const Contestant& c : comparison.contestants) {
    rows.push_back({c.name, c.architecture, short_count(c.parameters), short_count(c.multiply_adds),
                    std::to_string(c.runs.size())});
  }
  return rows;
}

std::vector<std::vector<std::string>> number_rows(const Comparison& comparison, SpreadOf spread) {
  const std::vector<std::string> shown = shown_numbers(comparison.task), claimed = claimed_numbers(comparison.task);
  std::vector<std::vector<std::string>> rows{{"recipe"}};
  rows.front().insert(rows.front().end(), shown.begin(), shown.end());
  for (const Contestant& c : comparison.contestants) {
    std::vector<std::string> row{c.name};
    for (const std::string& name : shown) {
      const MeanAndSpread value = over_seeds(c, name);
      const bool with_spread = spread == SpreadOf::all || std::ranges::find(claimed, name) != claimed.end();
      row.push_back(with_spread ? text_of(value) : score_text(value.mean));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string terminal_text(const Comparison& comparison) {
  std::string text = table_text(network_rows(comparison)) + "\n";
  text += table_text(number_rows(comparison, SpreadOf::claimed));
  text += fmt::format("Of {}{}.\n", text_of(comparison.at),
                      has_spread(comparison) ? ": the mean over the seeds ± standard deviation" : "");
  const auto rows = difference_rows(comparison);
  if (!rows.empty()) text += fmt::format("\n{}{}\n", table_text(rows), differences_note(comparison));
  return text;
}

}  // namespace spinenet::compare
