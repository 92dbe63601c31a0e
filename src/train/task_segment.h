// Training a two-stage detector: boxes and masks of a COCO-style set, the losses of Mask R-CNN, COCO's average
// precision of masks and of boxes.
#pragma once

#include "detect/anchors.h"
#include "detect/detections.h"
#include "graph/lower_two_stage.h"
#include "train/run_data.h"
#include "train/task.h"

namespace spinenet {

class SegmentTask final : public TrainTask {
 public:
  // ErrorKind::bad_data when the training set has no masks.
  SegmentTask(const Recipe& recipe, const Architecture& architecture, RunData data);

  Task kind() const override { return Task::segment; }
  const std::vector<Program>& programs() const override { return programs_; }
  const std::vector<ModelClass>& classes() const override { return classes_; }
  const Dataset& training_set() const override { return *data_.train; }
  LoaderOptions training_loader(LoaderOptions common) const override;
  BatchLosses losses(const BatchPass& pass) const override;
  bool measures() const override { return data_.val != nullptr; }
  // Of masks. Those of boxes are called box_AP and so on.
  std::string_view main_metric() const override { return "AP"; }
  NamedNumbers measure(const Parameters& parameters) const override;
  std::vector<CurveKeys> curves() const override;
  void add_evaluation(ReportData& report, const Parameters& best) const override;
  // How many proposals were measured with, so that predict and eval take as many.
  std::map<std::string, std::string> model_facts() const override;

 private:
  // In the order of the validation set.
  std::vector<Result> segment_validation(const Parameters& parameters) const;

  Recipe recipe_;
  RunData data_;
  std::vector<ModelClass> classes_;
  std::vector<Program> programs_;
  AnchorOptions anchor_options_;
  std::vector<double> box_thresholds_;
  std::vector<Box> anchors_;
};

}  // namespace spinenet
