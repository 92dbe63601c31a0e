// What a worker does with an evaluation: what the network did is reported, whatever else happens gives the trial back.
#include "search/trials/worker.h"

#include <new>
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::search {
namespace {

class RunWorker : public testing::Test {
 protected:
  void SetUp() override {
    StudyDescription description;
    description.space = "spinenet-49";
    description.lag = 1;
    open_store(place(), true)->open(description);
  }

  std::string place() const { return folder_ / "a.study"; }
  int64_t work(const std::string& name, const Evaluate& evaluate, int64_t trials = 3) const {
    Planner planner({space_, {.kind = AlgorithmKind::random}, 1, {}, {}});
    WorkerOptions options;
    options.store = place();
    options.name = name;
    options.trials = trials;
    options.lag = 1;
    return run_worker(options, planner, space_, evaluate);
  }
  // The message of the error that the worker ends with.
  std::string end_of(const std::string& name, const Evaluate& evaluate) const {
    try {
      work(name, evaluate);
    } catch (const Error& error) {
      EXPECT_EQ(exit_status(error.kind()), 1);
      return error.what();
    }
    ADD_FAILURE() << "the worker did not end with a reason";
    return "";
  }
  std::vector<Trial> trials() const { return look_at_store(place())->trials(); }
  static Evaluation good(const arch::ScalePermuted&, const TrialContext& context) {
    Outcome outcome;
    outcome.measurement.score = static_cast<double>(context.number);
    return outcome;
  }

  arch::SearchSpace space_ = arch::named_search_space("spinenet-49");

 private:
  spinenet::fixture::ScratchFolder folder_;
};

TEST_F(RunWorker, ReportsWhatTheNetworksDid) {
  const auto evaluate = [](const arch::ScalePermuted& backbone, const TrialContext& context) -> Evaluation {
    if (context.number == 0) return good(backbone, context);
    Outcome outcome;
    if (context.number == 1) {
      outcome.measurement.score = std::numeric_limits<double>::quiet_NaN();
      return outcome;
    }
    outcome.state = TrialState::failed;
    outcome.failure = TrialFailure::timeout;
    outcome.reason = "ended after 3 s";
    return outcome;
  };
  EXPECT_EQ(work("one", evaluate), 3);
  const std::vector<Trial> ended = trials();
  EXPECT_EQ(ended[0].state, TrialState::complete);
  EXPECT_EQ(ended[1].failure, TrialFailure::non_finite);
  EXPECT_EQ(ended[2].failure, TrialFailure::timeout);
}

TEST_F(RunWorker, AMachineFaultUsesUpNoAttemptAndEndsThisWorkerAlone) {
  for (int i = 0; i < 5; ++i) {
    const std::string name = fmt::format("broken:{}", i);
    const std::string end =
        end_of(name, [](const auto&, const auto&) -> Evaluation { return MachineFault{"the disk is\nfull"}; });
    EXPECT_NE(end.find("trial 0"), std::string::npos) << end;
    EXPECT_NE(end.find("the disk is\\nfull"), std::string::npos) << end;
    EXPECT_NE(end.find(name), std::string::npos) << end;
    EXPECT_EQ(trials().at(0).state, TrialState::running);
    EXPECT_EQ(trials().at(0).attempts, 0);
  }
  EXPECT_EQ(work("sound", good), 3) << "the others go on";
  EXPECT_EQ(trials().at(0).attempts, 1);
  EXPECT_EQ(trials().at(0).state, TrialState::complete);
}

TEST_F(RunWorker, WhateverIsThrownIsAMachineFault) {
  int thrown = 0;
  const std::vector<std::function<void()>> throws{
      [] { fail(ErrorKind::io, "no space"); },           [] { fail(ErrorKind::usage, "no such key"); },
      [] { fail(ErrorKind::bad_data, "no JSON"); },      [] { fail(ErrorKind::unsupported, "no GPU"); },
      [] { fail(ErrorKind::failed, "a peer is lost"); }, [] { throw std::bad_alloc(); },
      [] { throw std::runtime_error("a fault"); }};
  for (const auto& one : throws) {
    end_of(fmt::format("broken:{}", ++thrown), [&](const auto&, const auto&) -> Evaluation {
      one();
      return Outcome{};
    });
    EXPECT_EQ(trials().at(0).state, TrialState::running);
    EXPECT_EQ(trials().at(0).attempts, 0);
  }
  EXPECT_EQ(work("sound", good), 3);
}

TEST_F(RunWorker, ThreeWorkersWhoseProcessesDiedLoseTheTrialAndTheStudyGoesOn) {
  for (int i = 1; i <= 3; ++i) {
    const auto evaluate = [](const arch::ScalePermuted& backbone, const TrialContext& context) -> Evaluation {
      if (context.number == 1) return MachineFault{"its process ended by signal 9", true};
      return good(backbone, context);
    };
    EXPECT_NE(end_of(fmt::format("host:{}", i), evaluate).find("trial 1"), std::string::npos);
    EXPECT_EQ(trials().at(1).state, TrialState::running);
  }
  EXPECT_EQ(work("host:4", good), 1) << "trial 2: trial 1 is not tried a fourth time";
  EXPECT_EQ(trials().at(1).failure, TrialFailure::lost);
  const StudyStatus status = look_at_store(place())->status();
  EXPECT_EQ(status.lost, 1);
  EXPECT_EQ(status.failed, 0);
  EXPECT_EQ(status.complete, 2);
}

// Of evolution, which forgets nothing that it is told.
TEST(PlannerOfAStudy, IsNotToldOfLostTrials) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const Plan plan{space, {.kind = AlgorithmKind::evolution}, 1, {}, {}};
  Trial trial;
  trial.state = TrialState::failed;
  trial.choices = Planner(plan).suggestion()(0, "", {}).choices;
  const auto state_after = [&](std::span<const Trial> news) { return Planner(plan).suggestion()(1, "", news).state; };
  trial.failure = TrialFailure::lost;
  EXPECT_EQ(state_after({&trial, 1}), state_after({}));
  trial.state = TrialState::complete;
  trial.failure = TrialFailure::none;
  EXPECT_NE(state_after({&trial, 1}), state_after({}));
}

}  // namespace
}  // namespace spinenet::search
