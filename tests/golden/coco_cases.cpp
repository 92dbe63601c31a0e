#include "golden/coco_cases.h"

#include <algorithm>
#include <bit>

#include "base/random.h"

namespace spinenet {
namespace {

// below() as a double, for coordinates.
double draw(Random& rng, int64_t n) {
  return static_cast<double>(rng.below(n));
}

std::array<double, 4> random_box(Random& rng, int64_t h, int64_t w) {
  std::array<double, 4> box{};
  box[0] = draw(rng, 2 * w) / 2 - 2;
  box[1] = draw(rng, 2 * h) / 2 - 2;
  if (!rng.chance(0.06)) {
    box[2] = draw(rng, w);
    box[2] += draw(rng, 2) / 2;
  }
  box[3] = draw(rng, h);
  box[3] += draw(rng, 2) / 2;
  return box;
}

double random_area(Random& rng, const std::array<double, 4>& box) {
  constexpr double kSmall = 1024;
  constexpr double kMedium = 9216;
  const int64_t kind = rng.below(6);
  if (kind == 0) return box[2] * box[3];
  if (kind == 1) return kSmall;
  if (kind == 2) return kMedium;
  if (kind == 3) return 1000 * rng.uniform();
  return (kind == 4 ? kSmall : kMedium) + 8192 * rng.uniform();
}

std::vector<double> random_polygon(Random& rng, int64_t h, int64_t w) {
  const bool fine = rng.chance(0.5);
  const int64_t count = 3 + rng.below(6);
  std::vector<double> points;
  for (int64_t i = 0; i < count; ++i) {
    for (const int64_t size : {w, h}) {
      points.push_back(fine ? rng.uniform(-4.0, static_cast<double>(size) + 4.0) : draw(rng, 4 * (size + 8)) / 4 - 4);
    }
  }
  return points;
}

detect::Rle random_rle(Random& rng, int64_t h, int64_t w) {
  detect::Rle rle{h, w, {}};
  int64_t left = h * w;
  if (rng.chance(0.2)) rle.counts.push_back(0);
  while (left > 0) {
    const int64_t run = std::min(left, 1 + rng.below(1 + h * w / 4));
    rle.counts.push_back(static_cast<uint32_t>(run));
    left -= run;
    if (rng.chance(0.03)) rle.counts.push_back(0);
  }
  return rle;
}

std::vector<double> box_polygon(const std::array<double, 4>& box) {
  const double x2 = box[0] + box[2];
  const double y2 = box[1] + box[3];
  return {box[0], box[1], box[0], y2, x2, y2, x2, box[1]};
}

detect::Rle drawn(const detect::Segmentation& segmentation, int64_t h, int64_t w) {
  if (segmentation.polygons.empty()) return segmentation.rle;
  std::vector<detect::Rle> parts;
  for (const std::vector<double>& polygon : segmentation.polygons)
    parts.push_back(detect::rle_from_polygon(polygon, h, w));
  return detect::merge(parts);
}

class CaseMaker {
 public:
  explicit CaseMaker(uint64_t number) : rng_(Random(20240601).fork(number)), segm_(number % 2 == 1) {
    eval::CocoEvalOptions& options = case_.options;
    options.iou = segm_ ? eval::IouType::segm : eval::IouType::bbox;
    options.threads = 1;
    options.use_categories = !rng_.chance(0.15);
    if (number % 10 >= 8) options.max_detections = {2, 5, 20};
    mask_results_ = rng_.chance(segm_ ? 0.7 : 0.1);
    make_categories();
    make_images();
    make_annotations();
    make_results();
  }

  EvaluationCase take() { return std::move(case_); }

 private:
  void make_categories() {
    const int64_t count = rng_.chance(0.02) ? 0 : 1 + rng_.below(4);
    int64_t next_id = rng_.below(3);
    for (int64_t i = 0; i < count; ++i) {
      case_.annotations.categories.push_back({next_id, std::to_string(next_id), ""});
      next_id += 1 + rng_.below(3);
    }
    rng_.shuffle(std::span(case_.annotations.categories));
  }

  void make_images() {
    int64_t next_id = rng_.below(10);
    const int64_t count = rng_.below(6);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t height = 16 + rng_.below(50);
      const int64_t width = 16 + rng_.below(50);
      case_.annotations.images.push_back({next_id, "", height, width});
      next_id += 1 + rng_.below(9);
    }
    rng_.shuffle(std::span(case_.annotations.images));
  }

  int64_t pick_category() {
    const std::vector<detect::Category>& categories = case_.annotations.categories;
    if (categories.empty() || rng_.chance(0.03)) return 1000;
    return categories[static_cast<size_t>(rng_.below(static_cast<int64_t>(categories.size())))].id;
  }

  void make_annotations() {
    int64_t next_id = rng_.chance(0.1) ? 0 : 1;
    for (const detect::ImageInfo& image : case_.annotations.images) {
      const int64_t count = rng_.chance(0.1) ? 0 : rng_.below(6);
      for (int64_t i = 0; i < count; ++i) {
        detect::Annotation annotation;
        annotation.id = next_id;
        annotation.image_id = image.id;
        annotation.category_id = pick_category();
        annotation.bbox = random_box(rng_, image.height, image.width);
        annotation.area = random_area(rng_, annotation.bbox);
        annotation.crowd = rng_.chance(0.12);
        if (segm_ || mask_results_) make_segmentation(annotation, image);
        case_.annotations.annotations.push_back(annotation);
        next_id += 1 + rng_.below(4);
      }
    }
    if (rng_.chance(0.5)) rng_.shuffle(std::span(case_.annotations.annotations));
  }

