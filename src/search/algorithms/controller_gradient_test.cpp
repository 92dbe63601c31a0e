// The gradient against central differences of a plain implementation, and against PyTorch's.
#include "search/algorithms/controller_gradient.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "search/algorithms/controller_reference_fixture.h"

namespace spinenet::search {
namespace {

using namespace fixture;

// A small space with every kind of decision, that of tests/parity/make_controller_oracle.py.
arch::SearchSpace small_space() {
  arch::SearchSpace space;
  space.intermediate_levels = {3, 4, 4};
  space.output_levels = {3, 4};
  space.parent_window = 3;
  space.max_parents = 3;
  space.widths = {0.5, 1};
  return space;
}

struct Case {
  std::string name;
  ControllerOptions options;
  bool first = false;  // step on the batch: the old probabilities are those of the weights
};

std::vector<Case> cases() {
  const ControllerOptions plain{
      .hidden = 6, .embedding = 5, .objective = PolicyObjective::reinforce, .entropy_weight = 0};
  std::vector<Case> all;
  const auto add = [&](const char* name, const auto& change) {
    all.push_back({name, plain, false});
    change(all.back());
  };
  add("Plain", [](Case&) {});
  add("Entropy", [](Case& c) { c.options.entropy_weight = 0.3; });
  add("Temperature", [](Case& c) { c.options.temperature = 1.7; });
  add("Tanh", [](Case& c) { c.options.tanh_constant = 1.5; });
  add("Clipped", [](Case& c) { c.options.objective = PolicyObjective::clipped; });
  add("FirstStep", [](Case& c) {
    c.options.objective = PolicyObjective::clipped;
    c.first = true;
  });
  add("Everything", [](Case& c) {
    c.options = {.hidden = 7,
                 .embedding = 3,
                 .temperature = 0.8,
                 .tanh_constant = 2.5,
                 .objective = PolicyObjective::clipped,
                 .clip = 0.25,
                 .entropy_weight = 0.1};
  });
  return all;
}

class LossGradientOf : public testing::TestWithParam<Case> {};

// Log-probabilities, moved so that ratios lie within the clip and beyond both of its ends.
std::vector<float> moved(const std::vector<double>& log_probabilities, Random& random) {
  constexpr std::array<double, 4> kMoves{-0.4, -0.1, 0.1, 0.4};
  std::vector<float> old;
  for (const double value : log_probabilities) {
    old.push_back(static_cast<float>(value + kMoves[static_cast<size_t>(random.below(4))]));
  }
  return old;
}

TEST_P(LossGradientOf, IsThatOfThePlainLossByEveryWeight) {
  const arch::SearchSpace space = small_space();
  const ControllerOptions& options = GetParam().options;
  const PolicyLayout layout(space, options);
  Random random(3);
  std::vector<float> weights(layout.size);
  for (float& w : weights) w = static_cast<float>(0.5 * random.normal());
  std::vector<Rewarded> batch;
  for (int b = 0; b < 3; ++b) batch.push_back({arch::random_sample(space, random).choices, 0});
  const std::vector<float> advantages{1.25f, -0.75f, 0.5f};

  ReferencePolicy reference(space, options, weights);
  std::vector<double> now(batch.size() * static_cast<size_t>(layout.steps));
  for (size_t b = 0; b < batch.size(); ++b) {
    const std::vector<ReferenceStep> steps = reference.steps(batch[b].choices);
    for (size_t t = 0; t < steps.size(); ++t) now[t * batch.size() + b] = steps[t].log_probability;
  }
  std::vector<float> old;
  std::vector<double> reference_old = now;
  if (!GetParam().first) {
    old = moved(now, random);
    reference_old.assign(old.begin(), old.end());
  }
  const LossGradient found =
      loss_gradient(layout, options, weights, episodes_of(space, layout, batch), {advantages, old});

  ASSERT_EQ(found.log_probabilities.size(), now.size());
  for (size_t i = 0; i < now.size(); ++i) EXPECT_NEAR(found.log_probabilities[i], now[i], 2e-6) << i;
  ASSERT_EQ(found.by_weight.size(), layout.size);
  double largest = 0;
  for (size_t i = 0; i < layout.size; ++i) {
    const double slope = reference.slope(i, batch, advantages, reference_old);
    largest = std::max(largest, std::abs(slope));
    ASSERT_NEAR(found.by_weight[i], slope, 3e-6) << i;
  }
  EXPECT_GT(largest, 0.1);
}

INSTANTIATE_TEST_SUITE_P(Options, LossGradientOf, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

// In [-1, 1), as make_controller_oracle.py has it.
double spread(size_t i, size_t prime) {
  return static_cast<double>((i * prime + 104729) % 10007) / 10007 * 2 - 1;
}

ControllerOptions options_of(const Json& answer) {
  ControllerOptions options;
  options.hidden = answer["hidden"].get<int>();
  options.embedding = answer["embedding"].get<int>();
  options.temperature = answer["temperature"].get<double>();
  options.tanh_constant = answer["tanh_constant"].get<double>();
  options.entropy_weight = answer["entropy_weight"].get<double>();
  options.clip = answer["clip"].get<double>();
  const bool clipped = answer["objective"] == "clipped";
  options.objective = clipped ? PolicyObjective::clipped : PolicyObjective::reinforce;
  return options;
}

TEST(LossGradient, IsThatOfPyTorch) {
  const Json answers = read_json(std::string(SPINENET_SOURCE_DIR) + "/tests/parity/controller_oracle.json");
  ASSERT_EQ(answers.size(), 3);
  const arch::SearchSpace space = small_space();
  for (const Json& answer : answers) {
    SCOPED_TRACE(answer["name"].get<std::string>());
    const ControllerOptions options = options_of(answer);
    const PolicyLayout layout(space, options);
    std::vector<float> weights(layout.size);
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(0.8 * spread(i, 7919));
    std::vector<Rewarded> batch;
    for (const Json& choices : answer["choices"]) batch.push_back({choices.get<arch::Choices>(), 0});
    const auto floats = [&](const char* key) { return answer.value(key, std::vector<float>{}); };
    const std::vector<float> advantages = floats("advantages"), old = floats("old_log_probabilities");
    const LossGradient found =
        loss_gradient(layout, options, weights, episodes_of(space, layout, batch), {advantages, old});
    const std::vector<float> log_probabilities = floats("log_probabilities"), gradient = floats("gradient");
    ASSERT_EQ(found.log_probabilities.size(), log_probabilities.size());
    for (size_t i = 0; i < log_probabilities.size(); ++i) {
      EXPECT_NEAR(found.log_probabilities[i], log_probabilities[i], 3e-6) << i;
    }
    ASSERT_EQ(found.by_weight.size(), gradient.size());
    for (size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(found.by_weight[i], gradient[i], 3e-6) << i;
  }
}

// A loss that is not finite shows in the gradient, so that it cannot reach the weights.
TEST(LossGradient, ShowsWhatIsNotFinite) {
  const arch::SearchSpace space = small_space();
  const ControllerOptions options{.hidden = 4, .embedding = 4};
  const PolicyLayout layout(space, options);
  const std::vector<float> weights = initial_policy_weights(layout, Random(1));
  Random random(1);
  const std::vector<Rewarded> batch{{arch::random_sample(space, random).choices, 0}};
  for (const float advantage : {INFINITY, -INFINITY, NAN}) {
    const std::vector<float> advantages{advantage};
    const LossGradient found =
        loss_gradient(layout, options, weights, episodes_of(space, layout, batch), {advantages, {}});
    EXPECT_FALSE(std::ranges::all_of(found.by_weight, [](float x) { return std::isfinite(x); })) << advantage;
  }
}

}  // namespace
}  // namespace spinenet::search
