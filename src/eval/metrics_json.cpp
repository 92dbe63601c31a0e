#include "eval/metrics_json.h"

#include <map>

namespace spinenet::eval {
namespace {

// Annotations to find by category id; under -1 those of all categories of the file.
std::map<int64_t, int64_t> count_instances(const detect::Annotations& annotations) {
  std::map<int64_t, int64_t> count;
  for (const detect::Category& category : annotations.categories) count[category.id] = 0;
  int64_t together = 0;
  for (const detect::Annotation& annotation : annotations.annotations) {
    const auto at = count.find(annotation.category_id);
    if (annotation.crowd || at == count.end()) continue;
    ++at->second;
    ++together;
  }
  count.emplace(-1, together);
  return count;
}

}  // namespace

Json to_json(const CocoEvaluation& evaluation, const detect::Annotations& annotations) {
  Json json;
  for (const auto& [name, value] : named_numbers(evaluation.metrics)) json[name] = value;
  const std::map<int64_t, int64_t> instances = count_instances(annotations);
  json["per_class"] = Json::array();
  for (const ClassMetrics& metrics : evaluation.metrics.per_class) {
    const auto count = instances.find(metrics.category_id);
    json["per_class"].push_back({{"name", metrics.name},
                                 {"id", metrics.category_id},
                                 {"instances", count == instances.end() ? 0 : count->second},
                                 {"AP", metrics.ap},
                                 {"AP50", metrics.ap50},
                                 {"AP75", metrics.ap75},
                                 {"APs", metrics.ap_small},
                                 {"APm", metrics.ap_medium},
                                 {"APl", metrics.ap_large},
                                 {recall_name(evaluation.metrics.max_detections[2]), metrics.ar100}});
  }
  return json;
}

Json to_json(const ConfusionMatrix& matrix) {
  Json rows = Json::array();
  for (size_t truth = 0; truth < matrix.side(); ++truth) {
    Json row = Json::array();
    for (size_t found = 0; found < matrix.side(); ++found) row.push_back(matrix.at(truth, found));
    rows.push_back(std::move(row));
  }
  return {{"ids", matrix.category_ids}, {"names", matrix.names}, {"counts", std::move(rows)}};
}

// The key of "images" up to version 0.2, which scripts may still read in 0.3.
constexpr const char* kFormerKey = "pictures";

Json to_json(const TopKMetrics& metrics) {
  Json json;
  for (const auto& [name, value] : named_numbers(metrics)) json[name] = value;
  json["images"] = metrics.images;
  json[kFormerKey] = metrics.images;
  json["per_class"] = Json::array();
  Json ids = Json::array();
  for (const ClassAccuracy& c : metrics.per_class) {
    json["per_class"].push_back({{"name", c.name},
                                 {"id", c.category_id},
                                 {"images", c.images},
                                 {kFormerKey, c.images},
                                 {"top1", c.top1},
                                 {"top5", c.top5},
                                 {"precision", c.precision}});
    ids.push_back(c.category_id);
  }
  json["per_group"] = Json::array();
  for (const GroupAccuracy& g : metrics.per_group) {
    json["per_group"].push_back({{"name", g.name},
                                 {"images", g.images},
                                 {kFormerKey, g.images},
                                 {"top1", g.top1},
                                 {"group_top1", g.group_top1}});
  }
  json["calibration"] = Json::array();
  for (const CalibrationBin& bin : metrics.calibration) {
    json["calibration"].push_back({{"low", bin.low},
                                   {"high", bin.high},
                                   {"images", bin.images},
                                   {kFormerKey, bin.images},
                                   {"score", bin.score},
                                   {"accuracy", bin.accuracy}});
  }
  Json rows = Json::array();
  const size_t side = metrics.per_class.size();
  for (size_t truth = 0; truth < side; ++truth) {
    Json row = Json::array();
    for (size_t found = 0; found < side; ++found) row.push_back(metrics.confusion[truth * side + found]);
    rows.push_back(std::move(row));
  }
  json["confusion"] = {{"ids", std::move(ids)}, {"counts", std::move(rows)}};
  return json;
}

}  // namespace spinenet::eval
