#include "data/loading/augment.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "image/canvas.h"
#include "image/color.h"
#include "image/resize.h"

namespace spinenet::data {
namespace {

// One axis of the window: source pixels [begin, end) become `length` pixels of the input.
struct Window {
  int begin = 0, end = 0, length = 0;

  float ratio() const { return static_cast<float>(length) / static_cast<float>(end - begin); }
};

// The part of an axis of `source` pixels that an input of `size` pixels shows at `scale`; `where` in [0, 1) moves it.
Window cut(int source, double scale, int size, double where) {
  const int seen = std::clamp(static_cast<int>(std::lround(size / scale)), 1, source);
  Window w;
  w.begin = std::min(static_cast<int>(where * (source - seen + 1)), source - seen);
  w.end = w.begin + seen;
  w.length = std::clamp(static_cast<int>(std::lround(seen * scale)), 1, size);
  return w;
}

detect::AxisMap map_of(const Window& w) {
  const double ratio = static_cast<double>(w.length) / (w.end - w.begin);
  return {ratio, -w.begin * ratio};
}

// Targets out of view are dropped, and their masks with them.
void map_targets(LabelledImage& sample, const Window& y, const Window& x, const AugmentOptions& options) {
  std::vector<Target> mapped;
  std::vector<detect::ObjectMask> masks;
  for (size_t i = 0; i < sample.targets.size(); ++i) {
    Target target = sample.targets[i];
    const detect::Box& b = target.box;
    const detect::Box whole = {
        (b.x1 - static_cast<float>(x.begin)) * x.ratio(), (b.y1 - static_cast<float>(y.begin)) * y.ratio(),
        (b.x2 - static_cast<float>(x.begin)) * x.ratio(), (b.y2 - static_cast<float>(y.begin)) * y.ratio()};
    target.box = detect::clip(whole, static_cast<float>(x.length), static_cast<float>(y.length));
    if (!is_kept(target, whole, options)) continue;
    mapped.push_back(target);
    if (sample.masks.empty()) continue;
    detect::ObjectMask& mask = sample.masks[i];
    mask.y = detect::then(mask.y, map_of(y));
    mask.x = detect::then(mask.x, map_of(x));
    masks.push_back(std::move(mask));
  }
  sample.targets = std::move(mapped);
  sample.masks = std::move(masks);
}

void mirror(LabelledImage& sample) {
  sample.image = image::flip_horizontal(sample.image);
  const auto width = static_cast<float>(sample.image.width);
  for (Target& target : sample.targets) {
    target.box = {width - target.box.x2, target.box.y1, width - target.box.x1, target.box.y2};
  }
  for (detect::ObjectMask& mask : sample.masks) mask.x = detect::then(mask.x, {-1, sample.image.width * 1.0});
}

}  // namespace

bool is_kept(const Target& now, const detect::Box& whole, const AugmentOptions& options) {
  if (now.box.area() <= 0) return false;
  const bool tiny = std::min(now.box.width(), now.box.height()) < static_cast<float>(options.min_box) ||
                    now.box.area() < static_cast<float>(options.min_kept) * whole.area();
  return now.crowd || !tiny;
}

void fields(FieldList& list, AugmentOptions& options) {
  list("flip", options.flip, "Chance of mirroring an image", between(0, 1));
  list("scale_min", options.scale_min, "Smallest length of an image's longer side, in input sizes", above(0));
  list("scale_max", options.scale_max, "Greatest length of an image's longer side, in input sizes", above(0));
  list("min_box", options.min_box, "Boxes with a side below this many pixels of the input are dropped", at_least(0));
  list("min_kept", options.min_kept, "Boxes of which less than this share is in view are dropped", between(0, 1));
  list("brightness", options.brightness, "Reach of the change of brightness: 0.2 is 0.8 to 1.2 times", at_least(0));
  list("contrast", options.contrast, "Reach of the change of contrast", at_least(0));
  list("saturation", options.saturation, "Reach of the change of saturation", at_least(0));
  list("hue", options.hue, "Reach of the change of hue, in turns of the colour circle", between(0, 0.5));
  list("rotate", options.rotate, "detect, segment: the input is turned by up to so many degrees", between(0, 180));
  list("shear", options.shear, "detect, segment: the input is sheared by up to so many degrees", between(0, 40));
  list("erase", options.erase, "Chance that a rectangle of 2 to 20 % of the input is erased", between(0, 1));
  list("mosaic", options.mosaic, "detect, segment: chance of an input made of four images", between(0, 1));
  list("mixup", options.mixup, "detect, segment: chance of an input with a second image shining through",
       between(0, 1));
  list("copy_paste", options.copy_paste, "segment: chance that objects of a second image are pasted", between(0, 1));
  list("close_epochs", options.close_epochs, "Last epochs without mosaic, mixup and copy_paste", at_least(0));
}

void check(const AugmentOptions& options) {
  if (options.scale_min > 0 && options.scale_min <= options.scale_max) return;
  fail(ErrorKind::usage, fmt::format("scale_min {} and scale_max {}", options.scale_min, options.scale_max), "augment",
       "scale_min has to be above 0 and not above scale_max");
}

// The four draws are always made, so that an option of 0 leaves the other draws as they are.
void jitter(image::Image& image, const AugmentOptions& options, Random& random) {
  const auto factor = [&](double reach) {
    return static_cast<float>(random.uniform(std::max(0.0, 1 - reach), 1 + reach));
  };
  const float brightness = factor(options.brightness);
  const float contrast = factor(options.contrast);
  const float saturation = factor(options.saturation);
  const auto hue = static_cast<float>(random.uniform(-1, 1) * options.hue);
  if (options.brightness > 0) image::adjust_brightness(image, brightness);
  if (options.contrast > 0) image::adjust_contrast(image, contrast);
  if (options.saturation > 0) image::adjust_saturation(image, saturation);
  if (options.hue > 0) image::adjust_hue(image, hue);
}

LabelledImage augment_part(LabelledImage sample, const AugmentOptions& options, const InputPart& part, Random& random) {
  const bool mirrored = random.chance(options.flip);
  const double side = part.scale_size * random.uniform(options.scale_min, options.scale_max);
  const double where_y = random.uniform();
  const double where_x = random.uniform();
  const double scale = side / std::max(sample.image.height, sample.image.width);
  if (mirrored) mirror(sample);
  const Window y = cut(sample.image.height, scale, part.height, where_y);
  const Window x = cut(sample.image.width, scale, part.width, where_x);
  map_targets(sample, y, x, options);
  image::Image seen = image::resize(image::crop(sample.image, x.begin, y.begin, x.end, y.end), y.length, x.length);
  jitter(seen, options, random);
  sample.image = image::on_canvas(seen, part.height, part.width);
  return sample;
}

LabelledImage augment(LabelledImage sample, const AugmentOptions& options, int size, Random& random) {
  return augment_part(std::move(sample), options, {size, size, size}, random);
}

Letterboxed letterbox(const image::Image& image, int height, int width) {
  const detect::Letterbox l = detect::fit_letterbox(image.height, image.width, height, width);
  return {image::on_canvas(image::resize(image, l.inner_height, l.inner_width), height, width), l};
}

}  // namespace spinenet::data
