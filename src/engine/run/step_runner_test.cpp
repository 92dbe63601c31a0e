// Steps beside each other against steps one after the other: the same bits, whatever the threads and the precision.
#include "engine/run/step_runner.h"

#include <gtest/gtest.h>

#include "engine/test_networks.h"
#include "graph/lower.h"

namespace spinenet::engine {
namespace {

constexpr int kBatch = 2, kSide = 128;

class StepRunners : public testing::TestWithParam<Precision> {
 protected:
  std::shared_ptr<const CompiledPlan> plan(int threads) const {
    CompileOptions options{.threads = threads, .batch = kBatch, .precision = GetParam()};
    if (GetParam() == Precision::int8) options.calibration = &calibration_;
    return compile(program_, weights_, options);
  }
  std::span<const float> images(int count) const {
    return std::span(input_.data).first(input_.data.size() / kBatch * count);
  }
  static std::vector<std::vector<float>> data_of(std::span<const HostTensor> outputs) {
    std::vector<std::vector<float>> data;
    for (const HostTensor& output : outputs) data.push_back(output.data);
    return data;
  }
  // One step after the other, each with a meeting at its end.
  std::vector<std::vector<float>> one_by_one(int count) const {
    Session session(plan(1));
    std::vector<double> seconds(session.plan().steps.size());
    return data_of(session.run(images(count), seconds));
  }

  graph::Program program_ =
      graph::lower_detector(slim("spinenet-49s"), {.height = kSide, .width = kSide, .classes = 3});
  Weights weights_ = lively_weights(program_, 3);
  HostTensor input_ = random_tensor({kBatch, 3, kSide, kSide}, 5);
  Calibration calibration_ = calibrate(
      program_, weights_,
      {1, [&](int64_t) { return std::vector<float>(input_.data.begin(), input_.data.begin() + 3 * kSide * kSide); }},
      {.layer_error = 1, .output_error = 1});
};

INSTANTIATE_TEST_SUITE_P(Engine, StepRunners, testing::Values(Precision::fp32, Precision::int8),
                         [](const auto& one) { return std::string(one.param == Precision::int8 ? "int8" : "fp32"); });

TEST_P(StepRunners, GiveTheBitsOfOneStepAfterTheOther) {
  constexpr int kRuns = 40;
  const auto expected = one_by_one(kBatch);
  for (const int threads : {1, 2, 3, 8}) {
    Session session(plan(threads));
    for (int i = 0; i < kRuns; ++i) ASSERT_EQ(data_of(session.run(images(kBatch))), expected) << threads << " " << i;
  }
}

TEST_P(StepRunners, GoOnWithFewerThreadsAndImagesThanThePlanWasMadeFor) {
  const auto expected = one_by_one(1);
  const auto workers = std::make_shared<kernels::WorkerGroup>(2);
  Session first(plan(4), workers), second(plan(2), workers);
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(data_of(first.run(images(1))), expected) << i;
    ASSERT_EQ(data_of(second.run(images(1))), expected) << i;
  }
}

// Something to run beside something else, or there would be no reason for all this.
TEST_P(StepRunners, HaveStepsThatWaitForNothingThatRunsJustBefore) {
  const auto made = plan(2);
  int free = 0;
  for (size_t s = 1; s < made->waits.size(); ++s) {
    const std::vector<int>& waits = made->waits[s];
    free += std::find(waits.begin(), waits.end(), static_cast<int>(s) - 1) == waits.end() ? 1 : 0;
  }
  EXPECT_GT(free, 20);
}

}  // namespace
}  // namespace spinenet::engine
