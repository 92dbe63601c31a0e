#include "train/checkpoint.h"

#include <cerrno>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_kinds.h"

namespace spinenet::train {
namespace {

class Checkpoint : public testing::Test {
 protected:
  void SetUp() override {
    run_ = std::filesystem::temp_directory_path() / ("spinenet-checkpoint-" + std::to_string(::getpid()) + "-" +
                                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    folder_ = run_ / "checkpoints";
    std::filesystem::remove_all(run_);
  }
  void TearDown() override { std::filesystem::remove_all(run_); }

  static TrainState state_at(int64_t step) {
    TrainState state;
    for (nn::Parameters* p : {&state.parameters, &state.average}) {
      p->values = torch::arange(100, torch::kFloat32) + static_cast<double>(step);
      p->gradients = torch::zeros({100});
      p->statistics = torch::full({7}, static_cast<double>(step));
    }
    state.optimizer.moments = {torch::full({100}, 0.5 * static_cast<double>(step))};
    state.optimizer.updates = step;
    state.progression.step = step;
    state.progression.total_steps = 1000;
    state.progression.best_score = 0.1234567890123;
    state.progression.metrics_bytes = 77;
    return state;
  }
  int files() const { return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder_), {})); }
  void save(const TrainState& state, const FileLayer& layer = system_file_layer()) const {
    FolderClaim claim;
    claim.layer = &layer;
    save_checkpoint(OwnedFolder(run_, kTrainingRun, claim), state, "r");
  }

  std::optional<std::filesystem::path> load(TrainState& state) const {
    return load_checkpoint(folder_, state,
                           [](const std::string& recipe, const std::string&) { EXPECT_EQ(recipe, "r"); });
  }

  std::filesystem::path run_, folder_;
};

TEST_F(Checkpoint, GivesBackEveryBit) {
  const TrainState saved = state_at(12);
  save(saved);
  TrainState loaded = state_at(0);
  ASSERT_TRUE(load(loaded));
  EXPECT_TRUE(torch::equal(loaded.parameters.values, saved.parameters.values));
  EXPECT_TRUE(torch::equal(loaded.average.statistics, saved.average.statistics));
  EXPECT_TRUE(torch::equal(loaded.optimizer.moments[0], saved.optimizer.moments[0]));
  EXPECT_EQ(loaded.optimizer.updates, 12);
  EXPECT_EQ(loaded.progression.step, 12);
  EXPECT_EQ(loaded.progression.best_score, saved.progression.best_score);
  EXPECT_EQ(loaded.progression.metrics_bytes, 77);
}

TEST_F(Checkpoint, KeepsTheNewestTwo) {
  for (int64_t step = 1; step <= 5; ++step) save(state_at(step));
  EXPECT_EQ(files(), 2);
  TrainState loaded = state_at(0);
  load(loaded);
  EXPECT_EQ(loaded.progression.step, 5);
}

TEST_F(Checkpoint, AnEmptyOrMissingFolderIsNoCheckpoint) {
  TrainState state = state_at(0);
  EXPECT_FALSE(load(state));
}

TEST_F(Checkpoint, AFailureAtEveryCallLeavesThePreviousOne) {
  save(state_at(3));
  for (int failing = 0; failing < 20; ++failing) {
    int calls = 0;
    FileLayer layer = system_file_layer();
    const auto count = [&] { return calls++ == failing ? ENOSPC : 0; };
    layer.write = [&, real = layer.write](int fd, std::span<const char> bytes) {
      if (const int error = count()) {
        real(fd, bytes.first(bytes.size() / 2));  // the disk takes half of it
        return error;
      }
      return real(fd, bytes);
    };
    layer.sync = [&, real = layer.sync](int fd) { return count() ? ENOSPC : real(fd); };
    layer.rename = [&, real = layer.rename](const char* from, const char* to) {
      return count() ? ENOSPC : real(from, to);
    };
    FolderClaim claim;
    claim.layer = &layer;
    const OwnedFolder run(run_, kTrainingRun, claim);
    bool failed = false;
    try {
      save_checkpoint(run, state_at(4), "r");
    } catch (const Error& error) {
      failed = true;
      EXPECT_EQ(error.kind(), ErrorKind::io);
    }
    TrainState loaded = state_at(0);
    ASSERT_TRUE(load(loaded));
    EXPECT_EQ(loaded.progression.step, failed ? 3 : 4);
    if (!failed) return;
    EXPECT_EQ(files(), 1) << "a temporary file was left by call " << failing;
  }
  FAIL() << "no save went through";
}

