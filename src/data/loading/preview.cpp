#include "data/loading/preview.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "data/loading/mix.h"
#include "data/loading/sample_order.h"
#include "image/canvas.h"
#include "image/draw.h"
#include "image/resize.h"

namespace spinenet::data {
namespace {

constexpr int kGap = 4;  // pixels between two inputs

void draw(LabelledImage& input, const CocoDataset& dataset) {
  for (size_t i = 0; i < input.targets.size() && !input.masks.empty(); ++i) {
    const auto side = static_cast<float>(input.image.width);
    const std::vector<uint8_t> mask = detect::mask_target(input.masks[i], {0, 0, side, side}, input.image.width);
    image::draw_mask(input.image, mask, image::class_color(input.targets[i].label));
  }
  for (const Target& target : input.targets) {
    const image::Color color = image::class_color(target.label);
    image::draw_box(input.image, {target.box.x1, target.box.y1, target.box.x2, target.box.y2, color});
    const std::string& name = dataset.classes()[static_cast<size_t>(target.label)].name;
    image::draw_label(input.image, static_cast<int>(target.box.x1), static_cast<int>(target.box.y1),
                      target.crowd ? name + " (crowd)" : name, color);
  }
}

}  // namespace

image::Image preview(const CocoDataset& dataset, const PreviewOptions& options) {
  check(options.augment);
  if (options.size < 16 || options.count < 1) {
    fail(ErrorKind::usage, "a preview has at least one input, of at least 16 pixels", "preview");
  }
  const int64_t count = std::min(options.count, dataset.size());
  if (count < 1) fail(ErrorKind::bad_data, "the data set has no image", "preview");
  const std::vector<int64_t> order = epoch_order({dataset.size(), 1, options.seed, true, 0, 1}, 0);
  OtherImages others;
  if (options.augment.mixes()) others = {dataset.size(), [&](int64_t index) { return dataset.get(index); }};
  const auto columns = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(count))));
  const auto rows = static_cast<int>((count + columns - 1) / columns);
  const int step = options.size + kGap;
  image::Image sheet = image::make_image(rows * step - kGap, columns * step - kGap, 255);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = order[static_cast<size_t>(i)];
    LabelledImage input = training_input(dataset.get(index), options.augment, options.size, others,
                                         sample_random(options.seed, 0, index));
    draw(input, dataset);
    image::paste(input.image, sheet, static_cast<int>(i % columns) * step, static_cast<int>(i / columns) * step);
  }
  return sheet;
}

}  // namespace spinenet::data
