#include "eval/confusion.h"

#include <numeric>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "eval/metrics_json.h"

namespace spinenet::eval {
namespace {

detect::Annotation truth(int64_t id, int64_t category_id, std::array<double, 4> bbox, bool crowd = false) {
  detect::Annotation annotation;
  annotation.id = id;
  annotation.image_id = 1;
  annotation.category_id = category_id;
  annotation.bbox = bbox;
  annotation.crowd = crowd;
  return annotation;
}

detect::Result found(int64_t category_id, std::array<double, 4> bbox, double score) {
  detect::Result result;
  result.image_id = 1;
  result.category_id = category_id;
  result.bbox = bbox;
  result.score = score;
  return result;
}

detect::Annotations two_classes() {
  detect::Annotations annotations;
  annotations.images = {{1, "", 100, 100}};
  annotations.categories = {{9, "dog", ""}, {4, "cat", ""}};
  return annotations;
}

TEST(Confusion, EachPairLandsInItsPlace) {
  detect::Annotations annotations = two_classes();
  annotations.annotations = {truth(1, 4, {0, 0, 10, 10}), truth(2, 9, {20, 0, 10, 10}), truth(3, 9, {40, 0, 10, 10}),
                             truth(4, 4, {60, 60, 40, 40}, true)};
  const std::vector<detect::Result> results{found(4, {0, 0, 10, 10}, 0.9), found(4, {20, 0, 10, 9}, 0.8),
                                            found(9, {20, 0, 10, 10}, 0.7),   // taken by the one before
                                            found(9, {70, 70, 5, 5}, 0.6),    // in the crowd
                                            found(9, {40, 0, 10, 10}, 0.1)};  // score too low
  const ConfusionMatrix matrix = confusion_matrix(annotations, results);
  EXPECT_EQ(matrix.category_ids, (std::vector<int64_t>{4, 9}));
  EXPECT_EQ(matrix.names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(matrix.counts, (std::vector<int64_t>{1, 0, 0,  //
                                                 1, 0, 1,  //
                                                 0, 1, 0}));
  EXPECT_EQ(to_json(matrix)["counts"][1][2], 1);
}

TEST(Confusion, OfTwoEqualOnesItsOwnClassIsTaken) {
  detect::Annotations annotations = two_classes();
  annotations.annotations = {truth(1, 4, {0, 0, 10, 10}), truth(2, 9, {0, 0, 10, 10})};
  const ConfusionMatrix matrix =
      confusion_matrix(annotations, std::vector<detect::Result>{found(9, {0, 0, 10, 10}, 0.9)});
  EXPECT_EQ(matrix.at(1, 1), 1);
  EXPECT_EQ(matrix.at(0, 2), 1);
}

TEST(Confusion, RowsSumToTheAnnotationsAndColumnsToTheResults) {
  Random rng(1);
  detect::Annotations annotations = two_classes();
  std::vector<detect::Result> results;
  for (int64_t i = 0; i < 40; ++i) {
    const std::array<double, 4> box{rng.uniform(0, 80), rng.uniform(0, 80), rng.uniform(5, 20), rng.uniform(5, 20)};
    annotations.annotations.push_back(truth(i + 1, i % 3 == 0 ? 4 : 9, box));
    results.push_back(found(rng.chance(0.5) ? 4 : 9, {box[0] + 1, box[1], box[2], box[3]}, rng.uniform(0.4, 1)));
  }
  const ConfusionMatrix matrix = confusion_matrix(annotations, results);
  EXPECT_EQ(matrix.at(0, 0) + matrix.at(0, 1) + matrix.at(0, 2), 14);
  EXPECT_EQ(matrix.at(1, 0) + matrix.at(1, 1) + matrix.at(1, 2), 26);
  int64_t columns = 0;
  for (size_t row = 0; row < 3; ++row) columns += matrix.at(row, 0) + matrix.at(row, 1);
  EXPECT_EQ(columns, 40);
}

TEST(Confusion, AnIouThresholdOfZeroIsRefused) {
  ConfusionOptions options;
  options.iou_threshold = 0;
  EXPECT_THROW(confusion_matrix(two_classes(), {}, options), Error);
}

}  // namespace
}  // namespace spinenet::eval
