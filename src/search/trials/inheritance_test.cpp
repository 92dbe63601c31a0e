#include "search/trials/inheritance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/format.h"
#include "base/random.h"
#include "graph/lower.h"

namespace spinenet::search {
namespace {

SearchTask small_task() {
  SearchTask task;
  task.base = arch::named_architecture("spinenet-49");
  task.base.scaling.filter_size_scale = 0.1;
  task.base.scaling.endpoints_num_filters = 8;  // which every network shares
  task.base.head.filters = 8;
  task.base.head.convs = 1;
  task.image_size = 128;
  task.classes = 2;
  task.recipe.space = arch::named_search_space("spinenet-49");
  task.recipe.proxy.epochs = 4;
  return task;
}

arch::Sample sample(const SearchTask& task, uint64_t seed) {
  Random random(seed);
  return arch::random_sample(task.recipe.space, random);
}

arch::Sample mutant(const SearchTask& task, const arch::Choices& of, uint64_t seed) {
  Random random(seed);
  return arch::mutate(task.recipe.space, of, random);
}

Trial trained(int64_t number, const arch::Choices& choices, double score, double age = 4) {
  Trial trial;
  trial.number = number;
  trial.state = TrialState::complete;
  trial.choices = choices;
  trial.measurement.score = score;
  trial.measurement.metrics = {{"epochs", 4}, {kAgeMetric, age}, {kUncorrectedMetric, score}};
  trial.measurement.weights = fmt::format("{:016x}.safetensors", number);
  return trial;
}

// Trials of one network, at these ages and scores.
std::vector<Trial> aged(const std::vector<std::pair<double, double>>& ages_and_scores) {
  std::vector<Trial> trials;
  for (const auto& [age, score] : ages_and_scores) trials.push_back(trained(std::ssize(trials), {}, score, age));
  return trials;
}

TEST(Distance, CountsTheFactsOfBlocksThatDiffer) {
  const SearchTask task = small_task();
  const arch::Sample one = sample(task, 1);
  EXPECT_EQ(distance_of(one.backbone, one.backbone), 0);
  arch::ScalePermuted other = one.backbone;
  other.blocks[3].kind =
      other.blocks[3].kind == arch::BlockKind::residual ? arch::BlockKind::bottleneck : arch::BlockKind::residual;
  other.blocks[5].level += 1;
  other.blocks[6].width = 0.5;
  std::swap(other.blocks[7].parents[0], other.blocks[7].parents[1]);
  EXPECT_EQ(distance_of(one.backbone, other), 5) << "tensors are named after the place of a parent";
  EXPECT_EQ(distance_of(other, one.backbone), 5);
  other.blocks[8].parents.push_back(0);
  EXPECT_EQ(distance_of(one.backbone, other), 6);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const int64_t near = distance_of(one.backbone, mutant(task, one.choices, seed).backbone);
    EXPECT_GE(near, 1);
    EXPECT_LE(near, 2) << "one decision, or two blocks that swap places";
    EXPECT_GT(distance_of(one.backbone, sample(task, 100 + seed).backbone), 5);
  }
}

// The plainest form: each tensor of the one looked for in the other.
double slow_share(const SearchTask& task, const arch::Architecture& network, const arch::Architecture& source) {
  const graph::LowerOptions size{task.image_size, task.image_size, task.classes};
  const graph::Program own = graph::lower_detector(network, size), theirs = graph::lower_detector(source, size);
  double all = 0, taken = 0;
  for (const graph::Parameter& p : own.parameters) {
    if (p.name.ends_with("running_mean") || p.name.ends_with("running_var")) continue;
    const auto count = static_cast<double>(graph::element_count(p.shape));
    all += count;
    for (const graph::Parameter& q : theirs.parameters) {
      if (q.name == p.name && std::ranges::equal(q.shape, p.shape)) taken += count;
    }
  }
  return taken / all;
}

TEST(Share, IsThatOfTheParametersOfTheSameNameAndShape) {
  const SearchTask task = small_task();
  for (uint64_t seed = 1; seed < 6; ++seed) {
    const arch::Sample one = sample(task, seed), near = mutant(task, one.choices, seed), far = sample(task, 50 + seed);
    const arch::Architecture network = candidate(task, one.backbone);
    EXPECT_EQ(share_of(task, network, network), 1);
    for (const arch::Sample* other : {&near, &far}) {
      const arch::Architecture source = candidate(task, other->backbone);
      EXPECT_DOUBLE_EQ(share_of(task, network, source), slow_share(task, network, source));
    }
    EXPECT_LT(share_of(task, network, candidate(task, far.backbone)), 0.9);
    EXPECT_GT(share_of(task, network, candidate(task, far.backbone)), 0) << "stem and heads are the same";
  }
}

TEST(Parent, IsTheNearestTrialWhoseWeightsWereKept) {
  const SearchTask task = small_task();
  const arch::Sample one = sample(task, 1), child = mutant(task, one.choices, 7);
  std::vector<Trial> earlier{trained(0, sample(task, 2).choices, 0.9), trained(1, one.choices, 0.1, 12),
                             trained(2, sample(task, 3).choices, 0.5)};
  const std::optional<Parent> parent = parent_of(task, child.backbone, earlier);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->number, 1) << "however low its score";
  EXPECT_EQ(parent->weights, earlier[1].measurement.weights);
  EXPECT_EQ(parent->age, 12);
  EXPECT_EQ(parent->share, share_of(task, candidate(task, child.backbone), candidate(task, one.backbone)));

