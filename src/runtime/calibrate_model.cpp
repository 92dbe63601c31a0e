#include "runtime/calibrate_model.h"

#include "arch/task.h"
#include "graph/weights.h"
#include "image/center_crop.h"
#include "runtime/calibration.h"
#include "runtime/detect_function.h"
#include "runtime/input.h"
#include "runtime/networks.h"

namespace spinenet::runtime {
namespace {

// As predict makes it, for a network of this size.
std::vector<float> input_of(const Model& model, int64_t side, const image::Image& image) {
  const image::Normalization normalization{model.file.mean, model.file.std};
  const int extent = static_cast<int>(side);
  if (arch::task_named(model.file.task) == arch::Task::detect) {
    return make_input({&image, 1}, {model.file.image_size, extent, image_fit_of(model)}, normalization).pixels.data;
  }
  std::vector<float> pixels(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  image::normalize(image::center_crop(image, extent, center_crop_of(model)), normalization, pixels);
  return pixels;
}

}  // namespace

engine::Calibration calibrate_model(const Model& model, const ImageSource& images,
                                    const engine::CalibrateOptions& options) {
  refuse_two_stages(model);
  const graph::Program program = networks_of(model).front();
  return engine::calibrate(program, graph::own_weights(program, model.file.weights),
                           network_inputs(model, program, images), options);
}

engine::CalibrationImages network_inputs(const Model& model, const graph::Program& program, const ImageSource& images) {
  const int64_t side = program.values.front().height;
  return {images.count, [&model, &images, side](int64_t i) { return input_of(model, side, images.image(i)); }};
}

void set_calibration(Model& model, const engine::Calibration& calibration) {
  model.file.extra[kCalibrationEntry] = to_json(calibration).dump();
}

}  // namespace spinenet::runtime
