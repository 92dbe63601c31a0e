// Training a two-stage detector: boxes and masks of a COCO-style set, the losses of Mask R-CNN, COCO's average
// precision of masks and of boxes.
#pragma once

#include "detect/anchors.h"
#include "detect/detections.h"
#include "graph/lower_two_stage.h"
#include "runtime/two_stage.h"
#include "train/run_data.h"
#include "train/task.h"

namespace spinenet::train {

class SegmentTask final : public TrainTask {
 public:
  // ErrorKind::bad_data when the training set has no masks.
  SegmentTask(const Recipe& recipe, const arch::Architecture& architecture, RunData data);

  arch::Task kind() const override { return arch::Task::segment; }
  const std::vector<graph::Program>& programs() const override { return programs_; }
  const std::vector<formats::ModelClass>& classes() const override { return classes_; }
  const data::Dataset& training_set() const override { return *data_.train; }
  const DataRecord& data_record() const override { return data_.record; }
  data::LoaderOptions training_loader(data::LoaderOptions common) const override;
  BatchLosses losses(const BatchPass& pass) const override;
  bool measures() const override { return data_.val != nullptr; }
  // Of masks. Those of boxes are called box_AP and so on.
  std::string_view main_metric() const override { return "AP"; }
  NamedNumbers measure(const nn::Parameters& parameters, const ProgressOptions& bar) const override;
  std::vector<CurveKeys> curves() const override;
  void add_evaluation(plot::ReportData& report, const nn::Parameters& best, const ProgressOptions& bar) const override;
  // How many proposals were measured with, so that predict and eval take as many.
  std::map<std::string, std::string> model_facts() const override;

 private:
  // In the order of the validation set.
  std::vector<detect::Result> segment_validation(const nn::Parameters& parameters, const ProgressOptions& bar) const;

  Recipe recipe_;
  RunData data_;
  std::vector<formats::ModelClass> classes_;
  std::vector<graph::Program> programs_;
  detect::AnchorOptions anchor_options_;
  std::vector<double> box_thresholds_;
  runtime::PyramidLevels levels_;
  std::vector<detect::Box> anchors_;
};

}  // namespace spinenet::train