  const auto number = [&] { return parent_of(task, child.backbone, earlier)->number; };
  earlier[1].measurement.weights.clear();
  EXPECT_NE(number(), 1) << "it kept none";
  earlier[1] = trained(1, one.choices, 0.1);
  earlier[1].duplicate_of = 0;
  EXPECT_NE(number(), 1) << "it was not trained";
  for (const TrialState state : {TrialState::failed, TrialState::rejected, TrialState::running}) {
    earlier[1] = trained(1, one.choices, 0.1);
    earlier[1].state = state;
    EXPECT_NE(number(), 1) << name_of(state);
  }
  EXPECT_EQ(parent_of(task, child.backbone, {}), std::nullopt);
}

TEST(Parent, OfSeveralAsNearHasTheHighestScoreAndIsTheFirst) {
  const SearchTask task = small_task();
  const arch::Sample one = sample(task, 1), child = mutant(task, one.choices, 7);
  const std::vector<Trial> earlier{trained(0, one.choices, 0.1), trained(1, one.choices, 0.3),
                                   trained(2, one.choices, 0.3), trained(3, one.choices, 0.2)};
  EXPECT_EQ(parent_of(task, child.backbone, earlier)->number, 1);
}

// Widths that are fitted to a cost leave few tensors of one shape, and some all the same.
TEST(Parent, GivesWhatFitsOfAnotherWidth) {
  SearchTask task = small_task();
  task.recipe.proxy.multiply_adds = 20e6;
  const arch::Sample one = sample(task, 1), child = sample(task, 4);
  const std::vector<Trial> earlier{trained(0, one.choices, 0.1)};
  const std::optional<Parent> parent = parent_of(task, child.backbone, earlier);
  ASSERT_TRUE(parent);
  EXPECT_GT(parent->share, 0);
  EXPECT_LT(parent->share, 1);
}

TEST(AgeSlope, IsTheMedianOverAllPairs) {
  const SearchTask task = small_task();
  EXPECT_EQ(age_slope(task, {}), 0);
  EXPECT_EQ(age_slope(task, aged({{4, 0.1}, {4, 0.5}})), 0) << "of one age";
  EXPECT_NEAR(age_slope(task, aged({{4, 0.1}, {8, 0.15}, {16, 0.2}, {32, 0.25}})), 0.05, 1e-12);
  // Slopes 0.1 (4 to 8), 0.2 (4 to 16) and 0.3 (8 to 16).
  EXPECT_NEAR(age_slope(task, aged({{4, 0.1}, {8, 0.2}, {16, 0.5}})), 0.2, 1e-12);
  // An even number of them: 0.1 and 0.3.
  EXPECT_NEAR(age_slope(task, aged({{4, 0.1}, {8, 0.2}, {8, 0.4}})), 0.2, 1e-12);
  EXPECT_EQ(age_slope(task, aged({{4, 0.5}, {8, 0.4}, {16, 0.3}})), 0) << "a falling one corrects nothing";
}

TEST(AgeSlope, IsNotMovedByAFewOddTrials) {
  const SearchTask task = small_task();
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 20; ++i) {
    const double age = 4 * (1 + i % 5);
    points.emplace_back(age, 0.1 + 0.02 * std::log2(age));
  }
  EXPECT_NEAR(age_slope(task, aged(points)), 0.02, 1e-9);
  points[0].second = 90;
  points[7].second = -50;
  EXPECT_NEAR(age_slope(task, aged(points)), 0.02, 1e-9);
}

TEST(AgeSlope, IsOverWholeTrainingsThatWereMeasuredThemselves) {
  const SearchTask task = small_task();
  std::vector<Trial> trials = aged({{4, 0.1}, {8, 0.2}, {16, 0.9}, {16, 0.9}, {16, 0.9}, {16, 0.9}});
  trials[2].duplicate_of = 1;
  trials[3].state = TrialState::failed;
  trials[4].measurement.metrics["epochs"] = 1;  // ended at a rung
  trials[5].measurement.metrics.erase(kUncorrectedMetric);
  EXPECT_NEAR(age_slope(task, trials), 0.1, 1e-12);
}

TEST(AgeSlope, OfVeryManyTrialsIsThatOfTheLast) {
  const SearchTask task = small_task();
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 1500; ++i) {
    const double age = i % 2 == 0 ? 4 : 8;
    points.emplace_back(age, (i < 500 ? 7 : 0.25) * std::log2(age));
  }
  EXPECT_NEAR(age_slope(task, aged(points)), 0.25, 1e-9);
}

TEST(CorrectedScore, TakesWhatAgeGaveAndGivesNothing) {
  EXPECT_EQ(corrected_score(0.5, 4, 4, 0.1), 0.5);
  EXPECT_NEAR(corrected_score(0.5, 16, 4, 0.1), 0.3, 1e-12);
  EXPECT_NEAR(corrected_score(0.05, 16, 4, 0.1), -0.15, 1e-12) << "an order holds below 0, too";
  EXPECT_EQ(corrected_score(0.5, 16, 4, 0), 0.5);
  EXPECT_EQ(corrected_score(0.5, 1, 4, 0.1), 0.5) << "a training that ended at a rung keeps the score it had";
}

}  // namespace
}  // namespace spinenet::search
