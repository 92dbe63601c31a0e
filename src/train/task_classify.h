// Training a classifier: images with one class each, cross-entropy, accuracy of the best class.
#pragma once

#include "eval/top_k.h"
#include "train/class_data.h"
#include "train/task.h"

namespace spinenet::train {

// The cross-entropy of a batch with image labels; the one program has the output class.
BatchLosses classification_batch_losses(const BatchPass& pass, const nn::ClassificationLossOptions& options);

class ClassifyTask final : public TrainTask {
 public:
  ClassifyTask(const Recipe& recipe, const arch::Architecture& architecture, ClassData data);

  arch::Task kind() const override { return arch::Task::classify; }
  const std::vector<graph::Program>& programs() const override { return programs_; }
  const std::vector<formats::ModelClass>& classes() const override { return classes_; }
  const data::Dataset& training_set() const override { return *data_.train; }
  const DataRecord& data_record() const override { return data_.record; }
  data::LoaderOptions training_loader(data::LoaderOptions common) const override;
  BatchLosses losses(const BatchPass& pass) const override {
    return classification_batch_losses(pass, recipe_.classify.loss);
  }
  bool measures() const override { return data_.val != nullptr; }
  std::string_view main_metric() const override { return "top1"; }
  NamedNumbers measure(const nn::Parameters& parameters, const ProgressOptions& bar) const override;
  std::vector<CurveKeys> curves() const override;
  void add_evaluation(plot::ReportData& report, const nn::Parameters& best, const ProgressOptions& bar) const override;
  std::map<std::string, std::string> model_facts() const override;

 private:
  // In the order of the validation set, less images that cannot be read.
  std::vector<eval::Classified> classify_validation(const nn::Parameters& parameters, const ProgressOptions& bar) const;

  Recipe recipe_;
  ClassData data_;
  std::vector<formats::ModelClass> classes_;
  std::vector<graph::Program> programs_;
};

}  // namespace spinenet::train