  void make_segmentation(detect::Annotation& annotation, const detect::ImageInfo& image) {
    detect::Segmentation& segmentation = annotation.segmentation;
    if (annotation.crowd || rng_.chance(0.2)) {
      segmentation.rle = random_rle(rng_, image.height, image.width);
    } else if (rng_.chance(0.4)) {
      segmentation.polygons = {box_polygon(annotation.bbox)};
    } else {
      const int64_t count = 1 + rng_.below(2);
      for (int64_t i = 0; i < count; ++i) {
        segmentation.polygons.push_back(random_polygon(rng_, image.height, image.width));
      }
    }
  }

  void make_results() {
    if (rng_.chance(0.08)) return;
    for (const detect::ImageInfo& image : case_.annotations.images) {
      std::vector<const detect::Annotation*> mine;
      for (const detect::Annotation& annotation : case_.annotations.annotations) {
        if (annotation.image_id == image.id) mine.push_back(&annotation);
      }
      const int64_t count = rng_.chance(0.04) ? 101 + rng_.below(30) : rng_.below(8);
      for (int64_t i = 0; i < count; ++i) make_result(image, mine);
    }
    if (rng_.chance(0.5)) rng_.shuffle(std::span(case_.results));
  }

  std::array<double, 4> jittered(std::array<double, 4> box) {
    const double step = draw(rng_, 4) / 2;
    for (double& value : box) value += (draw(rng_, 5) - 2) * step;
    box[2] = std::max(box[2], 0.0);
    box[3] = std::max(box[3], 0.0);
    return box;
  }

  double random_score() {
    const int64_t kind = rng_.below(3);
    if (kind == 0) return draw(rng_, 9) / 8;
    return kind == 1 ? rng_.uniform() : draw(rng_, 101) / 100;
  }

  void make_result(const detect::ImageInfo& image, const std::vector<const detect::Annotation*>& mine) {
    const detect::Annotation* base = nullptr;
    if (!mine.empty() && rng_.chance(0.75)) {
      base = mine[static_cast<size_t>(rng_.below(static_cast<int64_t>(mine.size())))];
    }
    detect::Result result;
    result.image_id = image.id;
    result.category_id = base != nullptr && rng_.chance(0.85) ? base->category_id : pick_category();
    const std::array<double, 4> box =
        base != nullptr ? jittered(base->bbox) : random_box(rng_, image.height, image.width);
    result.score = random_score();
    result.bbox = box;
    result.box_from_mask = mask_results_;
    if (mask_results_ || (segm_ && rng_.chance(0.6))) result.mask = make_mask(base, box, image.height, image.width);
    if (mask_results_) {
      const std::vector<double> extent = detect::bounding_box(result.mask);
      std::copy_n(extent.begin(), 4, result.bbox.begin());
    }
    case_.results.push_back(result);
  }

  detect::Rle make_mask(const detect::Annotation* base, const std::array<double, 4>& box, int64_t h, int64_t w) {
    const int64_t kind = rng_.below(5);
    if (kind == 0 && segm_) {
      const int64_t taller = rng_.chance(0.1) ? 1 : 0;
      return random_rle(rng_, h + taller, w);
    }
    if (kind > 2 || base == nullptr) return detect::rle_from_box(box, h, w);
    detect::Rle rle = drawn(base->segmentation, h, w);
    const auto shift = static_cast<uint32_t>(rng_.below(6));
    std::vector<uint32_t>& runs = rle.counts;
    if (runs.size() % 2 == 1 && runs.size() > 1 && runs.back() > shift) {
      runs.front() += shift;
      runs.back() -= shift;
    }
    return rle;
  }

  Random rng_;
  bool segm_;
  bool mask_results_ = false;
  EvaluationCase case_;
};

std::vector<double> far_polygon(Random& rng, int64_t h, int64_t w) {
  constexpr std::array<double, 4> kReach{4, 4, 40, 2000};
  const double reach = kReach[static_cast<size_t>(rng.below(4))];
  const bool whole = rng.chance(0.3);
  const int64_t count = 3 + rng.below(9);
  std::vector<double> points;
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0 && rng.chance(0.1)) {
      const double x = points[points.size() - 2];
      const double y = points.back();
      points.push_back(x);
      points.push_back(y);
      continue;
    }
    for (const int64_t size : {w, h}) {
      points.push_back(whole ? draw(rng, size + 1) : rng.uniform(-reach, static_cast<double>(size) + reach));
    }
  }
  return points;
}

}  // namespace

EvaluationCase make_evaluation_case(uint64_t number) {
  return CaseMaker(number).take();
}

MaskCase make_mask_case(uint64_t number) {
  Random rng = Random(20240602).fork(number);
  MaskCase made;
  made.height = 1 + rng.below(60);
  made.width = 1 + rng.below(60);
  for (std::vector<double>& polygon : made.polygons) polygon = far_polygon(rng, made.height, made.width);
  return made;
}

void WordHash::add(uint64_t word) {
  sum_ += Random::mix(word + Random::mix(++position_));
}

void WordHash::add(std::span<const double> values) {
  for (const double value : values) add(std::bit_cast<uint64_t>(value));
}

}  // namespace spinenet
