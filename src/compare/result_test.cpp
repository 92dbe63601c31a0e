#include "compare/result.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/output_fixture.h"

namespace spinenet::compare {
namespace {

ComparedRun run_of(uint64_t seed, double ap, double small = 0.1) {
  return {seed, 100, {{"AP", ap}, {"AP50", 2 * ap}, {"APs", small}}, {{50, ap / 2}, {100, ap}}};
}

Contestant contestant(std::string name, int64_t multiply_adds, std::vector<ComparedRun> runs) {
  return {std::move(name), "spinenet-49", 1000, multiply_adds, std::move(runs), {}};
}

// A folder with this metrics.jsonl, removed at the end.
struct RunFolderOf {
  explicit RunFolderOf(std::string_view metrics)
      : path(std::filesystem::path(testing::TempDir()) / ("compare_result_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
    fixture::put_file(path / "metrics.jsonl", metrics);
  }
  ~RunFolderOf() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(CompareResult, MeanAndDeviationOfASample) {
  const Contestant c = contestant("a", 100, {run_of(1, 0.1), run_of(2, 0.2), run_of(3, 0.6)});
  const MeanAndSpread value = over_seeds(c, "AP");
  EXPECT_NEAR(value.mean, 0.3, 1e-12);
  ASSERT_TRUE(value.deviation.has_value());
  EXPECT_NEAR(*value.deviation, 0.2645751311, 1e-9);  // sqrt(0.14 / 2)
  EXPECT_EQ(text_of(value), "0.300 ± 0.265");
}

TEST(CompareResult, OneSeedHasNoDeviationAndNoneNoMean) {
  const MeanAndSpread one = over_seeds(contestant("a", 100, {run_of(1, 0.25)}), "AP");
  EXPECT_EQ(one.mean, 0.25);
  EXPECT_FALSE(one.deviation.has_value());
  EXPECT_EQ(text_of(one), "0.250");
  const MeanAndSpread none = over_seeds(contestant("a", 100, {}), "AP");
  EXPECT_EQ(none.mean, -1);
  EXPECT_EQ(text_of(none), "–");
}

TEST(CompareResult, UndefinedNumbersTakeNoPart) {
  const Contestant c = contestant("a", 100, {run_of(1, 0.1, -1), run_of(2, 0.2, 0.4)});
  EXPECT_EQ(over_seeds(c, "APs").mean, 0.4);
  EXPECT_FALSE(over_seeds(c, "APs").deviation.has_value());
  EXPECT_EQ(over_seeds(c, "no such number").mean, -1);
}

TEST(CompareResult, TheMedianRunIsTheLowerOneOfTwo) {
  EXPECT_EQ(median_run(contestant("a", 1, {run_of(1, 0.3), run_of(2, 0.1), run_of(3, 0.2)}), "AP")->seed, 3U);
  EXPECT_EQ(median_run(contestant("a", 1, {run_of(1, 0.3), run_of(2, 0.1)}), "AP")->seed, 2U);
  EXPECT_EQ(median_run(contestant("a", 1, {}), "AP"), nullptr);
}

TEST(CompareResult, TheBestMeasurementOfARunCounts) {
  const RunFolderOf folder(R"({"step":10,"loss":1.5}
{"step":20,"AP":0.25,"AP50":0.5,"APs":-1.0}
{"step":40,"AP":0.5,"AP50":0.75,"APs":-1.0}
{"step":60,"AP":0.5,"AP50":1.0,"APs":0.5}
)");
  const ComparedRun run = read_run(folder.path, 7, "AP");
  EXPECT_EQ(run.seed, 7U);
  EXPECT_EQ(run.best_step, 40) << "the first of equals, as the model file";
  EXPECT_EQ(run.numbers, (std::vector<std::pair<std::string, double>>{{"AP", 0.5}, {"AP50", 0.75}, {"APs", -1}}));
  EXPECT_EQ(run.curve, (std::vector<std::pair<int64_t, double>>{{20, 0.25}, {40, 0.5}, {60, 0.5}}));
}

TEST(CompareResult, ARunWithoutMeasurementIsRefused) {
  const RunFolderOf folder("{\"step\":10,\"loss\":1.5}\n");
  EXPECT_THROW(read_run(folder.path, 1, "AP"), Error);
}

TEST(CompareResult, CautionsNameUnlikeCostAndMissingSeeds) {
  Comparison c;
  c.contestants = {contestant("a", 1'000'000, {run_of(1, 0.1)}), contestant("b", 1'019'000, {run_of(1, 0.2)})};
  EXPECT_TRUE(cautions(c).empty());
  c.contestants.push_back(contestant("c", 1'030'000, {}));
  c.contestants[2].failed = {{4, "10 steps in a row were not finite"}};
  const std::vector<std::string> found = cautions(c);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], "multiply-adds differ by 3.0 %: a has 1.00 M, c has 1.03 M");
  EXPECT_EQ(found[1], "c, seed 4 has no result: 10 steps in a row were not finite");
}

TEST(CompareResult, TableAndJsonSayTheSame) {
  Comparison c;
  c.image_size = 128;
  c.seeds = {1, 2};
  c.contestants = {contestant("a", 100, {run_of(1, 0.1), run_of(2, 0.3)}), contestant("b", 100, {run_of(1, 0.4)})};
  c.contestants[1].failed = {{2, "why"}};
  const auto rows = table_rows(c);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"recipe", "architecture", "parameters", "multiply-adds", "seeds", "AP",
                                               "AP50", "APs", "APm", "APl"}));
  EXPECT_EQ(rows[1][5], "0.200 ± 0.141");
  EXPECT_EQ(rows[2][4], "1");
  EXPECT_EQ(rows[2][8], "–");
  const Json json = to_json(c);
  EXPECT_EQ(json["metric"], "AP");
  EXPECT_EQ(json["recipes"][0]["mean"]["AP"], 0.2);
  EXPECT_EQ(json["recipes"][0]["runs"][1]["seed"], 2);
  EXPECT_TRUE(json["recipes"][1]["deviation"]["AP"].is_null());
  EXPECT_EQ(json["recipes"][1]["failed"][0]["reason"], "why");
}

TEST(CompareResult, EveryTaskShowsItsMainNumberFirst) {
  for (const arch::Task task : values_of<arch::Task>()) EXPECT_EQ(shown_numbers(task).front(), main_number(task));
}

}  // namespace
}  // namespace spinenet::compare
