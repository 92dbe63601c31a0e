#include "compare/result.h"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/output_fixture.h"

namespace spinenet::compare {
namespace {

ComparedRun run_of(uint64_t seed, double ap, double small = 0.1) {
  const MeasuredNumbers counted{100, {{"AP", ap}, {"AP50", 2 * ap}, {"APs", small}}};
  return {seed, 100, counted, {{50, {{"AP", ap / 2}}}, counted}};
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

constexpr std::string_view kMetrics = R"({"step":10,"loss":1.5}
{"step":20,"AP":0.25,"AP50":0.5,"APs":-1.0}
{"step":40,"AP":0.5,"AP50":0.75,"APs":-1.0}
{"step":60,"AP":0.5,"AP50":1.0,"APs":0.5}
{"step":80,"AP":0.125,"AP50":0.25,"APs":0.5}
)";

TEST(CompareResult, TheBestMeasurementOfARunCounts) {
  const RunFolderOf folder(kMetrics);
  const ComparedRun run = read_run(folder.path, {7, "AP", {}});
  EXPECT_EQ(run.seed, 7U);
  EXPECT_EQ(run.best_step, 40) << "the first of equals, as the model file";
  EXPECT_EQ(run.counted, (MeasuredNumbers{40, {{"AP", 0.5}, {"AP50", 0.75}, {"APs", -1}}}));
  ASSERT_EQ(run.curve.size(), 4U);
  EXPECT_EQ(run.curve[0].step, 20);
  EXPECT_EQ(run.curve[3], (MeasuredNumbers{80, {{"AP", 0.125}, {"AP50", 0.25}, {"APs", 0.5}}}));
}

TEST(CompareResult, TheLastOrThatOfAStepCountsWhereItIsAskedFor) {
  const RunFolderOf folder(kMetrics);
  const ComparedRun last = read_run(folder.path, {7, "AP", {MeasuredAt::Kind::last}});
  EXPECT_EQ(last.counted.step, 80);
  EXPECT_EQ(number_of(last.counted, "AP"), 0.125);
  EXPECT_EQ(last.best_step, 40);
  const ComparedRun at = read_run(folder.path, {7, "AP", {MeasuredAt::Kind::step, 60}});
  EXPECT_EQ(number_of(at.counted, "AP50"), 1.0);
  try {
    read_run(folder.path, {7, "AP", {MeasuredAt::Kind::step, 10}});
    FAIL() << "step 10 has a loss alone";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string what = error.what();
    EXPECT_NE(what.find("has no measurement at step 10"), std::string::npos) << what;
    EXPECT_NE(what.find("20, 40, 60, 80"), std::string::npos) << what;
  }
}

TEST(CompareResult, AnUndefinedNumberIsWorseThanAnyOther) {
  const RunFolderOf folder("{\"step\":1,\"AP\":-1.0}\n{\"step\":2,\"AP\":0.0}\n{\"step\":3,\"AP\":-1.0}\n");
  EXPECT_EQ(read_run(folder.path, {1, "AP", {}}).best_step, 2);
}

TEST(CompareResult, ARunWithoutMeasurementIsRefused) {
  const RunFolderOf folder("{\"step\":10,\"loss\":1.5}\n");
  EXPECT_THROW(read_run(folder.path, {1, "AP", {}}), Error);
}

TEST(CompareResult, AMeasurementChangedByHandIsRefused) {
  for (const char* line : {"{\"step\":\"ten\",\"AP\":0.5}\n", "{\"AP\":0.5}\n", "{\"step\":10,\"AP\":\"high\"}\n"}) {
    const RunFolderOf folder(line);
    EXPECT_THROW(read_run(folder.path, {1, "AP", {}}), Error) << line;
  }
}

TEST(CompareResult, UnlikeLastStepsAreACaution) {
  Comparison c;
  c.contestants = {contestant("a", 100, {run_of(1, 0.1), run_of(2, 0.2)}), contestant("b", 100, {run_of(1, 0.3)})};
  c.contestants[1].runs[0].counted.step = 90;
  EXPECT_TRUE(cautions(c).empty()) << "the best ones may be of any step";
  c.at.kind = MeasuredAt::Kind::last;
  ASSERT_EQ(cautions(c).size(), 1U);
  EXPECT_EQ(cautions(c)[0], *unlike_steps(c));
  EXPECT_NE(cautions(c)[0].find("a, seed 1 was measured at step 100, b, seed 1 at step 90"), std::string::npos);
  c.contestants[1].runs[0].counted.step = 100;
  EXPECT_FALSE(unlike_steps(c).has_value());
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

TEST(CompareResult, TheJsonHasMeansAndEveryRun) {
  Comparison c;
  c.image_size = 128;
  c.seeds = {1, 2};
  c.contestants = {contestant("a", 100, {run_of(1, 0.1), run_of(2, 0.3)}), contestant("b", 100, {run_of(1, 0.4)})};
  c.contestants[1].failed = {{2, "why"}};
  const Json json = to_json(c);
  EXPECT_EQ(json["metric"], "AP");
  EXPECT_EQ(json["at"], "best");
  EXPECT_EQ(json["recipes"][0]["runs"][0]["step"], 100);
  EXPECT_EQ(json["recipes"][0]["mean"]["AP"], 0.2);
  EXPECT_EQ(json["recipes"][0]["runs"][1]["seed"], 2);
  EXPECT_TRUE(json["recipes"][1]["deviation"]["AP"].is_null());
  EXPECT_EQ(json["recipes"][1]["failed"][0]["reason"], "why");
}

TEST(CompareResult, EveryTaskShowsItsMainNumberFirst) {
  for (const arch::Task task : values_of<arch::Task>()) {
    const std::vector<std::string> claimed = claimed_numbers(task), shown = shown_numbers(task);
    EXPECT_EQ(claimed.front(), main_number(task));
    EXPECT_TRUE(std::equal(claimed.begin(), claimed.end(), shown.begin())) << "a claim's numbers come first";
  }
}

}  // namespace
}  // namespace spinenet::compare
