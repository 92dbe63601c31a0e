// Models for the tests of this folder: narrow networks of two classes (ids 3 and 7) with random weights.
#pragma once

#include "arch/families.h"
#include "arch/task.h"
#include "arch/text.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"
#include "image/image.h"
#include "runtime/calibrate_model.h"
#include "runtime/model.h"

namespace spinenet::runtime {

inline arch::Architecture narrow() {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.scaling.filter_size_scale = 0.1;
  a.scaling.endpoints_num_filters = 16;
  a.head.filters = 16;
  a.head.convs = 1;
  a.two_stage.rpn_filters = a.two_stage.box_filters = a.two_stage.mask_filters = 16;
  a.two_stage.box_convs = a.two_stage.mask_convs = 1;
  a.two_stage.box_dense = 32;
  return a;
}

inline Model model_for(arch::Task task, const arch::Architecture& architecture = narrow()) {
  Model model{"m.safetensors", {}, architecture};
  model.file.architecture = to_json(model.architecture);
  model.file.task = name_of(task);
  model.file.classes = {{3, "apple"}, {7, "pear"}};
  model.file.image_size = 100;
  const graph::LowerOptions lower{.height = 128, .width = 128, .classes = 2};
  const graph::InitOptions lively{.residual_norm_weight = 1, .predictor_deviation = 0.1};
  switch (task) {
    case arch::Task::detect:
      model.file.weights = graph::initial_weights(graph::lower_detector(model.architecture, lower), lively, 1);
      break;
    case arch::Task::classify:
      model.file.weights = graph::initial_weights(graph::lower_classifier(model.architecture, lower), lively, 1);
      break;
    case arch::Task::segment:
      for (const graph::Program& part : graph::programs_of(graph::lower_two_stage(model.architecture, lower))) {
        model.file.weights.merge(graph::initial_weights(part, lively, 1));
      }
      break;
  }
  return model;
}

inline image::Image striped_image() {
  image::Image image = image::make_image(90, 100);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(7 * i % 251);
  return image;
}

inline const ImageSource& stripes() {
  static const ImageSource one{2, [](int64_t) { return striped_image(); }};
  return one;
}

// Every layer has its ranges, whatever they cost.
inline Model calibrated_model(arch::Task task = arch::Task::detect) {
  Model model = model_for(task);
  const engine::CalibrateOptions options{.layer_error = 1e9, .output_error = 1e9};
  set_calibrations(model.file, calibrate_model(model, network_inputs(model, stripes(), options), options));
  return model;
}

}  // namespace spinenet::runtime
