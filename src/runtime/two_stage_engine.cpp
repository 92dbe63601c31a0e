// A session for each network and one worker group. Crops go from the trunk's maps to the head's input, both with the
// channels last.
#include "runtime/two_stage_engine.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "detect/roi_align.h"
#include "engine/run/session.h"

namespace spinenet::runtime {
namespace {

struct Roi {
  int64_t image = 0;
  detect::Box box;
  int label = 0;
};

// Runs the plans. The trunk's features stay where its session has them until its next run.
class TwoStageSession {
 public:
  TwoStageSession(const TwoStagePlans& plans, const PyramidLevels& levels)
      : levels_(levels),
        workers_(std::make_shared<kernels::WorkerGroup>(plans.trunk->threads)),
        trunk_(plans.trunk, workers_),
        mask_head_(plans.mask_head, workers_) {
    for (const auto& head : plans.box_heads) box_heads_.emplace_back(head, workers_);
  }

  std::vector<HostTensor> run_trunk(const HostTensor& input) {
    const int64_t images = trunk_.read(input.data);
    trunk_.compute(images);
    std::vector<HostTensor> outputs;
    for (size_t i = level_count(); i < trunk_.plan().outputs.size(); ++i) outputs.push_back(trunk_.write(i, images));
    return outputs;
  }

  std::vector<HostTensor> run_box_head(size_t stage, std::span<const std::vector<detect::Box>> boxes) {
    engine::Session& head = box_heads_[stage];
    std::vector<Roi> rois;
    for (size_t image = 0; image < boxes.size(); ++image) {
      for (const detect::Box& box : boxes[image]) rois.push_back({static_cast<int64_t>(image), box, 0});
    }
    std::vector<HostTensor> outputs;
    for (const engine::PlanOutput& output : head.plan().outputs) {
      outputs.push_back({{static_cast<int64_t>(rois.size()), output.map.shape.channels, 1, 1}, {}});
    }
    run_head(head, rois, graph::kBoxCrop, [&](std::span<const Roi> part) {
      for (size_t i = 0; i < outputs.size(); ++i) {
        const HostTensor& found = head.write(i, static_cast<int64_t>(part.size()));
        outputs[i].data.insert(outputs[i].data.end(), found.data.begin(), found.data.end());
      }
    });
    return outputs;
  }

  HostTensor run_mask_head(std::span<const std::vector<detect::Detection>> found) {
    std::vector<Roi> rois;
    for (size_t image = 0; image < found.size(); ++image) {
      for (const detect::Detection& d : found[image]) rois.push_back({static_cast<int64_t>(image), d.box, d.label});
    }
    const engine::Map& map = mask_head_.plan().outputs.front().map;
    HostTensor masks{{static_cast<int64_t>(rois.size()), map.shape.height, map.shape.width}, {}};
    masks.data.reserve(rois.size() * static_cast<size_t>(map.shape.height * map.shape.width));
    run_head(mask_head_, rois, graph::kMaskCrop, [&](std::span<const Roi> part) {
      for (size_t r = 0; r < part.size(); ++r) {
        const float* logits = mask_head_.image_at(map, static_cast<int64_t>(r)) + part[r].label;
        for (int64_t p = 0; p < map.shape.height * map.shape.width; ++p) masks.data.push_back(logits[p * map.stride]);
      }
    });
    return masks;
  }

 private:
  size_t level_count() const { return static_cast<size_t>(levels_.max_level - levels_.min_level + 1); }

