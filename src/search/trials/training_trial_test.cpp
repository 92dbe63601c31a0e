#include "search/trials/training_trial.h"

#include <cmath>
#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/scratch_folder_fixture.h"
#include "search/trials/weights_folder.h"

namespace spinenet::search {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLimit = 1 << 30;

ProcessResult end_of(ProcessEnd end, int status, std::string errors = "") {
  return {end, status, "", std::move(errors), 3};
}

RunFailure reason(FailureKind kind, std::string message) {
  return {kind, std::move(message), 7};
}

// "non_finite", or "machine" and "lost" for a fault that is not charged to the network.
std::string charge(const Evaluation& evaluation) {
  if (const auto* outcome = std::get_if<Outcome>(&evaluation)) {
    EXPECT_EQ(outcome->state, TrialState::failed);
    return std::string(name_of(outcome->failure));
  }
  return std::get<MachineFault>(evaluation).ended_by_itself ? "lost" : "machine";
}

std::string charge_after_exit(FailureKind kind, int64_t limit) {
  return charge(failure_of(end_of(ProcessEnd::exited, 1), reason(kind, "why"), limit));
}

TEST(TrainingTrial, ChargesANetworkWithWhatItDidAlone) {
  for (const int64_t limit : {int64_t{0}, kLimit}) {
    EXPECT_EQ(charge_after_exit(FailureKind::non_finite_loss, limit), "non_finite");
    for (const FailureKind kind :
         {FailureKind::io, FailureKind::bad_data, FailureKind::usage, FailureKind::unsupported}) {
      EXPECT_EQ(charge_after_exit(kind, limit), "machine") << name_of(kind);
    }
    EXPECT_EQ(charge_after_exit(FailureKind::internal, limit), "lost");
    EXPECT_EQ(charge_after_exit(FailureKind::failed, limit), "lost");
  }
  EXPECT_EQ(charge_after_exit(FailureKind::out_of_memory, kLimit), "out_of_memory");
  EXPECT_EQ(charge_after_exit(FailureKind::out_of_memory, 0), "lost") << "the machine's memory, not the study's limit";
  const Evaluation evaluation = failure_of(end_of(ProcessEnd::exited, 1, "error: something else\n"),
                                           reason(FailureKind::non_finite_loss, "the loss is nan"), 0);
  EXPECT_EQ(std::get<Outcome>(evaluation).reason, "the loss is nan");
}

TEST(TrainingTrial, ChargesNoArchitectureWithWords) {
  const std::string words = "out of memory/not finite.jpg: can't allocate memory is no JPEG, bad_alloc";
  for (const int64_t limit : {int64_t{0}, kLimit}) {
    EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::exited, 65, words), reason(FailureKind::bad_data, words), limit)),
              "machine");
    // Nor where the process could not leave its reason.
    for (const int status : {1, 2, 65}) {
      EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::exited, status, "error: " + words), {}, limit)), "machine")
          << status;
    }
  }
  EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::exited, 127, "cannot map: out of memory"), {}, 0)), "machine");
  EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::exited, 127, "cannot open shared object file"), {}, kLimit)),
            "machine");
}

TEST(TrainingTrial, KnowsHowAKilledProcessEnded) {
  for (const int64_t limit : {int64_t{0}, kLimit}) {
    for (const int signal : {SIGKILL, SIGSEGV, SIGBUS, SIGABRT}) {
      EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::signalled, signal), {}, limit)), "lost") << signal;
    }
    EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::timed_out, SIGTERM), {}, limit)), "timeout");
  }
  const std::string words = "  what():  std::bad_alloc\n";
  EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::signalled, SIGABRT, words), {}, kLimit)), "out_of_memory");
  EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::signalled, SIGABRT, words), {}, 0)), "lost");
  EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::signalled, SIGKILL, words), {}, kLimit)), "lost");
  EXPECT_EQ(charge(failure_of(end_of(ProcessEnd::exited, 127, "out of memory"), {}, kLimit)), "out_of_memory");
}

// Trials by a program that is a script: it takes its run folder as a training does and then does what the test says.
class TrialByScript : public testing::Test {
 protected:
  void SetUp() override {
    setup_.task.base = arch::named_architecture("spinenet-49");
    setup_.task.base.scaling.filter_size_scale = 0.1;
    setup_.task.image_size = 128;
    setup_.task.recipe.proxy.recipe = "training.yaml";
    setup_.folder = folder_ / "trials";
    setup_.program.path = folder_ / "spinenet-train";
    fs::create_directory(setup_.folder);
    program(R"(echo '{"step": 1, "AP": 0.25}' > "$out/metrics.jsonl")");
  }

