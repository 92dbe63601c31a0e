#include "compare/view.h"

#include <limits>
#include <map>
#include <utility>

#include "base/format.h"
#include "base/score_text.h"
#include "compare/differences.h"
#include "compare/table.h"

namespace spinenet::compare {
namespace {

std::vector<plot::ComparePage::BarGroup> size_groups(const Comparison& comparison) {
  std::vector<plot::ComparePage::BarGroup> groups;
  if (comparison.task == arch::Task::classify) return groups;
  for (const auto& [title, number] :
       {std::pair{"small (below 32² pixels)", "APs"}, {"medium (32² to 96²)", "APm"}, {"large (above 96²)", "APl"}}) {
    plot::ComparePage::BarGroup group{title, {}};
    bool any = false;
    for (const Contestant& c : comparison.contestants) {
      const double mean = over_seeds(c, number).mean;
      any = any || mean >= 0;
      group.bars.push_back({c.name, mean >= 0 ? mean : std::numeric_limits<double>::quiet_NaN(), score_text(mean)});
    }
    if (any) groups.push_back(std::move(group));
  }
  return groups;
}

std::string seeds_text(const Comparison& comparison) {
  if (comparison.seeds.size() == 1) return fmt::format("seed {}", comparison.seeds.front());
  return fmt::format("seeds {}; mean ± standard deviation over them", fmt::join(comparison.seeds, ", "));
}

std::string metric_text(arch::Task task) {
  return task == arch::Task::segment ? "AP of masks" : std::string(main_number(task));
}

// The first row has the names of the columns.
plot::PageTable page_table_of(std::vector<std::vector<std::string>> rows, size_t numbers_from) {
  plot::PageTable table;
  if (rows.empty()) return table;
  table.head = std::move(rows.front());
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  table.numbers_from = numbers_from;
  return table;
}

void add_differences(plot::ComparePage& page, const Comparison& comparison) {
  page.differences = page_table_of(difference_rows(comparison), 1);
  if (page.differences.rows.empty()) return;
  page.differences_note = differences_note(comparison);
  for (const std::string& number : claimed_numbers(comparison.task)) {
    std::vector<plot::Series> series = difference_series(comparison, number);
    if (!series.empty()) page.difference_curves.push_back({number, std::move(series)});
  }
}

}  // namespace

plot::Series learning_curve(const Contestant& contestant, std::string_view number) {
  std::map<int64_t, std::vector<double>> measured;
  for (const ComparedRun& run : contestant.runs) {
    for (const MeasuredNumbers& one : run.curve) {
      if (const auto value = number_of(one, number)) measured[one.step].push_back(*value);
    }
  }
  plot::Series series{contestant.name, {}, {}};
  for (const auto& [step, values] : measured) {
    if (values.size() != contestant.runs.size()) continue;
    const MeanAndSpread value = mean_and_spread(values);
    series.x.push_back(static_cast<double>(step));
    series.y.push_back(value.mean);
    series.spread.push_back(value.deviation.value_or(0));
  }
  return series;
}

plot::ComparePage page_of(const Comparison& comparison) {
  const std::string main(main_number(comparison.task));
  plot::ComparePage page;
  const size_t count = comparison.contestants.size();
  page.title = count == 1 ? comparison.contestants.front().name : fmt::format("{} architectures compared", count);
  page.subtitle = fmt::format("{} at {} px, {}, {}", name_of(comparison.task), comparison.image_size,
                              text_of(comparison.at), seeds_text(comparison));
  page.notes = cautions(comparison);
  page.metric = metric_text(comparison.task);
  page.networks = page_table_of(network_rows(comparison), 2);
  page.table = page_table_of(number_rows(comparison, SpreadOf::all), 1);
  for (const Contestant& c : comparison.contestants) {
    // One entry for each contestant in every chart, so that a colour means the same everywhere.
    const MeanAndSpread value = over_seeds(c, main);
    plot::Series point{c.name, {}, {}};
    if (value.mean >= 0) {
      point = {c.name, {static_cast<double>(c.multiply_adds) / 1e6}, {value.mean}, {value.deviation.value_or(0)}};
    }
    page.costs.push_back(std::move(point));
    page.curves.push_back(learning_curve(c, main));
  }
  page.sizes = size_groups(comparison);
  add_differences(page, comparison);
  return page;
}

}  // namespace spinenet::compare
