#include "data/loading/mix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "detect/mask.h"
#include "image/canvas.h"
#include "image/resize.h"
#include "image/warp.h"

namespace spinenet::data {
namespace {

constexpr double kSplitMin = 0.2, kSplitMax = 0.8;  // of a side of the input, where the four images meet
constexpr double kPasted = 0.5;                     // chance of each object of the second image
constexpr double kEraseMin = 0.02, kEraseMax = 0.2, kEraseRatio = 3.3;

// What an input is made with.
struct Making {
  const AugmentOptions& options;
  int size = 0;
  const OtherImages& others;
};

size_t pixels_of(int size) {
  return static_cast<size_t>(size) * static_cast<size_t>(size);
}

detect::ObjectMask of_input(detect::Rle pixels) {
  detect::ObjectMask mask;
  mask.shape.rle = std::move(pixels);
  return mask;
}

detect::Rle both(const detect::Rle& a, const detect::Rle& b) {
  return detect::merge(std::array{a, b}, true);
}

// Of a mask that of_input() made.
detect::Box extent_of(const detect::ObjectMask& mask) {
  const detect::PixelRect r = detect::pixel_extent(mask.shape.rle);
  return {static_cast<float>(r.x), static_cast<float>(r.y), static_cast<float>(r.x + r.width),
          static_cast<float>(r.y + r.height)};
}

// The targets, and their masks, for which `keep` holds.
template <class Keep>
void keep_targets(LabelledImage& sample, Keep&& keep) {
  std::vector<Target> targets;
  std::vector<detect::ObjectMask> masks;
  for (size_t i = 0; i < sample.targets.size(); ++i) {
    if (!keep(i)) continue;
    targets.push_back(sample.targets[i]);
    if (!sample.masks.empty()) masks.push_back(std::move(sample.masks[i]));
  }
  sample.targets = std::move(targets);
  sample.masks = std::move(masks);
}

LabelledImage another(const Making& making, Random& random) {
  return making.others.get(random.below(making.others.count));
}

// Puts `part` at (x, y) of the input; its masks end where it does.
void place(LabelledImage& whole, LabelledImage part, int x, int y) {
  const int size = whole.image.width;
  image::paste(part.image, whole.image, x, y);
  const std::array<double, 4> at{x * 1.0, y * 1.0, part.image.width * 1.0, part.image.height * 1.0};
  const detect::Rle inside = detect::rle_from_box(at, size, size);
  for (size_t i = 0; i < part.targets.size(); ++i) {
    Target target = part.targets[i];
    const auto left = static_cast<float>(x), top = static_cast<float>(y);
    target.box = {target.box.x1 + left, target.box.y1 + top, target.box.x2 + left, target.box.y2 + top};
    whole.targets.push_back(target);
    if (part.masks.empty()) continue;
    detect::ObjectMask& mask = part.masks[i];
    if (mask.shape.empty()) {  // of an object with a box alone, which a mask without a pixel would deny
      whole.masks.emplace_back();
      continue;
    }
    mask.x = detect::then(mask.x, {1, x * 1.0});
    mask.y = detect::then(mask.y, {1, y * 1.0});
    whole.masks.push_back(of_input(both(detect::mask_over_input(mask, size), inside)));
  }
}

LabelledImage mosaic(LabelledImage sample, const Making& making, Random& random) {
  const int size = making.size;
  const auto split = [&] { return static_cast<int>(std::lround(size * random.uniform(kSplitMin, kSplitMax))); };
  const int x = std::clamp(split(), 1, size - 1), y = std::clamp(split(), 1, size - 1);
  LabelledImage whole;
  whole.image_id = sample.image_id;
  whole.image = image::on_canvas(image::make_image(1, 1), size, size);
  const std::array<std::array<int, 4>, 4> parts{{{0, 0, x, y}, {x, 0, size, y}, {0, y, x, size}, {x, y, size, size}}};
  const auto first = static_cast<size_t>(random.below(4));
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto& [left, top, right, bottom] = parts[i];
    Random own = random.fork(i);
    LabelledImage other;
    if (i != first) other = another(making, own);
    LabelledImage& image = i == first ? sample : other;
    const InputPart part{bottom - top, right - left, size};
    if (image.image.pixels.empty()) {
      image.image = image::make_image(1, 1);
      image.targets.clear();
      image.masks.clear();
    }
    place(whole, augment_part(std::move(image), making.options, part, own), left, top);
  }
  return whole;
}

LabelledImage whole_input(LabelledImage sample, const Making& making, Random random) {
  return augment(std::move(sample), making.options, making.size, random);
}

// Both images count alike: each pixel is their mean.
void mix_in(LabelledImage& sample, const Making& making, Random& random) {
  LabelledImage other = another(making, random);
  if (other.image.pixels.empty()) return;
  other = whole_input(std::move(other), making, random.fork(1));
  for (size_t i = 0; i < sample.image.pixels.size(); ++i) {
    sample.image.pixels[i] = static_cast<uint8_t>((sample.image.pixels[i] + other.image.pixels[i] + 1) / 2);
  }
  std::ranges::copy(other.targets, std::back_inserter(sample.targets));
  std::ranges::move(other.masks, std::back_inserter(sample.masks));
}

// What a pasted object covers is taken from the objects below it.
void cover(LabelledImage& sample, const std::vector<uint8_t>& covered, const Making& making) {
  const detect::Rle visible = detect::invert(detect::encode_mask(covered, making.size, making.size));
  keep_targets(sample, [&](size_t i) {
    Target& target = sample.targets[i];
    if (target.crowd || sample.masks[i].shape.empty()) return true;
    const detect::Rle whole = detect::mask_over_input(sample.masks[i], making.size);
    detect::Rle rest = both(whole, visible);
    const auto before = static_cast<double>(detect::area(whole)), left = static_cast<double>(detect::area(rest));
    if (left == before) return true;
    if (left < std::max(1.0, making.options.min_kept * before)) return false;
    sample.masks[i] = of_input(std::move(rest));
    target.box = extent_of(sample.masks[i]);
    return is_kept(target, target.box, making.options);
  });
}

// Calls visit(pixel) with the number of each pixel of the mask in the input.
template <class Visit>
void each_pixel(const detect::Rle& mask, const Visit& visit) {
  const detect::PixelRect extent = detect::pixel_extent(mask);
  const std::vector<uint8_t> window = detect::decode_window(mask, extent);
  size_t i = 0;
  for (int64_t y = extent.y; y < extent.y + extent.height; ++y) {
    for (int64_t x = extent.x; x < extent.x + extent.width; ++x, ++i) {
      if (window[i] != 0) visit(static_cast<size_t>(y * mask.width + x));
    }
  }
}

void paste_objects(LabelledImage& sample, const Making& making, Random& random) {
  LabelledImage other = another(making, random);
  if (other.image.pixels.empty() || other.masks.empty()) return;
  other = whole_input(std::move(other), making, random.fork(1));
  std::vector<uint8_t> covered(pixels_of(making.size), 0);
  keep_targets(other, [&](size_t i) {
    const bool chosen = random.chance(kPasted);
    if (!chosen || other.targets[i].crowd) return false;
    bool any = false;
    each_pixel(detect::mask_over_input(other.masks[i], making.size), [&](size_t p) {
      any = true;
      covered[p] = 1;
      std::copy_n(&other.image.pixels[3 * p], 3, &sample.image.pixels[3 * p]);
    });
    return any;
  });
  if (sample.masks.size() == sample.targets.size()) cover(sample, covered, making);
  std::ranges::copy(other.targets, std::back_inserter(sample.targets));
  std::ranges::move(other.masks, std::back_inserter(sample.masks));
}

// Around the corners of the box, as they lie now.
detect::Box around(const detect::Box& box, const image::Affine& affine) {
  detect::Box out{1e9F, 1e9F, -1e9F, -1e9F};
  for (const float y : {box.y1, box.y2}) {
    for (const float x : {box.x1, box.x2}) {
      const auto [to_x, to_y] = affine.of(x, y);
      out = {std::min(out.x1, static_cast<float>(to_x)), std::min(out.y1, static_cast<float>(to_y)),
             std::max(out.x2, static_cast<float>(to_x)), std::max(out.y2, static_cast<float>(to_y))};
    }
  }
  return out;
}

void turn(LabelledImage& sample, const Making& making, Random& random) {
  const AugmentOptions& options = making.options;
  const auto reach = [&](double most) { return random.uniform(-1, 1) * most; };
  const image::Affine affine = image::affine_of(
      {reach(options.rotate), reach(options.shear), reach(options.shear), making.size / 2.0, making.size / 2.0});
  sample.image = image::warp(sample.image, affine);
  const auto side = static_cast<float>(making.size);
  keep_targets(sample, [&](size_t i) {
    Target& target = sample.targets[i];
    const detect::Box whole = around(target.box, affine);
    target.box = detect::clip(whole, side, side);
    const bool has_mask = !sample.masks.empty() && !target.crowd && !sample.masks[i].shape.empty();
    if (!has_mask) return is_kept(target, whole, options);
    const std::vector<uint8_t> pixels = detect::decode_mask(detect::mask_over_input(sample.masks[i], making.size));
    const std::vector<uint8_t> turned = image::warp_mask(pixels, making.size, making.size, affine);
    sample.masks[i] = of_input(detect::encode_mask(turned, making.size, making.size));
    if (!is_kept(target, whole, options)) return false;
    target.box = extent_of(sample.masks[i]);  // nearer to the object than the corners are
    return target.box.area() > 0;
  });
}

}  // namespace

