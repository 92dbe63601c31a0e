// What a network is trained to do. Everything that differs from task to task stands behind this: the data, the
// programs, what a batch costs, what is measured, what the report shows. The loop, the step, checkpoints and logs are
// the same for all tasks.
//
// Invariant: programs() and classes() never change. Thread contract: belongs to the thread that trains.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arch/architecture.h"
#include "base/progress.h"
#include "data/loading/loader.h"
#include "formats/model_file.h"
#include "plot/report.h"
#include "train/run_data.h"
#include "train/run_record.h"
#include "train/trainer.h"

namespace spinenet::train {

using NamedNumbers = std::vector<std::pair<std::string, double>>;

// A chart of the report: series of metrics.jsonl by their keys.
struct CurveKeys {
  std::string title, y_label;
  std::vector<std::string> keys;
};

class TrainTask {
 public:
  virtual ~TrainTask() = default;

  virtual arch::Task kind() const = 0;
  virtual const std::vector<graph::Program>& programs() const = 0;
  // In the order of the class outputs, with the ids of the data.
  virtual const std::vector<formats::ModelClass>& classes() const = 0;

  virtual const data::Dataset& training_set() const = 0;
  // Of the sets that are learned from and measured on.
  virtual const DataRecord& data_record() const = 0;
  // What batches for losses() need beside the options that all tasks share.
  virtual data::LoaderOptions training_loader(data::LoaderOptions common) const = 0;
  virtual BatchLosses losses(const BatchPass& pass) const = 0;

  // Whether there is anything to measure on.
  virtual bool measures() const = 0;
  // The number that decides which model is the best: the first one of measure(). Greater is better, -1 undefined.
  virtual std::string_view main_metric() const = 0;
  // Of these weights (of parameters_of_all(programs())) on the validation set; the first three are shown in the log.
  virtual NamedNumbers measure(const nn::Parameters& parameters, const ProgressOptions& bar) const = 0;

  virtual std::vector<CurveKeys> curves() const = 0;
  // Headline, classes, confusion and sample images. Nothing without a validation set.
  virtual void add_evaluation(plot::ReportData& report, const nn::Parameters& best,
                              const ProgressOptions& bar) const = 0;
  // What a model file must say beside the architecture, the classes and the size.
  virtual std::map<std::string, std::string> model_facts() const { return {}; }
};

// How a validation set is read: in order, in small batches.
data::LoaderOptions measuring_loader(const Recipe& recipe);

// ErrorKind::bad_data when the data is not there or does not go together. With `making`, data that the recipe asks to
// make is made (one process of a machine does).
std::unique_ptr<TrainTask> make_task(const Recipe& recipe, const arch::Architecture& architecture,
                                     const ScenesMaking* making);

}  // namespace spinenet::train
