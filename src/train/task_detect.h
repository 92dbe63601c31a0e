// Training a detector: boxes of a COCO-style set, the losses of RetinaNet or of YOLOv4, COCO's average precision.
#pragma once

#include "detect/detections.h"
#include "nn/losses.h"
#include "train/run_data.h"
#include "train/task.h"
#include "train/validate.h"

namespace spinenet::train {

// The focal and the box loss of a batch with anchor labels; the one program has the outputs class.p3.., box.p3...
BatchLosses detection_batch_losses(const BatchPass& pass, const nn::LossOptions& options);

class DetectTask final : public TrainTask {
 public:
  DetectTask(const Recipe& recipe, const arch::Architecture& architecture, RunData data);

  arch::Task kind() const override { return arch::Task::detect; }
  const std::vector<graph::Program>& programs() const override { return programs_; }
  const std::vector<formats::ModelClass>& classes() const override { return classes_; }
  const data::Dataset& training_set() const override { return *data_.train; }
  const DataRecord& data_record() const override { return data_.record; }
  data::LoaderOptions training_loader(data::LoaderOptions common) const override;
  BatchLosses losses(const BatchPass& pass) const override;
  bool measures() const override { return data_.val != nullptr; }
  std::string_view main_metric() const override { return "AP"; }
  NamedNumbers measure(const nn::Parameters& parameters, const ProgressOptions& bar) const override;
  std::vector<CurveKeys> curves() const override;
  void add_evaluation(plot::ReportData& report, const nn::Parameters& best, const ProgressOptions& bar) const override;

 private:
  // In the order of the validation set.
  std::vector<detect::Result> detect_validation(const nn::Parameters& parameters, const ProgressOptions& bar) const;

  Recipe recipe_;
  RunData data_;
  std::vector<formats::ModelClass> classes_;
  std::vector<graph::Program> programs_;
  detect::YoloAnchors yolo_anchors_;  // of a YOLO head
  HeadCells head_;
  detect::PostprocessOptions post_;
};

}  // namespace spinenet::train
