#include "compare/images.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "image/draw.h"
#include "image/encode.h"
#include "runtime/predict.h"
#include "runtime/true_objects.h"

namespace spinenet::compare {
namespace {

constexpr int64_t kShownImages = 8;
constexpr int kMostSide = 640;  // pixels of the longer one as shown
constexpr float kShownScore = 0.4F;
constexpr int kQuality = 82;

std::string drawn(const image::Image& image, std::span<const image::DrawnObject> objects) {
  return image::encode_jpeg(draw_objects(image, objects, {.most_side = kMostSide}).image, kQuality);
}

plot::ComparedImage truth_of(const data::LabelledImage& sample, const ValidationSet& set) {
  const std::vector<image::DrawnObject> objects = runtime::true_objects(sample, set.classes);
  std::string said = sample.label >= 0 ? objects.front().name : fmt::format("{} there", objects.size());
  return {fmt::format("image {}: {}", sample.image_id, said), drawn(sample.image, objects)};
}

struct Opened {
  std::string name;
  std::vector<formats::ModelClass> classes;
  runtime::PredictFunction predict;
};

plot::ComparedImage answer_of(const Opened& model, const image::Image& image) {
  const runtime::Prediction found = model.predict(image);
  const std::string said = std::visit(
      graph::Overloaded{
          [](const std::vector<detect::Detection>& detections) { return fmt::format("{} found", detections.size()); },
          [&](const std::vector<runtime::ClassScore>& scores) {
            return model.classes[static_cast<size_t>(scores.front().label)].name;
          }},
      found);
  return {fmt::format("{}: {}", model.name, said), drawn(image, runtime::drawn_objects(found, model.classes))};
}

Opened open_named(const NamedModel& named, int threads) {
  runtime::RunOptions options;
  options.threads = threads;
  options.device = "cpu";
  detect::PostprocessOptions post;
  post.score_threshold = kShownScore;
  const runtime::PreparedModel prepared = runtime::prepare(runtime::open_stored_model(named.path), options);
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
