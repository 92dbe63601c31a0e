// Real annotations and results with published or recorded metrics, read from their files. Skipped where the data is
// absent.
#include <filesystem>

#include <gtest/gtest.h>

#include "base/json.h"
#include "data/coco/coco.h"
#include "eval/coco_ap.h"

namespace spinenet {
namespace {

void compare(const std::string& name, eval::IouType iou) {
  const std::filesystem::path folder = std::filesystem::path(SPINENET_SHARED_DIR) / "data" / "coco_golden";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no data in " << folder;
  const Json expected = read_json(folder / (name + "_expected.json"));
  const detect::Annotations annotations = data::read_coco(folder / expected["gt"].get<std::string>());
  const std::vector<detect::Result> results =
      data::read_results(folder / expected["results"].get<std::string>(), annotations);

  eval::CocoEvalOptions options;
  options.iou = iou;
  const eval::CocoEvaluation evaluation = eval::evaluate_coco(annotations, results, options);
  for (const auto& [key, value] : eval::named_numbers(evaluation.metrics)) {
    EXPECT_EQ(value, expected["metrics"][key].get<double>()) << key;
  }
  size_t classes = 0;
  for (const eval::ClassMetrics& metrics : evaluation.metrics.per_class) {
    const std::string id = std::to_string(metrics.category_id);
    if (!expected["per_category_AP"].contains(id)) continue;
    EXPECT_EQ(metrics.ap, expected["per_category_AP"][id].get<double>()) << "category " << id;
    ++classes;
  }
  EXPECT_EQ(classes, expected["per_category_AP"].size());

  options.use_categories = false;
  const auto together = eval::named_numbers(eval::evaluate_coco(annotations, results, options).metrics);
  for (size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i].second, expected["class_agnostic_metrics_list_useCats0"][i].get<double>())
        << together[i].first;
  }
}

TEST(CocoGolden, BoxesOfCoco2014) {
  compare("val2014_100_bbox", eval::IouType::bbox);
}

TEST(CocoGolden, MasksOfCoco2017) {
  compare("coco_cc_val_segm", eval::IouType::segm);
}

}  // namespace
}  // namespace spinenet
