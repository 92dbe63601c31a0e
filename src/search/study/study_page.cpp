#include "search/study/study_page.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/format.h"
#include "base/printable.h"
#include "base/progress.h"
#include "base/score_text.h"
#include "base/text_table.h"
#include "plot/architecture.h"
#include "plot/study_page.h"
#include "search/pareto.h"
#include "search/study/study_text.h"
#include "search/trials/inheritance.h"

namespace spinenet::search {
namespace {

constexpr size_t kDrawn = 5;
constexpr size_t kListed = 20;
constexpr size_t kFailuresListed = 30;

plot::Series best_so_far(const Study& study) {
  plot::Series series;
  series.name = fmt::format("{} ({})", name_of(study.task.recipe.algorithm.kind), printable(study.place));
  double best = -HUGE_VAL;
  for (const Trial& trial : study.trials) {
    if (trial.state == TrialState::complete) best = std::max(best, trial.measurement.score);
    if (!std::isfinite(best)) continue;
    series.x.push_back(static_cast<double>(trial.number));
    series.y.push_back(best);
  }
  return series;
}

plot::Series scores(const Study& study) {
  plot::Series series;
  series.name = "trial";
  for (const Trial& trial : study.trials) {
    if (trial.state != TrialState::complete) continue;
    series.x.push_back(static_cast<double>(trial.number));
    series.y.push_back(trial.measurement.score);
  }
  return series;
}

std::vector<plot::Series> costs(const Study& study) {
  std::vector<plot::Series> both{{"trials", {}, {}}, {"Pareto front", {}, {}}};
  const auto add = [](plot::Series& series, const Trial& trial) {
    const std::optional<double> multiply_adds = metric_of(trial.measurement, "multiply_adds");
    if (trial.state != TrialState::complete || !multiply_adds) return;
    series.x.push_back(*multiply_adds / 1e6);
    series.y.push_back(trial.measurement.score);
  };
  for (const Trial& trial : study.trials) add(both[0], trial);
  const std::vector<std::string> minimised{"multiply_adds"};
  for (const size_t i : pareto_front(study.trials, minimised)) add(both[1], study.trials[i]);
  if (both[0].x.empty()) both.clear();
  return both;
}

std::vector<arch::ScalePermuted> backbones(const Study& study, std::span<const Trial* const> trials) {
  std::vector<arch::ScalePermuted> all;
  for (const Trial* trial : trials) all.push_back(backbone_of(study, *trial));
  return all;
}

// How often each place in the order has each level.
plot::HeatMap levels(const std::vector<arch::ScalePermuted>& backbones) {
  plot::HeatMap map;
  if (backbones.empty()) return map;
  constexpr int kLowest = 2, kHighest = 7;
  const size_t columns = kHighest - kLowest + 1;
  for (int level = kLowest; level <= kHighest; ++level) map.columns.push_back(fmt::format("L{}", level));
  const size_t places = backbones.front().blocks.size();
  for (size_t k = 0; k < places; ++k) map.rows.push_back(fmt::format("{}", k + arch::kStemBlocks));
  map.values.assign(places * columns, 0.0);
  for (const arch::ScalePermuted& backbone : backbones) {
    for (size_t k = 0; k < places; ++k) {
      ++map.values[k * columns + static_cast<size_t>(backbone.blocks[k].level - kLowest)];
    }
  }
  return map;
}

// Share of the connections that reach back so many blocks.
std::vector<plot::Bar> parents(const std::vector<arch::ScalePermuted>& backbones) {
  std::map<int, int64_t> counts;
  int64_t total = 0;
  for (const arch::ScalePermuted& backbone : backbones) {
    for (size_t k = 0; k < backbone.blocks.size(); ++k) {
      for (const int parent : backbone.blocks[k].parents) {
        ++counts[static_cast<int>(k) + arch::kStemBlocks - parent];
        ++total;
      }
    }
  }
  std::vector<plot::Bar> bars;
  for (const auto& [distance, count] : counts) {
    bars.push_back({fmt::format("{} back", distance), static_cast<double>(count) / static_cast<double>(total)});
  }
  return bars;
}

std::string metric_text(const Trial& trial, const std::string& name) {
  const std::optional<double> value = metric_of(trial.measurement, name);
  if (!value || *value < 0) return "–";
  return name.starts_with("AP") ? score_text(*value) : count_text(*value);
}

plot::PageTable best_table(const Study& study, std::span<const Trial* const> order) {
  plot::PageTable table;
  table.head = {"trial", "score", "AP50", "small", "medium", "large", "multiply-adds", "parameters", "epochs"};
  const bool inherit = study.task.recipe.proxy.inherit;
  if (inherit) table.head.insert(table.head.end(), {"age", "parent"});
  for (const Trial* trial : order.first(std::min(kListed, order.size()))) {
    std::vector<std::string> row{std::to_string(trial->number), search_score_text(trial->measurement.score)};
    for (const char* name : {"AP50", "APs", "APm", "APl", "multiply_adds", "parameters", "epochs"}) {
      row.push_back(metric_text(*trial, name));
    }
    if (inherit) row.insert(row.end(), {metric_text(*trial, kAgeMetric), metric_text(*trial, kParentMetric)});
    table.rows.push_back(std::move(row));
  }
  return table;
}

plot::PageTable failure_table(const Study& study) {
  plot::PageTable table;
  table.head = {"trial", "state", "kind", "reason"};
  for (const Trial& trial : study.trials) {
    if (trial.state != TrialState::failed && trial.state != TrialState::rejected) continue;
    if (table.rows.size() == kFailuresListed) break;
    const bool failed = trial.state == TrialState::failed;
    table.rows.push_back({std::to_string(trial.number), std::string(name_of(trial.state)),
                          failed ? std::string(name_of(trial.failure)) : "constraint", printable(trial.reason)});
  }
  return table;
}

// A price or a correction for age makes the score something else than what was measured.
std::string score_name(const Study& study) {
  const SearchRecipe& recipe = study.task.recipe;
  return recipe.price.target > 0 || recipe.proxy.inherit ? "score" : recipe.proxy.metric;
}

std::vector<plot::ReportFact> headline(const Study& study) {
  const StudyStatus& s = study.status;
  std::vector<plot::ReportFact> facts{{"trials", std::to_string(s.trials)}};
  if (s.best >= 0) {
    facts.push_back({"best " + score_name(study), search_score_text(s.best_score)});
    facts.push_back({"found in trial", std::to_string(s.best)});
  }
  facts.push_back({"failed", std::to_string(s.failed)});
  if (s.lost > 0) facts.push_back({"lost with their workers", std::to_string(s.lost)});
  if (s.last_finished > s.first_started) facts.push_back({"time", duration_text(s.last_finished - s.first_started)});
  return facts;
}

void draw_best(const Study& study, std::span<const Trial* const> order, plot::StudyPage& page) {
  for (const Trial* trial : order.first(std::min(kDrawn, order.size()))) {
    const graph::LowerOptions size{study.task.image_size, study.task.image_size, study.task.classes};
    page.networks.push_back(
        {fmt::format("trial {}: score {}", trial->number, search_score_text(trial->measurement.score)),
         plot::architecture_svg(architecture_of(study, *trial), size)});
  }
}

}  // namespace

std::string study_page(const Study& study, const std::vector<Study>& others) {
  plot::StudyPage page;
  page.title = "Architecture search";
  page.subtitle = printable(study.place);
  page.headline = headline(study);
  page.score_name = score_name(study);
  page.scores = scores(study);
  page.best_so_far.push_back(best_so_far(study));
  for (const Study& other : others) page.best_so_far.push_back(best_so_far(other));
  page.costs = costs(study);
  const std::vector<const Trial*> order = ranked(study);
  page.best = best_table(study, order);
  draw_best(study, order, page);
  const size_t tenth = order.size() < 10 ? 0 : (order.size() + 9) / 10;
  const std::vector<arch::ScalePermuted> all = backbones(study, order);
  const std::vector<arch::ScalePermuted> best(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(tenth));
  page.levels_all = levels(all);
  page.levels_best = levels(best);
  if (!all.empty()) page.parents_all = parents(all);
  if (!best.empty()) page.parents_best = parents(best);
  page.failures = failure_table(study);
  const arch::SpaceSize size = arch::size_of(study.task.recipe.space);
  page.facts = {{"algorithm", study.description.algorithm},
                {"size of the space", fmt::format("10^{:.1f}", size.log10_total)},
                {"seed", std::to_string(study.description.seed)},
                {"known networks met again", std::to_string(study.status.duplicates)}};
  page.recipe = to_yaml(study.task.recipe);
  return plot::render_study_page(page);
}

}  // namespace spinenet::search
