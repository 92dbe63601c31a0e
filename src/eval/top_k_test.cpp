#include "eval/top_k.h"

#include <cctype>
#include <limits>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"

namespace spinenet::eval {
namespace {

std::vector<detect::Category> classes_of(int count) {
  std::vector<detect::Category> classes;
  for (int k = 0; k < count; ++k) classes.push_back({10 * k, "class " + std::to_string(k), ""});
  return classes;
}

struct Oracle {
  std::vector<Classified> images;
  std::map<std::string, std::vector<double>> answers;
};

// See tests/golden/make_top_k_oracle.py.
Oracle read_oracle() {
  Oracle oracle;
  std::istringstream text(read_file(SPINENET_SOURCE_DIR "/tests/golden/top_k_oracle.txt"));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    std::vector<double> numbers;
    for (double number = 0; words >> number;) numbers.push_back(number);
    if (std::isdigit(static_cast<unsigned char>(first[0])) != 0) {
      oracle.images.push_back({0, std::stoi(first), {numbers.begin(), numbers.end()}});
    } else {
      oracle.answers[first] = numbers;
    }
  }
  return oracle;
}

TEST(TopK, AgreesWithScikitLearnAndTorchmetrics) {
  Oracle oracle = read_oracle();
  ASSERT_EQ(oracle.images.size(), 60U);
  const TopKMetrics m = evaluate_top_k(oracle.images, classes_of(8));
  int compared = 0;
  for (const auto& [name, value] : named_numbers(m)) {
    EXPECT_NEAR(value, oracle.answers.at(name).at(0), name == "ece" ? 1e-6 : 1e-12) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 5);
  for (size_t k = 0; k < 8; ++k) {
    const double recall = k < 7 ? oracle.answers["recall"][k] : -1;  // the last class has no image
    EXPECT_NEAR(m.per_class[k].top1, recall, 1e-12) << k;
    EXPECT_NEAR(m.per_class[k].precision, oracle.answers["precision"][k], 1e-12) << k;
  }
  for (size_t i = 0; i < 64; ++i) EXPECT_EQ(static_cast<double>(m.confusion[i]), oracle.answers["confusion"][i]) << i;
}

TEST(TopK, EqualScoresCountInTheOrderOfClasses) {
  const std::vector<Classified> images{{1, 1, {0.5F, 0.5F}}, {2, 0, {0.5F, 0.5F}}};
  const TopKMetrics m = evaluate_top_k(images, classes_of(2));
  EXPECT_EQ(m.per_class[0].top1, 1);
  EXPECT_EQ(m.per_class[1].top1, 0);
  EXPECT_EQ(best_classes(std::vector<float>{0.2F, 0.4F, 0.4F}, 2), (std::vector<int>{1, 2}));
  EXPECT_EQ(best_classes(std::vector<float>{0.2F}, 5), std::vector<int>{0});
}

TEST(TopK, SuperCategoriesForgiveMistakesWithinThem) {
  std::vector<detect::Category> classes = classes_of(3);
  classes[0].supercategory = classes[2].supercategory = "fruit";
  classes[1].supercategory = "milk";
  const std::vector<Classified> images{
      {1, 0, {0.1F, 0.2F, 0.7F}}, {2, 2, {0.1F, 0.2F, 0.7F}}, {3, 2, {0.1F, 0.8F, 0.1F}}, {4, 1, {0, 1, 0}}};
  const TopKMetrics m = evaluate_top_k(images, classes);
  ASSERT_EQ(m.per_group.size(), 2U);
  EXPECT_EQ(m.per_group[0].name, "fruit");
  EXPECT_EQ(m.per_group[0].images, 3);
  EXPECT_NEAR(m.per_group[0].top1, 1.0 / 3, 1e-12);
  EXPECT_NEAR(m.per_group[0].group_top1, 2.0 / 3, 1e-12);
  EXPECT_EQ(m.group_top1, 0.75);
  EXPECT_EQ(named_numbers(m).back().first, "group_top1");
  classes[1].supercategory.clear();
  EXPECT_TRUE(evaluate_top_k(images, classes).per_group.empty());
}

TEST(TopK, WithoutImagesNothingIsDefined) {
  const TopKMetrics m = evaluate_top_k({}, classes_of(2));
  for (const auto& [name, value] : named_numbers(m)) EXPECT_EQ(value, -1) << name;
}

TEST(TopK, RefusesWhatIsNoScore) {
  const auto message = [](const Classified& image) -> std::string {
    try {
      evaluate_top_k(std::span(&image, 1), classes_of(2));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message({1, 0, {1}}).find("1 scores"), std::string::npos);
  EXPECT_NE(message({1, 2, {1, 0}}).find("label 2"), std::string::npos);
  EXPECT_NE(message({1, 0, {std::numeric_limits<float>::quiet_NaN(), 0}}).find("not a number"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::eval
