#include "eval/metrics_json.h"

#include <gtest/gtest.h>

namespace spinenet::eval {
namespace {

TEST(MetricsJson, HoldsTheTwelveNumbersAndTheClasses) {
  detect::Annotations annotations;
  annotations.images = {{1, "", 100, 100}};
  annotations.categories = {{5, "cell", ""}, {7, "platelet", ""}};
  detect::Annotation annotation;
  annotation.id = 1;
  annotation.image_id = 1;
  annotation.category_id = 5;
  annotation.bbox = {0, 0, 10, 10};
  annotation.area = 100;
  annotations.annotations = {annotation};
  detect::Result result;
  result.image_id = 1;
  result.category_id = 5;
  result.bbox = annotation.bbox;
  result.score = 1;

  const Json json = to_json(evaluate_coco(annotations, std::vector<detect::Result>{result}), annotations);
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs",
                                            "ARm", "ARl", "per_class"}));
  EXPECT_EQ(json["AR100"], 1.0);
  EXPECT_EQ(json["APl"], -1.0);
  ASSERT_EQ(json["per_class"].size(), 2U);
  EXPECT_EQ(json["per_class"][0]["name"], "cell");
  EXPECT_EQ(json["per_class"][0]["id"], 5);
  EXPECT_EQ(json["per_class"][0]["instances"], 1);
  EXPECT_EQ(json["per_class"][0]["AR100"], 1.0);
  EXPECT_EQ(json["per_class"][1]["AP"], -1.0);

  CocoEvalOptions more;
  more.max_detections = {1, 10, 300};
  const Json other = to_json(evaluate_coco(annotations, std::vector<detect::Result>{result}, more), annotations);
  EXPECT_EQ(other["AR300"], 1.0) << "a recall is named after its limit";
  EXPECT_EQ(other["per_class"][0]["AR300"], 1.0);
  EXPECT_FALSE(other.contains("AR100"));

  result.category_id = 7;
  const std::vector<detect::Result> mistaken{result};
  const Json agnostic = to_json(evaluate_coco(annotations, mistaken, {.use_categories = false}), annotations);
  EXPECT_NEAR(agnostic["AP"].get<double>(), 1.0, 1e-12) << "of another class, but found";
  ASSERT_EQ(agnostic["per_class"].size(), 1U);
  EXPECT_EQ(agnostic["per_class"][0]["name"], "all");
  EXPECT_EQ(agnostic["per_class"][0]["instances"], 1);
  EXPECT_EQ(evaluate_coco(annotations, mistaken).metrics.ap, 0.0);
  const auto numbers = class_agnostic_numbers(annotations, mistaken, IouType::bbox);
  EXPECT_EQ(numbers[0].first, "AP_agnostic");
  EXPECT_EQ(numbers[0].second, agnostic["AP"].get<double>());
  EXPECT_EQ(numbers[1], (std::pair<std::string, double>{"AR100_agnostic", 1.0}));
}

}  // namespace
}  // namespace spinenet::eval