LabelledImage training_input(LabelledImage sample, const AugmentOptions& options, int size, const OtherImages& others,
                             const Random& random) {
  const Making making{options, size, others};
  const auto named = [&](const char* name) { return random.fork(Random::hash(name)); };
  Random tiles = named("mosaic");
  const bool tiled = others.count > 0 && tiles.chance(options.mosaic);
  sample = tiled ? mosaic(std::move(sample), making, tiles) : whole_input(std::move(sample), making, random);
  Random mixing = named("mixup");
  if (others.count > 0 && mixing.chance(options.mixup)) mix_in(sample, making, mixing);
  Random pasting = named("copy_paste");
  if (others.count > 0 && pasting.chance(options.copy_paste)) paste_objects(sample, making, pasting);
  Random turning = named("turn");
  if (options.turns()) turn(sample, making, turning);
  Random erasing = named("erase");
  if (erasing.chance(options.erase)) erase_rectangle(sample.image, erasing);
  return sample;
}

void erase_rectangle(image::Image& image, Random& random) {
  const double area = random.uniform(kEraseMin, kEraseMax) * image.height * image.width;
  const double ratio = std::exp(random.uniform(-1, 1) * std::log(kEraseRatio));
  const auto side = [](double length, int most) { return std::clamp(static_cast<int>(std::lround(length)), 1, most); };
  const int height = side(std::sqrt(area * ratio), image.height), width = side(std::sqrt(area / ratio), image.width);
  const auto top = static_cast<int>(random.below(image.height - height + 1));
  const auto left = static_cast<int>(random.below(image.width - width + 1));
  for (int y = top; y < top + height; ++y) {
    for (int x = left; x < left + width; ++x) std::ranges::copy(image::kMeanColor, image.at(y, x));
  }
}

}  // namespace spinenet::data