  // Batch after batch, all of about the same size; take() what each has left in the head's outputs.
  template <class Take>
  void run_head(engine::Session& head, std::span<const Roi> rois, int bins, const Take& take) {
    const auto most = static_cast<size_t>(head.plan().batch);
    const size_t rounds = (rois.size() + most - 1) / most;
    for (size_t round = 0; round < rounds; ++round) {
      const size_t first = round * rois.size() / rounds, end = (round + 1) * rois.size() / rounds;
      const std::span<const Roi> part = rois.subspan(first, end - first);
      read_.clear();  // before the worker group runs: its tasks must not throw
      const auto align = detect::roi_align_options(bins, levels_.coarsest_stride, levels_.single_point);
      for (const Roi& roi : part) read_.push_back(detect::roi_bins(roi.box, level_shape(roi), align));
      workers_->run(static_cast<int64_t>(part.size()), [&](int64_t r, int) {
        const auto i = static_cast<size_t>(r);
        crop(part[i], read_[i], head.image_at(head.plan().input, r), head.plan().input);
      });
      head.compute(static_cast<int64_t>(part.size()));
      take(part);
    }
  }

  const engine::Map& map_of(int level) const {
    return trunk_.plan().outputs[static_cast<size_t>(level - levels_.min_level)].map;
  }

  detect::LevelShape level_shape(const Roi& roi) const {
    const int level = detect::roi_level(roi.box, levels_.min_level, levels_.max_level);
    const graph::Shape& shape = map_of(level).shape;
    return {level, static_cast<int>(shape.height), static_cast<int>(shape.width)};
  }

  // ROI align of detect/roi_align.h on all channels of a cell at once.
  void crop(const Roi& roi, const detect::RoiBins& read, float* to, const engine::Map& out) {
    const engine::Map& map = map_of(detect::roi_level(roi.box, levels_.min_level, levels_.max_level));
    const float* from = trunk_.image_at(map, roi.image);
    size_t first = 0;
    for (const int64_t end : read.ends) {
      const size_t count = static_cast<size_t>(end) - first;
      trunk_.plan().kernels->weigh_pixels({.from = from,
                                           .pixel_stride = map.stride,
                                           .pixels = std::span(read.cells).subspan(first, count),
                                           .weights = std::span(read.weights).subspan(first, count),
                                           .channels = out.stride,
                                           .to = to});
      first = static_cast<size_t>(end);
      to += out.stride;
    }
  }

  PyramidLevels levels_;
  std::shared_ptr<kernels::WorkerGroup> workers_;
  engine::Session trunk_, mask_head_;
  std::vector<engine::Session> box_heads_;
  std::vector<detect::RoiBins> read_;  // of the ROIs of a round
};

void check_fit(const TwoStagePlans& plans, const PyramidLevels& levels) {
  const auto count = static_cast<size_t>(levels.max_level - levels.min_level + 1);
  bool fits = plans.trunk->outputs.size() == 3 * count;
  for (size_t l = 0; l < count && fits; ++l) {
    const engine::Map& map = plans.trunk->outputs[l].map;
    fits = map.stride == plans.mask_head->input.stride;
    for (const auto& head : plans.box_heads) fits = fits && map.stride == head->input.stride;
  }
  if (!fits) fail(ErrorKind::failed, "the heads do not fit the trunk", "engine", "lower the networks together");
}

}  // namespace

TwoStagePlans two_stage_plans(std::span<const std::shared_ptr<const engine::CompiledPlan>> plans) {
  const auto heads = plans.subspan(1, plans.size() - 2);
  return {plans.front(), {heads.begin(), heads.end()}, plans.back()};
}

TwoStageForward engine_two_stage(const TwoStagePlans& plans, const PyramidLevels& levels) {
  check_fit(plans, levels);
  const auto session = std::make_shared<TwoStageSession>(plans, levels);
  std::vector<TwoStageForward::BoxHead> box_heads;
  for (size_t stage = 0; stage < plans.box_heads.size(); ++stage) {
    box_heads.push_back([session, stage](std::span<const std::vector<detect::Box>> rois) {
      return session->run_box_head(stage, rois);
    });
  }
  return {[session](const HostTensor& input) { return session->run_trunk(input); }, std::move(box_heads),
          [session](std::span<const std::vector<detect::Detection>> found) { return session->run_mask_head(found); },
          plans.trunk->batch};
}

}  // namespace spinenet::runtime
