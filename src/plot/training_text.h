// A training in sentences: what it will do, how long it will take, what came of it and what to do next.
//
// Thread contract: plain data and pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "arch/task.h"
#include "base/json.h"

namespace spinenet::plot {

struct TrainingPlan {
  std::string folder;  // of the run
  std::string architecture;
  arch::Task task = arch::Task::detect;
  int image_size = 0;
  int64_t classes = 0, images = 0, validation_images = 0;
  int64_t parameters = 0, multiply_adds = 0;  // of the network, the latter for one image
  std::string weights = {};                   // the model that it begins with; "": none
  std::string device = "cpu", precision = "fp32";
  int threads = 1, processes = 1;
  int64_t batch = 1, steps_per_epoch = 0, epochs = 0;
  int64_t first_step = 0, total_steps = 0;
  double max_minutes = 0;                                // 0: no limit
  double seconds_for_steps = 0;                          // of max_minutes, from here on
  std::string metric = "AP";                             // that decides which model is the best
  std::string annotations = {}, validation_folder = {};  // as `spinenet eval` takes them; "": there is none
};

// Several lines, each a sentence or two.
std::string plan_text(const TrainingPlan& plan);

// Once some steps are timed: what is left of it. `done`: the steps that are done, of the run.
std::string pace_text(const TrainingPlan& plan, int64_t done, double seconds_per_step);

// Of the summary that train::train gives; with commands to go on with.
std::string end_text(const TrainingPlan& plan, const Json& summary);

}  // namespace spinenet::plot
