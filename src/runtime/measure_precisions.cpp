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

double ap_of(const Model& model, const AnnotatedImages& annotated, Precision precision, int threads) {
  const PreparedModel prepared = prepare(model, {.threads = threads, .precision = precision, .device = "cpu"});
  const DetectFunction detect = make_detect_function(prepared, usual_postprocess(prepared.model.architecture));
  std::vector<detect::Result> results;
  for (size_t i = 0; i < annotated.truth.images.size(); ++i) {
    const image::Image image = annotated.image(static_cast<int64_t>(i));
    append_results(detect({&image, 1}).front(), annotated.truth.images[i].id, model.file.classes, results);
  }
  return eval::evaluate_coco(annotated.truth, results, {.threads = threads}).metrics.ap;
}

}  // namespace

AnnotatedImages annotated_images(const Model& model, const std::vector<std::string>& files,
                                 const std::string& annotations) {
  data::CocoReadOptions boxes;
  boxes.segmentations = false;
  detect::Annotations all = data::read_coco(annotations, boxes);
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
  found.image = [names = std::move(names)](int64_t i) { return image::read_input(names[static_cast<size_t>(i)]); };
  return found;
}

PrecisionFacts measure_precisions(const Model& model, const ImageSource& images,
                                  const std::optional<AnnotatedImages>& annotated, int threads) {
  const graph::Program program = networks_of(model).front();
  const Weights weights = graph::own_weights(program, model.file.weights);
  const engine::Calibration calibration = need_calibration(model.file, model.path.string());
  const engine::CalibrationImages inputs = network_inputs(model, program, images);
  PrecisionFacts facts{engine::identity_of(weights), 0, {}, {}};
  if (annotated) facts.images = static_cast<int>(annotated->truth.images.size());
  for (const Precision precision : values_of<Precision>()) {
    if (!engine::has_format({.threads = threads, .precision = precision})) continue;
    if (precision == Precision::int8) {
      facts.output_error[precision] = calibration.error;
    } else if (precision == Precision::bf16) {
      facts.output_error[precision] =
          engine::output_error(program, weights, {.threads = threads, .precision = precision}, inputs);
    }
    if (annotated) facts.ap[precision] = ap_of(model, *annotated, precision, threads);
  }
  return facts;
}

}  // namespace spinenet::runtime
