#include "compare/table.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

namespace spinenet::compare {
namespace {

// Numbers as a trained detector has them, of recipes with long names.
Comparison example(size_t seeds) {
  Comparison c;
  for (const char* name : {"scenes-middle", "scenes-middle-cspdarknet"}) {
    Contestant one{name, "resnet-50-nas-fpn", 1'270'000, 123'960'000, {}, {}};
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
      MeasuredNumbers measured{1000, {}};
      for (const std::string& number : shown_numbers(c.task)) {
        measured.numbers.emplace_back(number, 0.25 + 0.01 * static_cast<double>(seed + c.contestants.size()));
      }
      one.runs.push_back({seed, 1000, measured, {measured}});
    }
    c.contestants.push_back(std::move(one));
  }
  c.at = {MeasuredAt::Kind::step, 1000};
  return c;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(CompareTable, ShowsNetworksNumbersAndDifferences) {
  const std::vector<std::string> lines = lines_of(terminal_text(example(2)));
  ASSERT_EQ(lines.size(), 3U + 1 + 3 + 1 + 1 + 2 + 1);
  EXPECT_TRUE(lines[1].starts_with("scenes-middle             resnet-50-nas-fpn")) << lines[1];
  EXPECT_TRUE(lines[4].starts_with("recipe                    AP             AP_agnostic     AP50")) << lines[4];
  EXPECT_NE(lines[4].find("AR100"), std::string::npos);
  EXPECT_NE(lines[5].find("0.265 ± 0.007  0.265 ± 0.007  0.265"), std::string::npos) << lines[5];
  EXPECT_EQ(lines[7], "Of step 1000 of each run: the mean over the seeds ± standard deviation.");
  EXPECT_TRUE(lines[9].starts_with("minus scenes-middle")) << lines[9];
  EXPECT_NE(lines[10].find("+0.010 [+0.010, +0.010]"), std::string::npos) << lines[10];
  for (const std::string& line : lines) EXPECT_LE(line.size(), 116U) << line;
}

TEST(CompareTable, HasEveryRecipeAndEveryNumber) {
  Comparison c = example(2);
  c.contestants[1].runs.pop_back();
  c.contestants[1].runs[0].counted.numbers.erase(c.contestants[1].runs[0].counted.numbers.begin() + 4);  // APm
  EXPECT_EQ(network_rows(c)[0],
            (std::vector<std::string>{"recipe", "architecture", "parameters", "multiply-adds", "seeds"}));
  EXPECT_EQ(network_rows(c)[2],
            (std::vector<std::string>{"scenes-middle-cspdarknet", "resnet-50-nas-fpn", "1.27 M", "123.96 M", "1"}));
  const auto rows = number_rows(c, SpreadOf::all);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"recipe", "AP", "AP_agnostic", "AP50", "APs", "APm", "APl", "AR100"}));
  EXPECT_EQ(rows[1][7], "0.265 ± 0.007");
  EXPECT_EQ(rows[2][1], "0.270");
  EXPECT_EQ(rows[2][5], "–");
  EXPECT_EQ(number_rows(c, SpreadOf::claimed)[1][2], "0.265 ± 0.007");
  EXPECT_EQ(number_rows(c, SpreadOf::claimed)[1][3], "0.265");
}

TEST(CompareTable, OneSeedHasNoSpreadAndOneRecipeNoDifference) {
  const std::string one = terminal_text(example(1));
  EXPECT_EQ(one.find("±"), std::string::npos) << one;
  EXPECT_EQ(one.find("["), std::string::npos) << one;
  EXPECT_NE(one.find("One seed has no interval"), std::string::npos) << one;
  Comparison alone = example(2);
  alone.contestants.resize(1);
  EXPECT_EQ(terminal_text(alone).find("minus"), std::string::npos);
}

}  // namespace
}  // namespace spinenet::compare
