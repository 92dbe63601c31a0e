#include "train/resume.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::train {
namespace {

std::string refusal(const Recipe& before, const Recipe& now) {
  try {
    require_resumable(before, now, {"runs/x/recipe.yaml", "runs/x"});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

Recipe with(const std::string& setting) {
  Recipe recipe;
  apply_setting(recipe, setting);
  return recipe;
}

TEST(Resume, WhatMayChangeIsAKeyOfARecipe) {
  Recipe recipe;
  const FieldList fields = fields_of(recipe);
  for (const std::string_view key : resumable_keys()) EXPECT_NE(find_field(fields, key), nullptr) << key;
}

TEST(Resume, WhereAndHowLongItTrainsMayChange) {
  for (const char* setting : {"threads=7", "device=cpu", "data.loader_threads=9", "data.root=/elsewhere",
                              "data.bad_images=skip", "epochs=351", "max_minutes=3", "early_stop=4", "eval_every=5",
                              "log_every=1", "checkpoint_every=1", "schedule.decay_steps=40"}) {
    EXPECT_EQ(refusal(Recipe(), with(setting)), "") << setting;
  }
}

TEST(Resume, WhatWouldMakeAnotherRunIsNamedWithBothValues) {
  for (const auto& [setting, told] :
       {std::pair{"batch=4", "batch is 8, not 4"}, std::pair{"seed=9", "seed is 1, not 9"},
        std::pair{"optimizer.learning_rate=0.5", "optimizer.learning_rate is 0.28, not 0.5"},
        std::pair{"schedule.kind=step", "schedule.kind is cosine, not step"},
        std::pair{"data.hold_out=0.5", "data.hold_out is 0, not 0.5"},
        std::pair{"architecture.block_repeats=3", "architecture.block_repeats is null, not 3"},
        std::pair{"precision=bf16", "precision is fp32, not bf16"},
        std::pair{"epochs=349", "epochs is 350 and can only be raised, not set to 349"}}) {
    const std::string message = refusal(Recipe(), with(setting));
    EXPECT_NE(message.find(told), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("runs/x/recipe.yaml: ")) << message;
    EXPECT_NE(message.find("init.weights=runs/x/best.safetensors"), std::string::npos) << message;
  }
  Recipe two = with("batch=4");
  two.seed = 3;
  two.threads = 5;
  EXPECT_NE(refusal(Recipe(), two).find("batch is 8, not 4; seed is 1, not 3;"), std::string::npos)
      << refusal(Recipe(), two);
}

TEST(Resume, TheRecipeOfTheCommandLineIsComparedInWhatItSays) {
  const spinenet::fixture::ScratchFolder scratch;
  Recipe own;
  own.batch = 4;
  own.data.root = "/data";  // by --set when the run began
  const auto note = [&](const char* text) {
    spinenet::fixture::put_file(scratch / "a.yaml", text);
    testing::internal::CaptureStderr();
    tell_own_recipe(own, scratch / "a.yaml");
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(note("batch: 4\n"), "");
  EXPECT_NE(note("batch: 16\nepochs: 350\n").find("not taken over: batch 4 -> 16; --set"), std::string::npos);
  EXPECT_THROW(note("batch: none\n"), Error);
  testing::internal::GetCapturedStderr();
  EXPECT_NO_THROW(tell_own_recipe(own, ""));
}

// The rate of a constant run stays where it is, until a decay is asked for.
TEST(Resume, AConstantRateIsNotStretched) {
  ResumedRun run;
  run.before.epochs = 6;
  run.before.schedule.kind = ScheduleKind::constant;
  run.before.schedule.warmup_steps = 0;
  run.before.optimizer.learning_rate = 0.5;
  run.now = run.before;
  run.progression.step = run.progression.total_steps = 30;
  run.steps_per_epoch = 5;
  const auto told = [&] { return fmt::format("{}", fmt::join(notes_of(run), "\n")); };
  run.now.epochs = 8;
  EXPECT_NE(told().find("(constant) is not stretched: the learning rate goes on at 0.5, it was 0.5"), std::string::npos)
      << told();
  run.now.schedule.decay_steps = 20;
  EXPECT_NE(told().find("goes on at 0.25, it was 0.5"), std::string::npos) << told();
  run.now.epochs = 6;
  run.progression.step = 20;
  EXPECT_NE(told().find("goes on at 0.25, it was 0.5"), std::string::npos) << told();
}

TEST(Resume, ARunThatHadACheckpointIsNotBegunAgain) {
  using spinenet::fixture::put_file;
  const auto refused = [](const std::filesystem::path& run) -> std::string {
    try {
      require_unbegun(run, 10);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      return error.what();
    }
    return "";
  };
  const spinenet::fixture::ScratchFolder scratch;
  const auto run = [&](const char* name, const char* file, const char* text) {
    std::filesystem::create_directories((scratch / name / file).parent_path());
    put_file(scratch / name / file, text);
    return scratch / name;
  };
  EXPECT_EQ(refused(scratch / "none"), "");
  EXPECT_EQ(refused(run("young", "metrics.jsonl", "{\"step\":10,\"loss\":1}\n{\"step\":5")), "");
  EXPECT_EQ(refused(run("odd", "metrics.jsonl", "\n{}\n{\"step\":\"x\"}\n[1,2]\n")), "");
  EXPECT_NE(refused(run("late", "metrics.jsonl", "{\"step\":9}\n{\"step\":11,\"loss\":1}\n")).find("step 11"),
            std::string::npos);
  EXPECT_NE(refused(run("ended", "last.safetensors", "x")).find("came to its end"), std::string::npos);
  EXPECT_NE(refused(run("broken", "checkpoints/step-000000010.safetensors", "x")).find("broken"), std::string::npos);
}

// 6 epochs of 5 steps, all done.
ResumedRun finished_run() {
  ResumedRun run;
  run.before.epochs = run.now.epochs = 6;
  run.before.schedule.warmup_steps = run.now.schedule.warmup_steps = 0;
  run.progression.step = run.progression.total_steps = 30;
  run.steps_per_epoch = 5;
  run.place = "runs/x/checkpoints/step-000000030.safetensors";
  return run;
}

std::string notes(const ResumedRun& run) {
  return fmt::format("{}", fmt::join(notes_of(run), "\n"));
}

TEST(Resume, AFinishedRunIsMadeLongerAndItsScheduleStretched) {
  ResumedRun run = finished_run();
  EXPECT_EQ(total_steps_of(run), 30);
  EXPECT_NE(notes(run).find("all 30 steps are done; --set epochs=N with more than 6"), std::string::npos) << notes(run);
  run.now.epochs = 12;
  EXPECT_EQ(total_steps_of(run), 60);
  // Half of a cosine from 0.28 to 0.
  for (const char* part : {"changed: epochs 6 -> 12", "60 steps in all instead of 30, 30 are done", "(cosine)",
                           "goes on at 0.14, it was"}) {
    EXPECT_NE(notes(run).find(part), std::string::npos) << notes(run);
  }
  run.now.schedule.kind = run.before.schedule.kind = ScheduleKind::step;
  EXPECT_NE(notes(run).find("(step)"), std::string::npos) << notes(run);
  EXPECT_NE(notes(run).find("goes on at 0.28, it was 0.028"), std::string::npos) << notes(run);
}

TEST(Resume, ARunThatTheTimeEndedGoesOnWithMore) {
  ResumedRun run = finished_run();
  run.before.max_minutes = run.now.max_minutes = 2;
  run.progression.step = run.progression.total_steps = 17;
  EXPECT_EQ(total_steps_of(run), 17);
  EXPECT_NE(notes(run).find("max_minutes"), std::string::npos) << notes(run);
  run.now.max_minutes = 9;
  EXPECT_EQ(total_steps_of(run), 30);
  run.now.max_minutes = 0;
  EXPECT_EQ(total_steps_of(run), 30);
}

TEST(Resume, EarlyStopIsNamedWhereItEndedTheRun) {
  ResumedRun run = finished_run();
  run.progression.step = 20;
  run.progression.evaluations_without_gain = 3;
  EXPECT_EQ(notes(run), "");
  run.before.early_stop = run.now.early_stop = 3;
  EXPECT_NE(notes(run).find("early_stop ended the run after 3 measurements"), std::string::npos) << notes(run);
  run.now.early_stop = 0;
  EXPECT_EQ(notes(run), "changed: early_stop 3 -> 0");
}

// A run folder of a version that kept no record of its data: 8 images became 40.
TEST(Resume, AScheduleThatDoesNotFitTheDataIsRefused) {
  ResumedRun run = finished_run();
  run.steps_per_epoch = 25;
  try {
    total_steps_of(run);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    for (const char* part : {"step-000000030.safetensors", "30 steps", "150"}) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace spinenet::train
