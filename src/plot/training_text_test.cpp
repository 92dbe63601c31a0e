#include "plot/training_text.h"

#include <gtest/gtest.h>

namespace spinenet::plot {
namespace {

TrainingPlan example_plan() {
  TrainingPlan plan;
  plan.folder = "runs/easy";
  plan.architecture = "spinenet-49";
  plan.image_size = 128;
  plan.classes = 4;
  plan.images = 1000;
  plan.validation_images = 200;
  plan.parameters = 1'523'456;
  plan.multiply_adds = 141'200'000;
  plan.threads = 2;
  plan.batch = 16;
  plan.steps_per_epoch = 63;
  plan.epochs = 32;
  plan.total_steps = 2016;
  plan.max_minutes = 5;
  plan.seconds_for_steps = 285;
  plan.annotations = "my scenes/annotations/val.json";
  plan.validation_folder = "my scenes/val";
  return plan;
}

Json summary_at(int64_t step) {
  return {{"step", step},
          {"total_steps", 2016},
          {"AP", 0.851},
          {"best_AP", 0.8571},
          {"best_step", 1953},
          {"skipped_steps", 0},
          {"seconds", 482.3},
          {"images_per_second", 66.91},
          {"paused", false},
          {"stopped_by_signal", false},
          {"bad_images", Json::array()}};
}

TEST(TrainingText, SaysWhatWillBeDone) {
  EXPECT_EQ(plan_text(example_plan()),
            "spinenet-49 learns to find objects of 4 classes at 128 x 128 pixels, from scratch.\n"
            "It has 1.52 M parameters and computes 141.20 M multiply-adds for an image.\n"
            "There are 1000 images to learn from, 200 to measure AP on.\n"
            "32 epochs of 63 steps with 16 images each are 2016 steps, fewer where they take more than 5 minutes.\n"
            "It runs on the CPU with 2 threads in fp32.\n"
            "runs/easy will have the recipe, metrics.jsonl, TensorBoard events, checkpoints, best.safetensors, "
            "last.safetensors and report.html.\n"
            "Ctrl-C ends it with a checkpoint; spinenet train --resume --out runs/easy goes on.");
}

TEST(TrainingText, SaysWhatIsOtherwise) {
  TrainingPlan plan = example_plan();
  plan.task = arch::Task::classify;
  plan.weights = "begin.safetensors";
  plan.device = "cuda:1";
  plan.precision = "bf16";
  plan.processes = 2;
  plan.validation_images = 0;
  plan.max_minutes = 0;
  plan.folder = "my run";
  const std::string text = plan_text(plan);
  for (const char* part : {"learns to tell 4 classes apart at 128 x 128 pixels, beginning with begin.safetensors.\n",
                           ", none to measure on.\n", "are 2016 steps.\n",
                           "on the GPU cuda:1 in bf16, as one of 2 processes that share each batch.\n",
                           "--resume --out 'my run' goes on."}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
  }
  plan.first_step = 500;
  plan.task = arch::Task::segment;
  EXPECT_NE(plan_text(plan).find("objects of 4 classes and their masks at 128 x 128 pixels, going on behind step 500."),
            std::string::npos);
}

TEST(TrainingText, SaysHowLongItTakes) {
  TrainingPlan plan = example_plan();
  EXPECT_EQ(
      pace_text(plan, 20, 0.5),
      "A step takes 0.50 s: about 4:35 to go, and the measurements; 5 minutes end it before all 2016 steps are done.");
  EXPECT_EQ(pace_text(plan, 1616, 0.1), "A step takes 0.10 s: about 40 s to go, and the measurements.");
  plan.max_minutes = 0;
  EXPECT_EQ(pace_text(plan, 16, 0.5), "A step takes 0.50 s: about 16:40 to go, and the measurements.");
  plan.first_step = 1000;
  EXPECT_EQ(pace_text(plan, 1016, 75), "A step takes 1:15: about 20:50:00 to go, and the measurements.");
}

TEST(TrainingText, EndsWithWhatToDoNext) {
  EXPECT_EQ(end_text(example_plan(), summary_at(2016)),
            "Trained 2016 steps in 8:02, 66.9 images a second.\n"
            "The best measurement is AP 0.857 at step 1953, the last one 0.851: the best model is "
            "runs/easy/best.safetensors.\n"
            "The report is runs/easy/report.html.\n"
            "Next:\n"
            "  spinenet predict runs/easy 'my scenes/val' --out drawn\n"
            "  spinenet eval runs/easy --annotations 'my scenes/annotations/val.json' --images 'my scenes/val'\n"
            "  spinenet export runs/easy --onnx easy.onnx\n");
}

TEST(TrainingText, TellsWhereTheTimeEndedIt) {
  Json ended = summary_at(900);
  ended["total_steps"] = 900;
  EXPECT_TRUE(
      end_text(example_plan(), ended)
          .starts_with("Trained 900 of 2016 steps in 8:02, 66.9 images a second.\nThe 5 minutes ended it; spinenet "
                       "train --resume --out runs/easy --set max_minutes=10 goes on.\nThe best"));
}

TEST(TrainingText, EndsOtherwise) {
  Json ended = summary_at(900);
  EXPECT_TRUE(end_text(example_plan(), ended)
                  .starts_with("Ended early after 900 of 2016 steps, in 8:02: AP had become no better.\n"));
  ended["skipped_steps"] = 1;
  ended["bad_images"] = {"a.jpg: broken", "b.jpg: broken"};
  EXPECT_NE(end_text(example_plan(), ended)
                .find("1 step was skipped, as the loss was not finite.\n2 images could not be read and were left out, "
                      "such as a.jpg: broken.\n"),
            std::string::npos);
  ended["stopped_by_signal"] = true;
  ended["best_AP"] = -1;
  EXPECT_TRUE(end_text(example_plan(), ended)
                  .starts_with("Stopped by a signal after 900 of 2016 steps, in 8:02. spinenet train --resume --out "
                               "runs/easy goes on.\n1 step"));
  EXPECT_EQ(end_text(example_plan(), ended).find("Next:"), std::string::npos);
  ended["stopped_by_signal"] = false;
  ended["paused"] = true;
  EXPECT_TRUE(end_text(example_plan(), ended).starts_with("Paused after 900 of 2016 steps, in 8:02. "));
}

TEST(TrainingText, WithoutAValidationSetThereIsNothingToMeasure) {
  TrainingPlan plan = example_plan();
  plan.validation_folder = plan.annotations = "";
  Json ended = summary_at(2016);
  ended["best_AP"] = ended["AP"] = -1;
  const std::string text = end_text(plan, ended);
  EXPECT_EQ(text.find("best measurement"), std::string::npos) << text;
  EXPECT_EQ(text.find("eval"), std::string::npos) << text;
  EXPECT_NE(text.find("spinenet predict runs/easy IMAGE --out drawn\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace spinenet::plot
