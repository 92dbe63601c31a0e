#include "compare/images.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "image/draw.h"
#include "image/encode.h"
#include "image/resize.h"
#include "runtime/predict.h"

namespace spinenet::compare {
namespace {

constexpr int64_t kShownImages = 8;
constexpr int kLeastSide = 320, kMostSide = 640;  // pixels of the longer one as shown
constexpr float kShownScore = 0.4F;
constexpr int kQuality = 82;

// An object as it is drawn, in pixels of the image.
struct ShownObject {
  detect::Box box;
  int label = 0;
  std::string text;
  std::vector<uint8_t> mask;  // of the whole image, or none
};

// Masks at the image's own size, boxes and words at the shown one, where they stay sharp.
image::Image draw_objects(image::Image image, const std::vector<ShownObject>& objects) {
  for (const ShownObject& o : objects) {
    if (!o.mask.empty()) image::draw_mask(image, o.mask, image::class_color(o.label));
  }
  const int longer = std::max(image.height, image.width);
  const float scale =
      static_cast<float>(std::clamp(longer, kLeastSide, kMostSide)) / static_cast<float>(std::max(longer, 1));
  const auto scaled = [&](int side) { return std::max(1, static_cast<int>(static_cast<float>(side) * scale)); };
  image::Image shown = image::resize(image, scaled(image.height), scaled(image.width));
  for (const ShownObject& o : objects) {
    const detect::Box& b = o.box;
    const image::Color color = image::class_color(o.label);
    if (b.x2 > b.x1) image::draw_box(shown, {b.x1 * scale, b.y1 * scale, b.x2 * scale, b.y2 * scale, color});
    if (!o.text.empty())
      image::draw_label(shown, static_cast<int>(b.x1 * scale), static_cast<int>(b.y1 * scale), o.text, color);
  }
  return shown;
}

std::vector<uint8_t> mask_of(const detect::ObjectMask& mask, const image::Image& image) {
  if (mask.shape.empty()) return {};
  if (mask.shape.polygons.empty()) return detect::decode_mask(mask.shape.rle);
  std::vector<detect::Rle> parts;
  for (const std::vector<double>& polygon : mask.shape.polygons) {
    parts.push_back(detect::rle_from_polygon(polygon, image.height, image.width));
  }
  return detect::decode_mask(detect::merge(parts));
}

// A class's name in the corner of the image.
ShownObject word(int label, std::string text) {
  return {{}, label, std::move(text), {}};
}

plot::ComparedImage truth_of(const data::LabelledImage& sample, const ValidationSet& set) {
  const auto name = [&](int label) { return set.classes[static_cast<size_t>(label)]; };
  std::vector<ShownObject> objects;
  if (sample.label >= 0) objects.push_back(word(sample.label, name(sample.label)));
  for (size_t i = 0; i < sample.targets.size(); ++i) {
    const data::Target& target = sample.targets[i];
    if (target.crowd) continue;
    objects.push_back({target.box, target.label, name(target.label),
                       i < sample.masks.size() ? mask_of(sample.masks[i], sample.image) : std::vector<uint8_t>{}});
  }
  std::string said = sample.label >= 0 ? name(sample.label) : fmt::format("{} there", objects.size());
  return {fmt::format("image {}: {}", sample.image_id, said),
          image::encode_jpeg(draw_objects(sample.image, objects), kQuality)};
}

struct Opened {
  std::string name;
  std::vector<formats::ModelClass> classes;
  runtime::PredictFunction predict;
};

plot::ComparedImage answer_of(const Opened& model, const image::Image& image) {
  const auto name = [&](int label) { return model.classes[static_cast<size_t>(label)].name; };
  std::vector<ShownObject> objects;
  std::string said;
  std::visit(graph::Overloaded{
                 [&](const std::vector<detect::Detection>& detections) {
                   // The surest on top.
                   for (size_t i = detections.size(); i > 0; --i) {
                     const detect::Detection& d = detections[i - 1];
                     objects.push_back({d.box, d.label, fmt::format("{} {:.2f}", name(d.label), d.score),
                                        d.mask.counts.empty() ? std::vector<uint8_t>{} : detect::decode_mask(d.mask)});
                   }
                   said = fmt::format("{} found", detections.size());
                 },
                 [&](const std::vector<runtime::ClassScore>& scores) {
                   const runtime::ClassScore& best = scores.front();
                   objects.push_back(word(best.label, fmt::format("{} {:.2f}", name(best.label), best.score)));
                   said = name(best.label);
                 }},
             model.predict(image));
  return {fmt::format("{}: {}", model.name, said), image::encode_jpeg(draw_objects(image, objects), kQuality)};
}

Opened open_named(const NamedModel& named, int threads) {
  runtime::RunOptions options;
  options.threads = threads;
  options.device = "cpu";
  detect::PostprocessOptions post;
  post.score_threshold = kShownScore;
  const runtime::PreparedModel prepared = runtime::prepare(runtime::open_model(named.path), options);
  return {named.name, prepared.model.file.classes, make_predict_function(prepared, post)};
}

}  // namespace

std::vector<std::vector<plot::ComparedImage>> compared_images(const ValidationSet& set,
                                                              const std::vector<NamedModel>& models, int threads) {
  std::vector<Opened> opened;
  for (const NamedModel& model : models) opened.push_back(open_named(model, threads));
  std::vector<std::vector<plot::ComparedImage>> rows;
  const int64_t size = set.images->size(), stride = std::max<int64_t>(1, size / kShownImages);
  for (int64_t i = 0; i < size && std::ssize(rows) < kShownImages; i += stride) {
    try {
      const data::LabelledImage sample = set.images->get(i);
      std::vector<plot::ComparedImage> row{truth_of(sample, set)};
      for (const Opened& model : opened) row.push_back(answer_of(model, sample.image));
      rows.push_back(std::move(row));
    } catch (const Error& error) {
      log_warning(fmt::format("left out of the page: {}", error.what()));
    }
  }
  return rows;
}

}  // namespace spinenet::compare
