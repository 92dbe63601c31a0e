#include "runtime/two_stage_times.h"

#include <algorithm>
#include <chrono>

#include "graph/anchors.h"
#include "graph/lower_two_stage.h"
#include "runtime/detect_function.h"
#include "runtime/segmenter.h"

namespace spinenet::runtime {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median_ms(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2] * 1e3;
}

// Seconds of one run in its parts, and what it had to do.
struct Clock {
  double trunk = 0, mask_head = 0;
  std::vector<double> box_heads;
  int64_t rois = 0, objects = 0;
};

// Of each image's surest proposals, as many objects as may be, spread over the classes; a few more than that, as some
// cover each other.
void plant(HostTensor& logits, std::span<const std::vector<detect::Box>> rois, size_t objects) {
  const auto row = static_cast<size_t>(logits.shape[1]);
  std::fill(logits.data.begin(), logits.data.end(), 0.0F);
  size_t first = 0;
  for (const std::vector<detect::Box>& of_one : rois) {
    for (size_t r = 0; r < std::min(2 * objects, of_one.size()); ++r) {
      logits.data[(first + r) * row + 1 + r % (row - 1)] = 20;
    }
    first += of_one.size();
  }
}

TwoStageForward clocked(const TwoStageForward& network, Clock& clock, size_t objects) {
  TwoStageForward with = network;
  with.trunk = [&network, &clock](const HostTensor& input) {
    const double start = now();
    auto outputs = network.trunk(input);
    clock.trunk += now() - start;
    return outputs;
  };
  for (size_t stage = 0; stage < network.box_heads.size(); ++stage) {
    with.box_heads[stage] = [&network, &clock, objects, stage](std::span<const std::vector<detect::Box>> rois) {
      const double start = now();
      auto outputs = network.box_heads[stage](rois);
      clock.box_heads[stage] += now() - start;
      if (stage == 0) clock.rois += outputs.at(0).shape[0];
      plant(outputs.at(0), rois, objects);
      return outputs;
    };
  }
  with.mask_head = [&network, &clock](std::span<const std::vector<detect::Detection>> found) {
    const double start = now();
    HostTensor masks = network.mask_head(found);
    clock.mask_head += now() - start;
    clock.objects += masks.shape[0];
    return masks;
  };
  return with;
}

}  // namespace

TwoStageTimes time_two_stages(const TwoStagePlans& plans, const Model& model, const HostTensor& images, int runs) {
  const int size = static_cast<int>(images.shape[3]);
  SegmenterOptions options;
  options.image_size = size;
  options.classes = static_cast<int>(model.file.classes.size());
  options.anchors = graph::proposal_anchors(model.architecture);
  options.proposals = proposal_options(model);
  const NetworkInput input{images, std::vector<detect::Letterbox>(static_cast<size_t>(images.shape[0]),
                                                                  detect::fit_letterbox(size, size, size, size))};
  const TwoStageForward network = engine_two_stage(plans, levels_of(model.architecture));
  const size_t stages = network.box_heads.size();
  Clock clock{.box_heads = std::vector<double>(stages)};
  const Segmenter segmenter(clocked(network, clock, static_cast<size_t>(options.post.max_detections)), options);
  segmenter.segment(input);
  TwoStageTimes times;
  std::vector<double> trunk, mask_head, rest;
  std::vector<std::vector<double>> box_heads(stages);
  for (int i = 0; i < runs; ++i) {
    clock = {.box_heads = std::vector<double>(stages)};
    const double start = now();
    segmenter.segment(input);
    times.seconds.push_back(now() - start);
    trunk.push_back(clock.trunk);
    mask_head.push_back(clock.mask_head);
    double others = clock.trunk + clock.mask_head;
    for (size_t stage = 0; stage < stages; ++stage) {
      box_heads[stage].push_back(clock.box_heads[stage]);
      others += clock.box_heads[stage];
    }
    rest.push_back(times.seconds.back() - others);
  }
  times.rois = clock.rois;
  times.objects = clock.objects;
  times.parts.push_back({"trunk", median_ms(trunk)});
  for (size_t stage = 0; stage < stages; ++stage) {
    times.parts.push_back({graph::stage_name("box_head", stage), median_ms(box_heads[stage])});
  }
  times.parts.push_back({"mask_head", median_ms(mask_head)});
  times.parts.push_back({"proposals, suppression, masks", median_ms(rest)});
  return times;
}

}  // namespace spinenet::runtime
