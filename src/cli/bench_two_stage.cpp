#include "cli/bench_two_stage.h"

#include <algorithm>
#include <chrono>

#include "engine/segmenter.h"

namespace spinenet {
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
  double trunk = 0, box_head = 0, mask_head = 0;
  int64_t rois = 0, objects = 0;
};

// Of each image's surest proposals, as many objects as may be, spread over the classes; a few more than that, as some
// cover each other.
void plant(HostTensor& logits, std::span<const std::vector<Box>> rois, size_t objects) {
  const auto row = static_cast<size_t>(logits.shape[1]);
  std::fill(logits.data.begin(), logits.data.end(), 0.0F);
  size_t first = 0;
  for (const std::vector<Box>& of_one : rois) {
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
  with.box_head = [&network, &clock, objects](std::span<const std::vector<Box>> rois) {
    const double start = now();
    auto outputs = network.box_head(rois);
    clock.box_head += now() - start;
    clock.rois += outputs.at(0).shape[0];
    plant(outputs.at(0), rois, objects);
    return outputs;
  };
  with.mask_head = [&network, &clock](std::span<const std::vector<Detection>> found) {
    const double start = now();
    HostTensor masks = network.mask_head(found);
    clock.mask_head += now() - start;
    clock.objects += masks.shape[0];
    return masks;
  };
  return with;
}

}  // namespace

TwoStageTimes time_two_stages(const TwoStagePlans& plans, const Subject& subject, const HostTensor& pictures,
                              int runs) {
  SegmenterOptions options;
  options.image_size = subject.image_size;
  options.classes = subject.classes;
  options.anchors = proposal_anchors(subject.architecture);
  const NetworkInput input{pictures, std::vector<Letterbox>(static_cast<size_t>(pictures.shape[0]),
                                                            fit_letterbox(subject.image_size, subject.image_size,
                                                                          subject.image_size, subject.image_size))};
  const TwoStageForward network =
      engine_two_stage(plans, {subject.architecture.min_level, subject.architecture.max_level});
  Clock clock;
  const Segmenter segmenter(clocked(network, clock, static_cast<size_t>(options.post.max_detections)), options);
  segmenter.segment(input);
  TwoStageTimes times;
  std::vector<double> trunk, box_head, mask_head, rest;
  for (int i = 0; i < runs; ++i) {
    clock = {};
    const double start = now();
    segmenter.segment(input);
    times.seconds.push_back(now() - start);
    trunk.push_back(clock.trunk);
    box_head.push_back(clock.box_head);
    mask_head.push_back(clock.mask_head);
    rest.push_back(times.seconds.back() - clock.trunk - clock.box_head - clock.mask_head);
  }
  times.rois = clock.rois;
  times.objects = clock.objects;
  times.parts = {{"trunk", median_ms(trunk)},
                 {"box_head", median_ms(box_head)},
                 {"mask_head", median_ms(mask_head)},
                 {"proposals, suppression, masks", median_ms(rest)}};
  return times;
}

}  // namespace spinenet