  void program(const std::string& does) const {
    put(setup_.program.path, R"(#!/bin/sh
echo "$*" > "$0.arguments"
while [ $# -gt 0 ]; do
  [ "$1" = --out ] && out=$2
  shift
done
echo '{"program": "spinenet", "kind": "a training run", "id": "1"}' > "$out/.spinenet"
)" + does + "\n");
    fs::permissions(setup_.program.path, fs::perms(0755));
  }
  static void put(const fs::path& file, std::string_view content) { std::ofstream(file) << content; }
  Evaluation evaluate(int64_t number = 0) const {
    TrialContext context;
    context.number = number;
    context.earlier = [this] { return earlier_; };
    context.wanted = [] { return true; };
    return try_architecture(setup_, std::get<arch::ScalePermuted>(setup_.task.base.backbone), context);
  }
  std::string fault() const {
    try {
      return std::get<MachineFault>(evaluate()).reason;
    } catch (const Error& error) {  // a worker takes what is thrown for a machine fault
      return error.what();
    }
  }
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(setup_.folder)) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  std::string arguments() const { return read_file(setup_.program.path.string() + ".arguments"); }

  spinenet::fixture::ScratchFolder folder_;
  TrialSetup setup_;
  std::vector<Trial> earlier_;
};

TEST_F(TrialByScript, AMeasuredTrialLeavesNothing) {
  const Evaluation evaluation = evaluate();
  EXPECT_EQ(std::get<Outcome>(evaluation).measurement.score, 0.25);
  EXPECT_TRUE(left().empty());
}

TEST_F(TrialByScript, AFolderThatIsThereIsSomebodys) {
  for (const char* name : {"trial-000000-1", "trial-000000-1-2"}) {
    fs::create_directories(setup_.folder / name / "run");
    put(setup_.folder / name / "run" / "best.safetensors", "precious");
  }
  fs::create_symlink("nowhere", setup_.folder / "trial-000000-1-3");
  EXPECT_EQ(std::get<Outcome>(evaluate()).measurement.score, 0.25);
  EXPECT_EQ(left(), (std::vector<std::string>{"trial-000000-1", "trial-000000-1-2", "trial-000000-1-3"}));
  EXPECT_EQ(read_file(setup_.folder / "trial-000000-1" / "run" / "best.safetensors"), "precious");
}

TEST_F(TrialByScript, WhatAUserPutThereStays) {
  program(R"(echo '{"AP": 0.5}' > "$out/metrics.jsonl"; echo mine > "$out/notes.txt"; mkdir "$out/../more"
echo mine > "$out/../more/x"; mkdir "$out/checkpoints"; echo 1 > "$out/checkpoints/step-1.safetensors")");
  EXPECT_EQ(std::get<Outcome>(evaluate()).measurement.score, 0.5);
  const fs::path trial = setup_.folder / "trial-000000-1";
  EXPECT_EQ(read_file(trial / "run" / "notes.txt"), "mine\n");
  EXPECT_EQ(read_file(trial / "more" / "x"), "mine\n");
  for (const char* gone : {"run/metrics.jsonl", "run/checkpoints", "architecture.json"}) {
    EXPECT_FALSE(fs::exists(trial / gone)) << gone;
  }
}

TEST_F(TrialByScript, KeptRunsAreKept) {
  setup_.keep_runs = true;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(std::holds_alternative<Outcome>(evaluate()));
  EXPECT_EQ(left(), (std::vector<std::string>{"trial-000000-1", "trial-000000-1-2"}));
  EXPECT_TRUE(fs::exists(setup_.folder / "trial-000000-1" / "run" / "metrics.jsonl"));
}

