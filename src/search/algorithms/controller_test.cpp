#include "search/algorithms/controller.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "search/algorithms/controller_gradient.h"
#include "search/algorithms/controller_reference_fixture.h"
#include "search/comparison.h"

namespace spinenet::search {
namespace {

using namespace fixture;

const arch::SearchSpace& space() {
  static const arch::SearchSpace value = arch::named_search_space("spinenet-49");
  return value;
}

ControllerOptions small_options() {
  ControllerOptions options;
  options.hidden = 12;
  options.embedding = 8;
  options.batch = 8;
  options.learning_rate = 0.02;
  return options;
}

Trial ended(const arch::Choices& choices, double score) {
  Trial trial;
  trial.state = TrialState::complete;
  trial.choices = choices;
  trial.measurement.score = score;
  return trial;
}

Trial failed(const arch::Choices& choices, TrialFailure failure) {
  Trial trial;
  trial.state = TrialState::failed;
  trial.choices = choices;
  trial.failure = failure;
  return trial;
}

arch::Sample suggested(SearchAlgorithm& algorithm, uint64_t number) {
  Random random = Random(1).fork(number);
  return algorithm.suggest(random);
}

using Score = std::function<double(const arch::Sample&)>;

// Trials first ... end - 1, each told at once.
void teach(Controller& controller, uint64_t first, uint64_t end, const Score& score) {
  for (uint64_t number = first; number < end; ++number) {
    const arch::Sample sample = suggested(controller, number);
    controller.update(ended(sample.choices, score(sample)));
  }
}

double additive(const arch::Sample& sample) {
  static const SyntheticObjective objective = spinenet_49_objective(SyntheticKind::additive);
  return score_of(objective, sample.backbone);
}

double log_probability(Controller& controller, const arch::Choices& choices) {
  double sum = 0;
  for (const float logarithm : controller.log_probabilities(choices)) sum += logarithm;
  return sum;
}

class ControllerWith : public testing::TestWithParam<ControllerOptions> {};

// What suggest draws from is what learning differentiates, and both are what the formulas say.
TEST_P(ControllerWith, HasOneMeaningInAllLoops) {
  Controller controller(space(), GetParam());
  teach(controller, 0, 80, additive);
  const PolicyLayout layout(space(), GetParam());
  const std::vector<float> weights = read_state(controller.state(), space(), layout.size).weights;
  ControllerOptions options = GetParam();  // with which the loss is the sum of the log-probabilities
  options.objective = PolicyObjective::reinforce;
  options.entropy_weight = 0;
  const std::vector<float> advantages{-1};
  ReferencePolicy reference(space(), options, weights);
  for (uint64_t number = 200; number < 210; ++number) {
    Random random(number);
    const std::vector<Rewarded> sample{{arch::random_sample(space(), random).choices, 0}};
    const std::vector<float> drawn = controller.log_probabilities(sample[0].choices);
    const LossGradient learnt =
        loss_gradient(layout, options, weights, episodes_of(space(), layout, sample), {advantages, {}});
    const std::vector<ReferenceStep> steps = reference.steps(sample[0].choices);
    ASSERT_EQ(drawn.size(), arch::decision_count(space()));
    ASSERT_EQ(learnt.log_probabilities.size(), drawn.size());
    for (size_t i = 0; i < drawn.size(); ++i) {
      EXPECT_NEAR(drawn[i], learnt.log_probabilities[i], 1e-5);
      EXPECT_NEAR(drawn[i], steps[i].log_probability, 1e-5);
    }
    ASSERT_EQ(learnt.by_weight.size(), layout.size);
    double largest = 0;
    for (const float x : learnt.by_weight) largest = std::max(largest, static_cast<double>(std::abs(x)));
    EXPECT_GT(largest, 0.1);
    for (size_t i = number % 397; i < layout.size; i += 397) {  // controller_gradient_test.cpp has every weight
      ASSERT_NEAR(learnt.by_weight[i], reference.slope(i, sample, advantages, {}), 2e-5 * largest) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Options, ControllerWith, testing::ValuesIn([] {
                           std::vector<ControllerOptions> all{{}, small_options(), small_options(), small_options()};
                           all[1].tanh_constant = 2.5;
                           all[1].temperature = 1.5;
                           all[2].objective = PolicyObjective::reinforce;
                           all[3].hidden = 7;
                           return all;
                         }()),
                         [](const auto& test) { return "Case" + std::to_string(test.index); });

TEST(Controller, DrawsAsOftenAsItsProbabilitiesSay) {
  Controller controller(space(), small_options());
  teach(controller, 0, 160, additive);
  constexpr int kDraws = 4000;
  std::array<double, 2> drawn{}, expected{};  // of the last decision, the kind of the last block
  for (uint64_t number = 1000; number < 1000 + kDraws; ++number) {
    arch::Choices choices = suggested(controller, number).choices;
    drawn[static_cast<size_t>(choices.back())] += 1;
    for (int kind = 0; kind < 2; ++kind) {
      choices.back() = kind;
      expected[static_cast<size_t>(kind)] += std::exp(controller.log_probabilities(choices).back());
    }
  }
  EXPECT_NEAR(expected[0] + expected[1], kDraws, 0.01);
  EXPECT_NEAR(drawn[0], expected[0], 4 * std::sqrt(kDraws / 4.0));
  EXPECT_GT(std::abs(expected[0] - expected[1]), kDraws / 20);  // it has learnt something
}

class ControllerObjective : public testing::TestWithParam<PolicyObjective> {};

TEST_P(ControllerObjective, MovesTowardsGoodAndAwayFromBadTrials) {
  ControllerOptions options = small_options();
  options.objective = GetParam();
  options.entropy_weight = 0;
  Controller controller(space(), options);
  std::vector<arch::Choices> batch;
  for (uint64_t number = 0; number < 8; ++number) batch.push_back(suggested(controller, number).choices);
  std::vector<double> before, after;
  for (const arch::Choices& choices : batch) before.push_back(log_probability(controller, choices));
  for (size_t i = 0; i < batch.size(); ++i) controller.update(ended(batch[i], i % 2 == 0 ? 0.4 : 0.1));
  for (const arch::Choices& choices : batch) after.push_back(log_probability(controller, choices));
  for (size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(after[i] > before[i], i % 2 == 0) << i;
}

// One kind of block gives a point each: after 40 batches it has nearly all of them.
TEST_P(ControllerObjective, LearnsWhatPays) {
  ControllerOptions options = small_options();
  options.objective = GetParam();
  Controller controller(space(), options);
  const auto score = [](const arch::Sample& sample) {
    return static_cast<double>(
        std::ranges::count(sample.backbone.blocks, arch::BlockKind::residual, &arch::BlockSpec::kind));
  };
  teach(controller, 0, 320, score);
  double sum = 0;
  for (uint64_t number = 1000; number < 1050; ++number) sum += score(suggested(controller, number)) / 50;
  EXPECT_GT(sum, 13);  // of 15; 7.5 at random
}

INSTANTIATE_TEST_SUITE_P(Objectives, ControllerObjective,
                         testing::Values(PolicyObjective::reinforce, PolicyObjective::clipped),
                         [](const auto& test) { return std::string(name_of(test.param)); });

// The unit of the score is nobody's business: 100 times AP teaches bit for bit (a power of two) the same.
TEST(Controller, DoesNotDependOnTheUnitOfTheScore) {
  Controller one(space(), small_options()), other(space(), small_options());
  teach(one, 0, 40, additive);
  teach(other, 0, 40, [](const arch::Sample& sample) { return 128 * additive(sample); });
  for (uint64_t number = 100; number < 120; ++number) {
    EXPECT_EQ(suggested(one, number).choices, suggested(other, number).choices);
  }
}

// The same bits on every machine, whatever compiled it: a study may go on anywhere.
TEST(Controller, LearnsTheSameToTheLastBit) {
  Controller controller(space(), small_options());
  teach(controller, 0, 40, additive);
  EXPECT_EQ(Random::hash(controller.state()), 17856468678899964796u);
}

// Equal rewards teach nothing, so only the entropy bonus is left: it undoes what was learnt.
TEST(Controller, GrowsUndecidedByTheEntropyBonus) {
  ControllerOptions options = small_options();
  options.entropy_weight = 1;
  options.baseline_decay = 0;
  Controller controller(space(), options);
  const auto entropy = [&] {  // the mean of -log p over samples of its own
    double sum = 0;
    for (uint64_t number = 5000; number < 5100; ++number) {
      sum -= log_probability(controller, suggested(controller, number).choices) / 100;
    }
    return sum;
  };
  ControllerOptions greedy = options;
  greedy.entropy_weight = 0;
  Controller teacher(space(), greedy);
  teach(teacher, 0, 240, additive);
  controller.restore(teacher.state());
  const double before = entropy();
  teach(controller, 240, 320, [](const arch::Sample&) { return 0.5; });
  EXPECT_GT(entropy(), before + 1);
}

TEST(Controller, CountsAFailureOfTheArchitectureAndSkipsOneOfTheMachine) {
  ControllerOptions options = small_options();
  options.failure_reward = -0.25;
  Controller controller(space(), options);
  const arch::Choices choices = suggested(controller, 0).choices;
  const auto rewards = [&] {
    std::vector<double> found;
    const Json state = parse_json(controller.state(), "");
    for (const Json& one : state["pending"]) found.push_back(one["reward"].get<double>());
    return found;
  };
  for (const TrialFailure failure : {TrialFailure::crash, TrialFailure::error, TrialFailure::lost}) {
    controller.update(failed(choices, failure));
  }
  EXPECT_TRUE(rewards().empty());
  for (const TrialFailure failure : {TrialFailure::non_finite, TrialFailure::out_of_memory, TrialFailure::timeout}) {
    controller.update(failed(choices, failure));
  }
  Trial rejected = failed(choices, TrialFailure::none);
  rejected.state = TrialState::rejected;
  controller.update(rejected);
  controller.update(ended(choices, std::numeric_limits<double>::infinity()));
  controller.update(ended(choices, 0.5));
  EXPECT_EQ(rewards(), (std::vector<double>{-0.25, -0.25, -0.25, -0.25, -0.25, 0.5}));
}

TEST(Controller, RefusesChoicesOfAnotherSpace) {
  Controller controller(space(), small_options());
  const std::string before = controller.state();
  arch::Choices choices = suggested(controller, 0).choices;
  choices.back() = 2;  // there are two kinds
  EXPECT_THROW(controller.update(ended(choices, 0.5)), Error);
  EXPECT_TRUE(controller.state() == before);
}

// One controller goes on, another reads its text before every trial; they never part, through several updates and
// from the middle of a batch.
TEST(Controller, HasTheSameFutureAfterRestoring) {
  Controller whole(space(), small_options());
  teach(whole, 0, 21, additive);
  std::string state = whole.state();
  for (uint64_t number = 21; number < 71; ++number) {
    Controller restored(space(), small_options());
    restored.restore(state);
    EXPECT_TRUE(restored.state() == state);
    const arch::Sample sample = suggested(whole, number);
    ASSERT_EQ(suggested(restored, number).choices, sample.choices);
    const Trial trial = ended(sample.choices, additive(sample));
    whole.update(trial);
    restored.update(trial);
    state = restored.state();
    ASSERT_TRUE(state == whole.state()) << number;
  }
}

TEST(Controller, RefusesBrokenStatesAndKeepsItsOwn) {
  ControllerOptions options = small_options();
  Controller controller(space(), options);
  teach(controller, 0, 11, additive);
  const std::string good = controller.state();
  const Json json = parse_json(good, "");
  const auto refuses = [&](const auto& change) {
    Json changed = json;
    change(changed);
    EXPECT_THROW(controller.restore(changed.dump()), Error);
    EXPECT_TRUE(controller.state() == good);
  };
  for (const auto& item : json.items()) {
    const std::string& key = item.key();
    refuses([&](Json& j) { j.erase(key); });
    refuses([&](Json& j) { j[key] = Json::array({nullptr}); });
  }
  refuses([](Json& j) { j["updates"] = -1; });
  refuses([](Json& j) { j["variance"] = -1; });
  refuses([](Json& j) { j["weights"] = j["weights"].get<std::string>().substr(8); });
  refuses([](Json& j) { j["pending"][0]["choices"][0] = 50; });
  refuses([](Json& j) { j["pending"][0].erase("reward"); });
  refuses([](Json& j) {
    for (int i = 0; i < 8; ++i) j["pending"].push_back(j["pending"][0]);
  });
  for (size_t length = 0; length < good.size(); length += 997) {
    EXPECT_THROW(controller.restore(good.substr(0, length)), Error);
  }
  options.hidden = 13;
  Controller wider(space(), options);
  EXPECT_THROW(wider.restore(good), Error);
}

TEST(Controller, WorksInEverySpace) {
  for (const std::string& name : arch::search_space_names()) {
    const arch::SearchSpace each = arch::named_search_space(name);
    Controller controller(each, small_options());
    for (uint64_t number = 0; number < 20; ++number) {
      const arch::Sample sample = suggested(controller, number);
      EXPECT_EQ(arch::replay(each, sample.choices).backbone, sample.backbone);
      controller.update(ended(sample.choices, static_cast<double>(number % 3)));
    }
  }
}

}  // namespace
}  // namespace spinenet::search
