// Training a detector: boxes of a COCO-style set, the losses of RetinaNet, COCO's average precision.
#pragma once

#include "detect/detections.h"
#include "nn/losses.h"
#include "train/run_data.h"
#include "train/task.h"

namespace spinenet {

// The focal and the box loss of a batch with anchor labels; the one program has the outputs class.p3.., box.p3...
BatchLosses detection_batch_losses(const BatchPass& pass, const LossOptions& options);

class DetectTask final : public TrainTask {
 public:
  DetectTask(const Recipe& recipe, const Architecture& architecture, RunData data);

  Task kind() const override { return Task::detect; }
  const std::vector<Program>& programs() const override { return programs_; }
  const std::vector<ModelClass>& classes() const override { return classes_; }
  const Dataset& training_set() const override { return *data_.train; }
  LoaderOptions training_loader(LoaderOptions common) const override;
  BatchLosses losses(const BatchPass& pass) const override { return detection_batch_losses(pass, recipe_.loss); }
  bool measures() const override { return data_.val != nullptr; }
  std::string_view main_metric() const override { return "AP"; }
  NamedNumbers measure(const Parameters& parameters) const override;
  std::vector<CurveKeys> curves() const override;
  void add_evaluation(ReportData& report, const Parameters& best) const override;

 private:
  // In the order of the validation set.
  std::vector<Result> detect_validation(const Parameters& parameters) const;

  Recipe recipe_;
  RunData data_;
  std::vector<ModelClass> classes_;
  std::vector<Program> programs_;
  std::vector<Box> anchors_;
};

}  // namespace spinenet
