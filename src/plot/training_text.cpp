#include "plot/training_text.h"

#include <algorithm>
#include <filesystem>

#include "base/format.h"
#include "base/printable.h"
#include "base/progress.h"
#include "base/score_text.h"
#include "base/shell_text.h"
#include "base/text_table.h"

namespace spinenet::plot {
namespace {

// "1 step", "2 steps"
std::string counted(int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string aim_text(const TrainingPlan& plan) {
  const std::string classes = fmt::format("{} class{}", plan.classes, plan.classes == 1 ? "" : "es");
  switch (plan.task) {
    case arch::Task::detect:
      return fmt::format("to find objects of {}", classes);
    case arch::Task::segment:
      return fmt::format("to find objects of {} and their masks", classes);
    case arch::Task::classify:
      return fmt::format("to tell {} apart", classes);
  }
  return "";
}

std::string place_text(const TrainingPlan& plan) {
  const std::string place = plan.device == "cpu" ? fmt::format("the CPU with {}", counted(plan.threads, "thread"))
                                                 : "the GPU " + printable(plan.device);
  const std::string processes =
      plan.processes > 1 ? fmt::format(", as one of {} processes that share each batch", plan.processes) : "";
  return fmt::format("It runs on {} in {}{}.\n", place, plan.precision, processes);
}

std::string beginning_text(const TrainingPlan& plan) {
  if (plan.first_step > 0) return fmt::format("going on behind step {}", plan.first_step);
  return plan.weights.empty() ? "from scratch" : "beginning with " + printable(plan.weights);
}

std::string resume_command(const TrainingPlan& plan) {
  return "spinenet train --resume --out " + shell_word(plan.folder);
}

std::string how_it_ended(const TrainingPlan& plan, const Json& summary) {
  const auto step = summary.at("step").get<int64_t>(), total = summary.at("total_steps").get<int64_t>();
  const std::string taken = duration_text(summary.at("seconds").get<double>());
  const std::string of_all = fmt::format("{} of {}", step, counted(total, "step"));
  if (summary.at("stopped_by_signal").get<bool>()) {
    return fmt::format("Stopped by a signal after {}, in {}. {} goes on.\n", of_all, taken, resume_command(plan));
  }
  if (summary.at("paused").get<bool>()) {
    return fmt::format("Paused after {}, in {}. {} goes on.\n", of_all, taken, resume_command(plan));
  }
  if (step < total) {
    return fmt::format("Ended early after {}, in {}: {} had become no better.\n", of_all, taken, plan.metric);
  }
  const double rate = summary.at("images_per_second").get<double>();
  const std::string pace = rate > 0 ? fmt::format(", {:.1f} images a second", rate) : "";
  const int64_t wished = plan.epochs * plan.steps_per_epoch;
  if (plan.max_minutes > 0 && step < wished) {
    return fmt::format("Trained {} of {} in {}{}.\nThe {} ended it; {} --set max_minutes={:g} goes on.\n", step,
                       counted(wished, "step"), taken, pace, minutes_text(plan.max_minutes), resume_command(plan),
                       2 * plan.max_minutes);
  }
  return fmt::format("Trained {} in {}{}.\n", counted(step, "step"), taken, pace);
}

std::string best_text(const TrainingPlan& plan, const Json& summary) {
  const auto best = summary.value("best_" + plan.metric, -1.0), last = summary.value(plan.metric, -1.0);
  if (best < 0) return "";
  const std::string at = fmt::format("The best measurement is {} at step {}", named_score(plan.metric, best),
                                     summary.at("best_step").get<int64_t>());
  const std::string then = last >= 0 ? fmt::format(", the last one {}", score_text(last)) : "";
  return fmt::format("{}{}: the best model is {}/best.safetensors.\n", at, then, printable(plan.folder));
}

std::string faults_text(const Json& summary) {
  std::string text;
  if (const auto skipped = summary.at("skipped_steps").get<int64_t>(); skipped > 0) {
    text += fmt::format("{} skipped, as the loss was not finite.\n",
                        skipped == 1 ? "1 step was" : fmt::format("{} steps were", skipped));
  }
  if (const Json& bad = summary.at("bad_images"); !bad.empty()) {
    text += fmt::format("{} not be read and {} left out, such as {}.\n",
                        counted(static_cast<int64_t>(bad.size()), "image") + " could", bad.size() == 1 ? "was" : "were",
                        printable(bad.front().get<std::string>()));
  }
  return text;
}

std::string next_commands(const TrainingPlan& plan) {
  const std::string run = shell_word(plan.folder);
  const std::string name = std::filesystem::path(plan.folder).lexically_normal().filename().string();
  const std::string images = plan.validation_folder.empty() ? "IMAGE" : shell_word(plan.validation_folder);
  std::string text = fmt::format("Next:\n  spinenet predict {} {} --out drawn\n", run, images);
  if (!plan.validation_folder.empty()) {
    text += fmt::format("  spinenet eval {}{} --images {}\n", run,
                        plan.annotations.empty() ? "" : " --annotations " + shell_word(plan.annotations), images);
  }
  return text +
         fmt::format("  spinenet export {} --onnx {}\n", run, shell_word((name.empty() ? "model" : name) + ".onnx"));
}

}  // namespace

std::string plan_text(const TrainingPlan& plan) {
  std::string text = fmt::format("{} learns {} at {} x {} pixels, {}.\n", printable(plan.architecture), aim_text(plan),
                                 plan.image_size, plan.image_size, beginning_text(plan));
  text += fmt::format("It has {} parameters and computes {} multiply-adds for an image.\n",
                      short_count(plan.parameters), short_count(plan.multiply_adds));
  const std::string measured = plan.validation_images > 0
                                   ? fmt::format(", {} to measure {} on", plan.validation_images, plan.metric)
                                   : ", none to measure on";
  text += fmt::format("There are {} to learn from{}.\n", counted(plan.images, "image"), measured);
  text += fmt::format(
      "{} of {} with {} each are {}{}.\n", counted(plan.epochs, "epoch"), counted(plan.steps_per_epoch, "step"),
      counted(plan.batch, "image"), counted(plan.total_steps, "step"),
      plan.max_minutes > 0 ? fmt::format(", fewer where they take more than {}", minutes_text(plan.max_minutes)) : "");
  text += place_text(plan);
  text += fmt::format(
      "{} will have the recipe, metrics.jsonl, TensorBoard events, checkpoints, best.safetensors, last.safetensors and "
      "report.html.\n",
      printable(plan.folder));
  return text + fmt::format("Ctrl-C ends it with a checkpoint; {} goes on.", resume_command(plan));
}

std::string pace_text(const TrainingPlan& plan, int64_t done, double seconds_per_step) {
  const double of_steps = static_cast<double>(plan.total_steps - done) * seconds_per_step;
  const double spent = static_cast<double>(done - plan.first_step) * seconds_per_step;
  const double of_minutes = std::max(0.0, plan.seconds_for_steps - spent);
  const bool minutes_end_it = plan.max_minutes > 0 && of_minutes < of_steps;
  const std::string step =
      seconds_per_step < 10 ? fmt::format("{:.2f} s", seconds_per_step) : duration_text(seconds_per_step);
  if (!minutes_end_it) {
    return fmt::format("A step takes {}: about {} to go, and the measurements.", step, duration_text(of_steps));
  }
  return fmt::format("A step takes {}: about {} to go, and the measurements; {} {} it before all {} are done.", step,
                     duration_text(of_minutes), minutes_text(plan.max_minutes), plan.max_minutes == 1 ? "ends" : "end",
                     counted(plan.total_steps, "step"));
}

std::string end_text(const TrainingPlan& plan, const Json& summary) {
  const bool goes_on = summary.at("stopped_by_signal").get<bool>() || summary.at("paused").get<bool>();
  std::string text = how_it_ended(plan, summary) + best_text(plan, summary) + faults_text(summary);
  if (goes_on) return text;
  return text + fmt::format("The report is {}/report.html.\n", printable(plan.folder)) + next_commands(plan);
}

}  // namespace spinenet::plot