TEST_F(Checkpoint, AFlippedOrMissingByteFallsBackToTheOneBefore) {
  save(state_at(1));
  save(state_at(2));
  const auto newest = folder_ / "step-000000002.safetensors";
  const std::string whole = read_file(newest);
  for (size_t at = 0; at < whole.size(); at += 13) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 0x20);
    std::ofstream(newest, std::ios::binary) << broken;
    TrainState loaded = state_at(0);
    ASSERT_TRUE(load(loaded)) << at;
    EXPECT_EQ(loaded.progression.step, 1) << "flipped byte " << at;
  }
  for (size_t length = 0; length < whole.size(); length += 101) {
    std::ofstream(newest, std::ios::binary) << whole.substr(0, length);
    TrainState loaded = state_at(0);
    ASSERT_TRUE(load(loaded)) << length;
    EXPECT_EQ(loaded.progression.step, 1) << "cut at " << length;
  }
}

TEST_F(Checkpoint, BrokenOnesOfLaterStepsMakeRoomForFreshOnes) {
  save(state_at(800));
  save(state_at(900));
  for (const char* name : {"step-000000800.safetensors", "step-000000900.safetensors"}) {
    std::ofstream(folder_ / name, std::ios::binary) << "broken";
  }
  save(state_at(3));
  TrainState loaded = state_at(0);
  ASSERT_TRUE(load(loaded));
  EXPECT_EQ(loaded.progression.step, 3);
}

TEST_F(Checkpoint, OfAnotherRecipeIsRefused) {
  save(state_at(1));
  TrainState state = state_at(0);
  try {
    load_checkpoint(folder_, state, [](const std::string& recipe, const std::string& place) {
      if (recipe != "another") fail(ErrorKind::bad_data, "another recipe", place);
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("step-000000001.safetensors: another recipe"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(state.progression.step, 0) << "nothing of it was taken";
}

TEST_F(Checkpoint, OfAnotherNetworkIsRefused) {
  save(state_at(1));
  TrainState state = state_at(0);
  state.parameters.values = torch::zeros({99});
  try {
    load(state);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("live.values"), std::string::npos) << error.what();
  }
}

TEST_F(Checkpoint, OneWithValuesThatAreNotFiniteIsRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  struct Broken {
    const char* name;
    torch::Tensor& (*tensor)(TrainState&);
    double value;
  };
  for (const Broken& broken : {
           Broken{"live.values", [](TrainState& s) -> torch::Tensor& { return s.parameters.values; }, nan},
           Broken{"live.statistics", [](TrainState& s) -> torch::Tensor& { return s.parameters.statistics; }, nan},
           Broken{"average.values", [](TrainState& s) -> torch::Tensor& { return s.average.values; }, infinity},
           Broken{"average.statistics", [](TrainState& s) -> torch::Tensor& { return s.average.statistics; }, nan},
           Broken{"optimizer.moment0", [](TrainState& s) -> torch::Tensor& { return s.optimizer.moments[0]; },
                  -infinity},
       }) {
    TrainState state = state_at(4);
    torch::Tensor& tensor = broken.tensor(state);
    tensor = tensor.clone();
    tensor[3] = broken.value;
    save(state);
    TrainState loaded = state_at(0);
    try {
      load(loaded);
      ADD_FAILURE() << broken.name << " was loaded";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      EXPECT_NE(std::string(error.what()).find(broken.name), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("not finite"), std::string::npos) << error.what();
    }
  }
}

TEST_F(Checkpoint, WhatAUserKeepsBesideThemStays) {
  save(state_at(1));
  for (const char* name : {"notes.txt", "step-000000009.safetensors.bak", "best-step.safetensors", "step-1"}) {
    std::ofstream(folder_ / name) << "precious";
  }
  for (int64_t step = 2; step < 6; ++step) save(state_at(step));
  EXPECT_EQ(files(), 6);
}

}  // namespace
}  // namespace spinenet::train
