#include "eval/metrics_text.h"

#include "base/score_text.h"
#include "base/text_table.h"

namespace spinenet::eval {

std::string to_table(const CocoMetrics& metrics) {
  std::vector<std::vector<std::string>> numbers(2);
  for (const auto& [name, value] : named_numbers(metrics)) {
    numbers[0].push_back(name);
    numbers[1].push_back(score_text(value));
  }
  std::vector<std::vector<std::string>> classes{
      {"id", "class", "AP", "AP50", "AP75", "APs", "APm", "APl", recall_name(metrics.max_detections[2])}};
  for (const ClassMetrics& c : metrics.per_class) {
    classes.push_back({std::to_string(c.category_id), c.name, score_text(c.ap), score_text(c.ap50), score_text(c.ap75),
                       score_text(c.ap_small), score_text(c.ap_medium), score_text(c.ap_large), score_text(c.ar100)});
  }
  return table_text(numbers) + "\n" + table_text(classes);
}

std::string to_table(const TopKMetrics& metrics) {
  std::vector<std::vector<std::string>> numbers{{"images"}, {std::to_string(metrics.images)}};
  for (const auto& [name, value] : named_numbers(metrics)) {
    numbers[0].push_back(name);
    numbers[1].push_back(score_text(value));
  }
  std::vector<std::vector<std::string>> classes{{"id", "class", "images", "top1", "top5", "precision"}};
  for (const ClassAccuracy& c : metrics.per_class) {
    classes.push_back({std::to_string(c.category_id), c.name, std::to_string(c.images), score_text(c.top1),
                       score_text(c.top5), score_text(c.precision)});
  }
  std::string text = table_text(numbers) + "\n" + table_text(classes);
  if (metrics.per_group.empty()) return text;
  std::vector<std::vector<std::string>> groups{{"super-category", "images", "top1", "group_top1"}};
  for (const GroupAccuracy& g : metrics.per_group) {
    groups.push_back({g.name, std::to_string(g.images), score_text(g.top1), score_text(g.group_top1)});
  }
  return text + "\n" + table_text(groups);
}

}  // namespace spinenet::eval
