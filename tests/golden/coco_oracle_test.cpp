// The evaluator and the mask functions against what pycocotools answered (make_coco_oracle.py), to the last bit.
#include <bit>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/format.h"
#include "golden/coco_cases.h"

namespace spinenet {
namespace {

std::vector<std::string> lines_of(const std::string& name) {
  std::istringstream text(read_file(std::string(SPINENET_SOURCE_DIR) + "/tests/golden/" + name));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string number_text(double value) {
  if (value == -1) return "-";
  if (value == 0) return "0";
  if (value == 1) return "1";
  return fmt::format("{:016x}", std::bit_cast<uint64_t>(value));
}

std::string evaluation_line(const EvaluationCase& made, int threads) {
  eval::CocoEvalOptions options = made.options;
  options.threads = threads;
  const eval::CocoEvaluation evaluation = eval::evaluate_coco(made.annotations, made.results, options);
  std::string line;
  for (const auto& [name, value] : eval::named_numbers(evaluation.metrics)) line += number_text(value) + " ";
  WordHash hash;
  hash.add(evaluation.precision);
  hash.add(evaluation.recall);
  hash.add(evaluation.scores);
  return line + fmt::format("{:016x}", hash.value());
}

TEST(CocoOracle, EveryCellOfEveryCaseIsThatOfPycocotools) {
  const std::vector<std::string> lines = lines_of("coco_oracle.txt");
  ASSERT_GE(lines.size(), 1000U);
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(evaluation_line(make_evaluation_case(i), 1), lines[i]) << "case " << i;
  }
}

TEST(CocoOracle, ThreadsChangeNothing) {
  const std::vector<std::string> lines = lines_of("coco_oracle.txt");
  for (size_t i = 0; i < lines.size(); i += 25) {
    EXPECT_EQ(evaluation_line(make_evaluation_case(i), 4), lines[i]) << "case " << i;
  }
}

template <class Values>
std::string short_hash(const Values& values) {
  WordHash hash;
  for (const auto value : values) {
    if constexpr (std::is_same_v<decltype(value), const double>) {
      hash.add(std::bit_cast<uint64_t>(value));
    } else {
      hash.add(static_cast<uint64_t>(value));
    }
  }
  return fmt::format("{:08x}", hash.value() >> 32);
}

TEST(MaskOracle, PolygonsMergesMeasuresAndTextsAreThoseOfPycocotools) {
  const std::vector<std::string> lines = lines_of("mask_oracle.txt");
  ASSERT_GE(lines.size(), 500U);
  for (size_t i = 0; i < lines.size(); ++i) {
    const MaskCase made = make_mask_case(i);
    std::vector<detect::Rle> masks;
    for (const std::vector<double>& polygon : made.polygons) {
      masks.push_back(detect::rle_from_polygon(polygon, made.height, made.width));
    }
    std::vector<double> numbers;
    for (const detect::Rle& mask : masks) {
      numbers.push_back(static_cast<double>(detect::area(mask)));
      for (const double value : detect::bounding_box(mask)) numbers.push_back(value);
    }
    for (const bool crowd : {false, true}) numbers.push_back(detect::mask_iou(masks[0], masks[1], crowd));
    const std::string text = detect::rle_to_text(masks[0]) + "/" + detect::rle_to_text(masks[1]);
    const std::string line =
        fmt::format("{} {} {} {} {} {}", short_hash(masks[0].counts), short_hash(masks[1].counts),
                    short_hash(detect::merge(masks).counts), short_hash(detect::merge(masks, true).counts),
                    short_hash(numbers), short_hash(text));
    EXPECT_EQ(line, lines[i]) << "case " << i;
  }
}

}  // namespace
}  // namespace spinenet
