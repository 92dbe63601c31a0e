#include "data/loading/preview.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "data/loading/mix.h"
#include "data/loading/sample_order.h"
#include "image/canvas.h"
#include "image/draw.h"
#include "image/resize.h"

namespace spinenet::data {
namespace {

constexpr int kGap = 4;  // pixels between two inputs

image::Image drawn(LabelledImage input, const CocoDataset& dataset) {
  std::vector<image::DrawnObject> objects;
  for (size_t i = 0; i < input.targets.size(); ++i) {
    const Target& target = input.targets[i];
    const detect::Box& box = target.box;
    image::DrawnObject object;
    object.box = image::DrawnBox{box.x1, box.y1, box.x2, box.y2};
    object.label = target.label;
    object.name = dataset.classes()[static_cast<size_t>(target.label)].name;
    if (target.crowd) object.detail = "(crowd)";
    if (!input.masks.empty()) {
      const detect::Rle mask = detect::mask_over_input(input.masks[i], input.image.width);
      const detect::PixelRect extent = detect::pixel_extent(mask);
      const image::PixelArea area{static_cast<int>(extent.x), static_cast<int>(extent.y),
                                  static_cast<int>(extent.width), static_cast<int>(extent.height)};
      object.mask = {area, detect::decode_window(mask, extent)};
    }
    objects.push_back(std::move(object));
  }
  return image::draw_objects(std::move(input.image), objects).image;
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
  const int size = options.size * image::enlargement(options.size, options.size), step = size + kGap;
  image::Image sheet = image::make_image(rows * step - kGap, columns * step - kGap, 255);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = order[static_cast<size_t>(i)];
    LabelledImage input = training_input(dataset.get(index), options.augment, options.size, others,
                                         sample_random(options.seed, 0, index));
    image::paste(drawn(std::move(input), dataset), sheet, static_cast<int>(i % columns) * step,
                 static_cast<int>(i / columns) * step);
  }
  return sheet;
}

}  // namespace spinenet::data
