#include "train/task_segment.h"

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/progress.h"
#include "detect/roi_sampler.h"
#include "eval/coco_ap.h"
#include "graph/anchors.h"
#include "runtime/segmenter.h"
#include "train/report_detect.h"
#include "train/segment_losses.h"

namespace spinenet::train {
namespace {

graph::Forward forward_of(const graph::Program& program, const nn::Parameters& parameters) {
  return [&program, &parameters](const HostTensor& input) {
    std::vector<HostTensor> outputs;
    const torch::Tensor x = nn::to_torch(input, parameters.values.device());
    for (const torch::Tensor& y : nn::forward(program, parameters, x, {})) outputs.push_back(nn::to_host(y));
    return outputs;
  };
}

void check_masks(const data::CocoDataset& data) {
  if (data.masks() == 0) {
    fail(ErrorKind::bad_data, "no object of the training annotations has a mask", "data.train_annotations",
         "add segmentations, or train with task: detect");
  }
  if (data.missing_masks() > 0) {
    log_warning(fmt::format("{} of {} training objects have no mask: they teach boxes only", data.missing_masks(),
                            data.masks() + data.missing_masks()));
  }
}

auto mask_numbers(const detect::Annotations& annotations, std::span<const detect::Result> results, eval::IouType iou) {
  eval::CocoEvalOptions options;
  options.iou = iou;
  return eval::named_numbers(eval::evaluate_coco(annotations, results, options).metrics);
}

}  // namespace

SegmentTask::SegmentTask(const Recipe& recipe, const arch::Architecture& architecture, RunData data)
    : recipe_(recipe),
      data_(std::move(data)),
      anchor_options_(graph::proposal_anchors(architecture)),
      box_thresholds_(architecture.two_stage.box_thresholds),
      levels_(runtime::levels_of(architecture)) {
  if (data_.stored != nullptr) check_masks(*data_.stored);
  if (data_.val) eval::require_masks(data_.val_annotations, "the validation annotations");
  for (const detect::Category& category : data_.classes) classes_.push_back({category.id, category.name});
  const int size = recipe_.image_size;
  programs_ = graph::programs_of(
      graph::lower_two_stage(architecture, {size, size, static_cast<int>(classes_.size()), recipe_.stochastic_depth}));
  anchors_ = detect::make_anchors(anchor_options_, size, size);
}

data::LoaderOptions SegmentTask::training_loader(data::LoaderOptions common) const {
  common.augment = recipe_.augment;
  common.anchors = anchors_;
  common.label.match = detect::kProposalMatch;
  return common;
}

BatchLosses SegmentTask::losses(const BatchPass& pass) const {
  return segment_batch_losses(pass, {anchors_, levels_.min_level, levels_.coarsest_stride, recipe_.seed,
                                     recipe_.two_stage, box_thresholds_, levels_.single_point});
}

std::vector<detect::Result> SegmentTask::segment_validation(const nn::Parameters& parameters,
                                                            const ProgressOptions& bar) const {
  const std::vector<nn::Parameters> parts = nn::parts_of(parameters, programs_);
  std::vector<graph::Forward> networks;
  for (size_t i = 0; i < programs_.size(); ++i) networks.push_back(forward_of(programs_[i], parts[i]));
  runtime::TwoStageForward network = runtime::two_stage_forward(std::move(networks), levels_);
  runtime::SegmenterOptions options;
  options.image_size = recipe_.image_size;
  options.classes = static_cast<int>(classes_.size());
  options.anchors = anchor_options_;
  options.proposals.pre_nms = recipe_.two_stage.proposals_before_nms;
  options.proposals.post_nms = recipe_.two_stage.proposals;
  const runtime::Segmenter segmenter(std::move(network), options);
  data::Loader loader(*data_.val, measuring_loader(recipe_));
  Progress progress("measure", data_.val->size(), bar);
  std::vector<detect::Result> results;
  int64_t done = 0;
  for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
    data::Batch batch = loader.next();
    if (batch.images == 0) continue;
    const runtime::NetworkInput input{{{batch.images, 3, batch.height, batch.width}, std::move(batch.pixels)},
                                      batch.letterboxes};
    const std::vector<std::vector<detect::Detection>> found = segmenter.segment(input);
    for (size_t i = 0; i < found.size(); ++i) {
      for (const detect::Detection& detection : found[i]) {
        results.push_back(
            detect::to_result(detection, batch.image_ids[i], classes_[static_cast<size_t>(detection.label)].id));
      }
    }
    progress.update(done += batch.images);
  }
  return results;
}

NamedNumbers SegmentTask::measure(const nn::Parameters& parameters, const ProgressOptions& bar) const {
  const std::vector<detect::Result> results = segment_validation(parameters, bar);
  NamedNumbers numbers;
  for (const auto& [name, value] : mask_numbers(data_.val_annotations, results, eval::IouType::segm)) {
    numbers.emplace_back(name, value);
  }
  std::ranges::copy(eval::class_agnostic_numbers(data_.val_annotations, results, eval::IouType::segm),
                    std::back_inserter(numbers));
  for (const auto& [name, value] : mask_numbers(data_.val_annotations, results, eval::IouType::bbox)) {
    numbers.emplace_back("box_" + std::string(name), value);
  }
  return numbers;
}

std::map<std::string, std::string> SegmentTask::model_facts() const {
  return {{"proposals", std::to_string(recipe_.two_stage.proposals)},
          {"proposals_before_nms", std::to_string(recipe_.two_stage.proposals_before_nms)}};
}

std::vector<CurveKeys> SegmentTask::curves() const {
  std::vector<std::string> losses{"loss", "objectness_loss", "proposal_loss"};
  for (size_t stage = 0; stage < box_thresholds_.size(); ++stage) {
    losses.push_back(graph::stage_name("class_loss", stage));
    losses.push_back(graph::stage_name("box_loss", stage));
  }
  losses.emplace_back("mask_loss");
  return {{"Loss", "loss", std::move(losses)},
          {"Average precision of masks", "AP", {"AP", "AP50", "AP75"}},
          {"Average precision of boxes", "AP", {"box_AP", "box_AP50", "box_AP75"}},
          {"By object size", "AP", {"APs", "APm", "APl"}}};
}

void SegmentTask::add_evaluation(plot::ReportData& report, const nn::Parameters& best,
                                 const ProgressOptions& bar) const {
  if (data_.val) add_detections(report, data_, segment_validation(best, bar), eval::IouType::segm);
}

}  // namespace spinenet::train