TEST_F(TrialByScript, FaultsOfTheMachineAreNotTheNetworks) {
  const std::string failure =
      R"(echo '{"kind": "io", "step": 3, "message": "the disk is full"}' > "$out/failure.json"; exit 1)";
  program(failure);
  EXPECT_EQ(fault(), "the disk is full");
  program("echo 'is of build A, and spinenet, which started it, of build B' >&2; exit 2");
  EXPECT_NE(fault().find("of build B"), std::string::npos);
  program("exit 1");
  EXPECT_NE(fault().find("left no reason"), std::string::npos);
  program("kill -9 $$");
  EXPECT_NE(fault().find("signal 9"), std::string::npos);
  program("exit 0");
  EXPECT_NE(fault().find("metrics.jsonl"), std::string::npos) << "it measured nothing";
  program(R"(echo 'half a li' > "$out/metrics.jsonl")");
  EXPECT_NE(fault().find("metrics.jsonl"), std::string::npos);
  program(R"(echo 'no JSON' > "$out/failure.json"; exit 1)");
  EXPECT_NE(fault().find("failure.json"), std::string::npos);
  put(setup_.program.path, "not a program");
  fs::permissions(setup_.program.path, fs::perms(0644));
  EXPECT_NE(fault().find("cannot be started"), std::string::npos);
  fs::remove(setup_.program.path);
  EXPECT_NE(fault().find("cannot be started"), std::string::npos);
  setup_.folder = folder_ / "nowhere";
  EXPECT_NE(fault().find("nowhere"), std::string::npos);
}

TEST_F(TrialByScript, ALossThatIsNotFiniteIsTheNetworks) {
  program(
      R"(echo '{"kind": "non_finite_loss", "step": 3, "message": "the loss is nan"}' > "$out/failure.json"; exit 1)");
  EXPECT_EQ(charge(evaluate()), "non_finite");
  EXPECT_EQ(left().size(), 1U) << "a failed run stays to be looked at";
}

// The same with proxy.inherit: trainings of four epochs that leave "own weights".
class InheritingTrial : public TrialByScript {
 protected:
  void SetUp() override {
    TrialByScript::SetUp();
    setup_.task.recipe.space = arch::named_search_space("spinenet-49");
    setup_.task.recipe.proxy.inherit = true;
    setup_.task.recipe.proxy.epochs = 4;
    setup_.weights = &weights_.emplace(folder_ / "weights", kWeightsFolder);
    program(kTrains);
  }

  // An earlier trial of the same network.
  Trial ended(double score, double age, std::string_view weights) const {
    const auto& backbone = std::get<arch::ScalePermuted>(setup_.task.base.backbone);
    Trial trial;
    trial.number = std::ssize(earlier_);
    trial.state = TrialState::complete;
    trial.choices = arch::choices_of(setup_.task.recipe.space, backbone);
    trial.measurement = {score, {{"epochs", 4}, {"age", age}, {"uncorrected_score", score}}};
    trial.measurement.weights = keep_weights(*weights_, weights);
    return trial;
  }
  Measurement measured() const { return std::get<Outcome>(evaluate(std::ssize(earlier_))).measurement; }
  std::string kept(const Measurement& measurement) const {
    return read_weights(*weights_, measurement.weights).bytes.value_or("none");
  }

  static constexpr const char* kTrains = R"(echo '{"step": 1, "AP": 0.25}' > "$out/metrics.jsonl"
printf 'own weights' > "$out/last.safetensors"
if [ -f "$out/../parent.safetensors" ]; then cp "$out/../parent.safetensors" "$0.parent"; fi)";
  std::optional<OwnedFolder> weights_;
};

TEST_F(InheritingTrial, TheFirstBeginsWithNewWeightsAndLeavesItsOwn) {
  const Measurement measurement = measured();
  EXPECT_EQ(kept(measurement), "own weights");
  EXPECT_EQ(measurement.score, 0.25);
  EXPECT_EQ(measurement.metrics.at("uncorrected_score"), 0.25);
  EXPECT_EQ(measurement.metrics.at("inherited"), 0);
  EXPECT_EQ(measurement.metrics.at("age"), 4);
  EXPECT_FALSE(measurement.metrics.contains("parent"));
  EXPECT_EQ(arguments().find("init.weights"), std::string::npos) << arguments();
  EXPECT_TRUE(left().empty());
}

