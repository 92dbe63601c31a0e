#include "runtime/two_stage.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "detect/roi_align.h"
#include "runtime/tensor_rows.h"

namespace spinenet::runtime {
namespace {

size_t level_count_of(const PyramidLevels& levels) {
  return static_cast<size_t>(levels.max_level - levels.min_level + 1);
}

HostTensor crops_of(std::span<const HostTensor> pyramid, std::span<const std::vector<detect::Box>> rois,
                    const PyramidLevels& of, int bins) {
  const int64_t channels = pyramid.front().shape[1];
  int64_t count = 0;
  for (const std::vector<detect::Box>& of_one : rois) count += static_cast<int64_t>(of_one.size());
  HostTensor crops = make_tensor({count, channels, bins, bins});
  const auto one = static_cast<size_t>(channels * bins * bins);
  size_t done = 0;
  for (size_t image = 0; image < rois.size(); ++image) {
    std::vector<detect::FeatureLevel> levels;
    for (size_t l = 0; l < pyramid.size(); ++l) {
      const detect::LevelShape shape{of.min_level + static_cast<int>(l), static_cast<int>(pyramid[l].shape[2]),
                                     static_cast<int>(pyramid[l].shape[3])};
      levels.push_back({shape, row_of(pyramid[l], image).data()});
    }
    const size_t size = rois[image].size() * one;
    roi_align(levels, rois[image], detect::roi_align_options(bins, of.coarsest_stride, of.single_point),
              std::span(crops.data).subspan(done, size));
    done += size;
  }
  return crops;
}

// Of [R, K, size, size], the plane of each detection's class.
HostTensor planes_of(const HostTensor& masks, std::span<const std::vector<detect::Detection>> found) {
  const int64_t size = masks.shape[2];
  const auto plane = static_cast<size_t>(size * size);
  HostTensor chosen{{masks.shape[0], size, size}, {}};
  chosen.data.reserve(static_cast<size_t>(masks.shape[0]) * plane);
  size_t row = 0;
  for (const std::vector<detect::Detection>& of_one : found) {
    for (const detect::Detection& detection : of_one) {
      const auto logits = row_of(masks, row++).subspan(static_cast<size_t>(detection.label) * plane, plane);
      chosen.data.insert(chosen.data.end(), logits.begin(), logits.end());
    }
  }
  return chosen;
}

std::vector<std::vector<detect::Box>> boxes_of(std::span<const std::vector<detect::Detection>> found) {
  std::vector<std::vector<detect::Box>> boxes(found.size());
  for (size_t image = 0; image < found.size(); ++image) {
    for (const detect::Detection& detection : found[image]) boxes[image].push_back(detection.box);
  }
  return boxes;
}

}  // namespace

PyramidLevels levels_of(const arch::Architecture& architecture) {
  return {architecture.min_level, architecture.max_level, arch::coarsest_stride(architecture),
          architecture.two_stage.roi_sampling == arch::RoiSampling::single_point};
}

TwoStageForward two_stage_forward(std::vector<graph::Forward> networks, const PyramidLevels& levels) {
  const auto pyramid = std::make_shared<std::vector<HostTensor>>();
  const size_t count = level_count_of(levels);
  TwoStageForward network;
  network.images = std::numeric_limits<int>::max();
  network.trunk = [trunk = std::move(networks.front()), pyramid, count](const HostTensor& input) {
    std::vector<HostTensor> outputs = trunk(input);
    if (outputs.size() != 3 * count) {
      fail(ErrorKind::failed,
           fmt::format("the network gave {} outputs where {} are needed", outputs.size(), 3 * count));
    }
    const auto first = outputs.begin() + static_cast<std::ptrdiff_t>(count);
    pyramid->assign(std::move_iterator(outputs.begin()), std::move_iterator(first));
    outputs.erase(outputs.begin(), first);
    return outputs;
  };
  for (size_t i = 1; i + 1 < networks.size(); ++i) {
    network.box_heads.push_back(
        [head = std::move(networks[i]), pyramid, levels](std::span<const std::vector<detect::Box>> rois) {
          return head(crops_of(*pyramid, rois, levels, graph::kBoxCrop));
        });
  }
  network.mask_head = [head = std::move(networks.back()), pyramid,
                       levels](std::span<const std::vector<detect::Detection>> found) {
    return planes_of(head(crops_of(*pyramid, boxes_of(found), levels, graph::kMaskCrop)).at(0), found);
  };
  return network;
}

}  // namespace spinenet::runtime
