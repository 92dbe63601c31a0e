#include "eval/metrics_text.h"

#include "base/format.h"
#include "base/text_table.h"

namespace spinenet::eval {
namespace {

std::string percent(double value) {
  return value < 0 ? "-" : fmt::format("{:.1f}", 100 * value);
}

}  // namespace

std::string to_table(const CocoMetrics& metrics) {
  std::vector<std::vector<std::string>> numbers(2);
  for (const auto& [name, value] : named_numbers(metrics)) {
    numbers[0].push_back(name);
    numbers[1].push_back(percent(value));
  }
  std::vector<std::vector<std::string>> classes{
      {"id", "class", "AP", "AP50", "AP75", "APs", "APm", "APl", recall_name(metrics.max_detections[2])}};
  for (const ClassMetrics& c : metrics.per_class) {
    classes.push_back({std::to_string(c.category_id), c.name, percent(c.ap), percent(c.ap50), percent(c.ap75),
                       percent(c.ap_small), percent(c.ap_medium), percent(c.ap_large), percent(c.ar100)});
  }
  return table_text(numbers) + "\n" + table_text(classes);
}

std::string to_table(const TopKMetrics& metrics) {
  std::vector<std::vector<std::string>> numbers{{"images"}, {std::to_string(metrics.images)}};
  for (const auto& [name, value] : named_numbers(metrics)) {
    numbers[0].push_back(name);
    numbers[1].push_back(name == "log_loss" && value >= 0 ? fmt::format("{:.3f}", value) : percent(value));
  }
  std::vector<std::vector<std::string>> classes{{"id", "class", "images", "top1", "top5", "precision"}};
  for (const ClassAccuracy& c : metrics.per_class) {
    classes.push_back({std::to_string(c.category_id), c.name, std::to_string(c.images), percent(c.top1),
                       percent(c.top5), percent(c.precision)});
  }
  std::string text = table_text(numbers) + "\n" + table_text(classes);
  if (metrics.per_group.empty()) return text;
  std::vector<std::vector<std::string>> groups{{"super-category", "images", "top1", "group_top1"}};
  for (const GroupAccuracy& g : metrics.per_group) {
    groups.push_back({g.name, std::to_string(g.images), percent(g.top1), percent(g.group_top1)});
  }
  return text + "\n" + table_text(groups);
}

}  // namespace spinenet::eval
