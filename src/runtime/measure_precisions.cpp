#include "runtime/measure_precisions.h"

#include <algorithm>
#include <map>
#include <utility>

#include "arch/task.h"
#include "base/error.h"
#include "data/coco/coco.h"
#include "engine/compile/check_options.h"
#include "eval/coco_ap.h"
#include "graph/weights.h"
#include "image/named_images.h"
#include "runtime/calibration.h"
#include "runtime/detect_function.h"
#include "runtime/detect_images.h"
#include "runtime/image_ids.h"
#include "runtime/networks.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {
namespace {

using engine::Precision;

bool segments(const Model& model) {
  return arch::task_named(model.file.task) == arch::Task::segment;
}

double ap_of(const Model& model, const AnnotatedImages& annotated, Precision precision, int threads) {
  const PreparedModel prepared = prepare(model, {.threads = threads, .precision = precision, .device = "cpu"});
  const DetectFunction detect = make_detect_function(prepared, usual_postprocess(prepared.model.architecture));
  std::vector<detect::Result> results;
  for (size_t i = 0; i < annotated.truth.images.size(); ++i) {
    const image::Image image = annotated.image(static_cast<int64_t>(i));
    append_results(detect({&image, 1}).front(), annotated.truth.images[i].id, model.file.classes, results);
  }
  const eval::IouType iou = segments(model) ? eval::IouType::segm : eval::IouType::bbox;
  return eval::evaluate_coco(annotated.truth, results, {.iou = iou, .threads = threads}).metrics.ap;
}

double output_error_of(const Model& model, std::span<const graph::Program> networks,
                       std::span<const engine::CalibrationImages> inputs, const engine::CompileOptions& options) {
  double most = 0;
  for (size_t n = 0; n < networks.size(); ++n) {
    const Weights weights = graph::own_weights(networks[n], model.file.weights);
    most = std::max(most, engine::output_error(networks[n], weights, options, inputs[n]));
  }
  return most;
}

}  // namespace

AnnotatedImages annotated_images(const Model& model, const std::vector<std::string>& files,
                                 const std::string& annotations) {
  data::CocoReadOptions reading;
  reading.segmentations = segments(model);
  detect::Annotations all = data::read_coco(annotations, reading);
  std::map<int64_t, detect::ImageInfo> info_of;
  for (const detect::ImageInfo& image : all.images) info_of[image.id] = image;
  AnnotatedImages found;
  std::vector<std::string> names;
  for (const NumberedImage& image : numbered(files, annotations)) {
    const auto info = info_of.extract(image.id);
    if (info.empty()) continue;  // the same image twice
    found.truth.images.push_back(info.mapped());
    names.push_back(image.file_name);
  }
  std::ranges::copy_if(all.annotations, std::back_inserter(found.truth.annotations),
                       [&](const auto& annotation) { return !info_of.contains(annotation.image_id); });
  found.truth.categories = std::move(all.categories);
  check_classes(model, found.truth);
  if (std::ranges::all_of(found.truth.annotations, &detect::Annotation::crowd)) {
    fail(ErrorKind::bad_data, "nothing is to be found in the images", annotations,
         "give images with objects, or leave --annotations out");
  }
  if (segments(model)) eval::require_masks(found.truth, annotations);
  found.image = [names = std::move(names)](int64_t i) { return image::read_input(names[static_cast<size_t>(i)]); };
  return found;
}

PrecisionFacts measure_precisions(const Model& model, std::span<const engine::CalibrationImages> inputs,
                                  const std::optional<AnnotatedImages>& annotated, int threads) {
  const std::vector<graph::Program> networks = networks_of(model);
  const Calibrations calibrations = need_calibrations(model.file, networks.size(), model.path.string());
  PrecisionFacts facts{weights_identity(networks, weights_of(model)), 0, {}, {}};
  if (annotated) facts.images = static_cast<int>(annotated->truth.images.size());
  for (const Precision precision : values_of<Precision>()) {
    if (!engine::has_format({.threads = threads, .precision = precision})) continue;
    if (precision == Precision::int8) {
      facts.output_error[precision] = std::ranges::max(calibrations, {}, &engine::Calibration::error).error;
    } else if (precision == Precision::bf16) {
      facts.output_error[precision] =
          output_error_of(model, networks, inputs, {.threads = threads, .precision = precision});
    }
    if (annotated) facts.ap[precision] = ap_of(model, *annotated, precision, threads);
  }
  return facts;
}

}  // namespace spinenet::runtime