TEST_F(InheritingTrial, OthersBeginWithTheWeightsOfTheirParentAndAreCorrectedForAge) {
  earlier_.push_back(ended(0.1, 4, "first weights"));
  earlier_.push_back(ended(0.2, 12, "second weights"));
  const Measurement measurement = measured();
  EXPECT_EQ(read_file(setup_.program.path.string() + ".parent"), "second weights");
  EXPECT_NE(arguments().find("--set init.weights=" + (setup_.folder / "trial-000002-1/parent.safetensors").string()),
            std::string::npos)
      << arguments();
  EXPECT_EQ(measurement.metrics.at("parent"), 1);
  EXPECT_EQ(measurement.metrics.at("inherited"), 1) << "of the same network";
  EXPECT_EQ(measurement.metrics.at("age"), 16);
  EXPECT_EQ(measurement.metrics.at("AP"), 0.25) << "as it was measured";
  EXPECT_EQ(measurement.metrics.at("uncorrected_score"), 0.25);
  // 0.1 for the factor of three between the ages of the two, so for a factor of four:
  EXPECT_NEAR(measurement.score, 0.25 - 0.1 / std::log2(3.0) * 2, 1e-12);
  EXPECT_EQ(kept(measurement), "own weights");
  EXPECT_TRUE(left().empty()) << "the copy of the parent's weights is gone, too";
}

TEST_F(InheritingTrial, ThePriceComesBeforeTheCorrection) {
  earlier_.push_back(ended(0.1, 4, "first weights"));
  earlier_.push_back(ended(0.2, 8, "second weights"));
  setup_.task.recipe.price = {"parameters", 1, -0.1, true};
  const Measurement measurement = measured();
  const double priced = 0.25 * std::pow(measurement.metrics.at("parameters"), -0.1);
  EXPECT_NEAR(measurement.metrics.at("uncorrected_score"), priced, 1e-12);
  EXPECT_NEAR(measurement.score, priced - 0.1 * std::log2(3.0), 1e-12);
}

TEST_F(InheritingTrial, WithoutItsParentsWeightsItIsMarked) {
  earlier_.push_back(ended(0.1, 8, "first weights"));
  const fs::path file = weights_->path() / earlier_[0].measurement.weights;
  const auto expect_marked = [&](const char* words) {
    testing::internal::CaptureStderr();
    const Measurement measurement = measured();
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("trial 1 begins with new weights instead of those of trial 0"), std::string::npos) << log;
    EXPECT_NE(log.find(words), std::string::npos) << log;
    EXPECT_EQ(log.find("begins with", log.find("begins with") + 1), std::string::npos) << "said once: " << log;
    EXPECT_EQ(measurement.metrics.at("inherited"), 0);
    EXPECT_EQ(measurement.metrics.at("parent"), 0);
    EXPECT_EQ(measurement.metrics.at("age"), 4);
    EXPECT_EQ(arguments().find("init.weights"), std::string::npos) << arguments();
  };
  put(file, "first weightz");
  expect_marked("damaged");
  fs::remove(file);
  expect_marked("cannot");
}

TEST_F(InheritingTrial, OneThatEndsAtARungLeavesNoWeights) {
  setup_.task.recipe.halving = {{1}, 0.75, 1};
  earlier_.push_back(ended(0.1, 4, "first weights"));
  earlier_.push_back(ended(0.2, 8, "second weights"));
  earlier_[0].measurement.metrics["rung0"] = earlier_[1].measurement.metrics["rung0"] = 0.3;
  const Measurement measurement = measured();
  EXPECT_EQ(measurement.metrics.at("epochs"), 1);
  EXPECT_EQ(measurement.metrics.at("age"), 9);
  EXPECT_NEAR(measurement.metrics.at("rung0"), 0.25 - 0.1 * std::log2(9.0), 1e-12) << "beside one epoch from scratch";
  EXPECT_NEAR(measurement.score, 0.25 - 0.1 * std::log2(9.0 / 4), 1e-12);
  EXPECT_EQ(measurement.weights, "");
  earlier_[0].measurement.metrics["rung0"] = -0.1;
  EXPECT_EQ(measured().metrics.at("epochs"), 4);
  EXPECT_EQ(kept(measured()), "own weights");
}

TEST_F(InheritingTrial, WeightsThatCannotBeReadOrKeptAreAFaultOfTheMachine) {
  program(R"(echo '{"step": 1, "AP": 0.25}' > "$out/metrics.jsonl")");
  EXPECT_NE(fault().find("last.safetensors"), std::string::npos) << fault();
  program(kTrains);
  fs::remove_all(weights_->path());
  EXPECT_NE(fault().find("weights"), std::string::npos) << fault();
}

}  // namespace
}  // namespace spinenet::search
