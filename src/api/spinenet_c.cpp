#include <algorithm>
#include <new>

#include <spinenet/detector.h>
#include <spinenet/spinenet.h>
#include <spinenet/spinenet_c.h>

#include "api/border.h"
#include "base/format.h"

struct spinenet_model {
  spinenet::api::Model model;
};

struct spinenet_detector {
  spinenet::api::Detector detector;
};

// The arrays point into what was found.
struct spinenet_result {
  explicit spinenet_result(spinenet::api::Prediction given) : found(std::move(given)) {
    for (const auto& o : found.objects) {
      objects.push_back({o.box.x1, o.box.y1, o.box.x2, o.box.y2, o.score, o.label, o.class_id, o.class_name.c_str()});
    }
    for (const auto& c : found.classes) classes.push_back({c.score, c.label, c.class_id, c.class_name.c_str()});
  }
  spinenet_result(const spinenet_result&) = delete;
  spinenet_result& operator=(const spinenet_result&) = delete;

  spinenet::api::Prediction found;
  std::vector<spinenet_object> objects;
  std::vector<spinenet_class_score> classes;
};

namespace spinenet::api {
namespace {

std::string& last_error() {
  thread_local std::string message;
  return message;
}

spinenet_status status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return SPINENET_USAGE;
    case ErrorKind::bad_data:
      return SPINENET_BAD_DATA;
    case ErrorKind::io:
      return SPINENET_IO;
    case ErrorKind::unsupported:
      return SPINENET_UNSUPPORTED;
    case ErrorKind::failed:
      return SPINENET_FAILED;
  }
  return SPINENET_FAILED;
}

spinenet_status note(spinenet_status status, const char* message) {
  try {
    last_error() = message;
  } catch (...) {  // no memory for the message: the status says it
    last_error().clear();
  }
  return status;
}

// The border: nothing is thrown beyond it.
template <class Work>
spinenet_status guarded(const Work& work) noexcept {
  try {
    at_border(work);
    return SPINENET_OK;
  } catch (const api::Error& error) {
    return note(status_of(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    return note(SPINENET_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return note(SPINENET_FAILED, error.what());
  }
}

void require(bool given, std::string_view what) {
  if (!given) fail(spinenet::ErrorKind::usage, fmt::format("{} is NULL", what), "spinenet");
}

api::PixelFormat format_of(int format) {
  switch (format) {
    case SPINENET_RGB:
      return api::PixelFormat::rgb;
    case SPINENET_BGR:
      return api::PixelFormat::bgr;
    case SPINENET_GRAY:
      return api::PixelFormat::gray;
  }
  fail(spinenet::ErrorKind::usage, fmt::format("there is no pixel format {}", format), "spinenet_detect",
       "use SPINENET_RGB, SPINENET_BGR or SPINENET_GRAY");
}

const api::Class* class_of(const spinenet_model* model, int label) {
  if (model == nullptr) return nullptr;
  const auto& classes = model->model.classes();
  return label >= 0 && label < static_cast<int>(classes.size()) ? &classes[static_cast<size_t>(label)] : nullptr;
}

api::ModelOptions model_options(const spinenet_model_options& given) {
  api::ModelOptions options{given.image_size, given.threads};
  switch (given.choose) {
    case SPINENET_CHOOSE_RULE:
      options.choose = api::Choose::rule;
      break;
    case SPINENET_CHOOSE_MEASURE:
      options.choose = api::Choose::measure;
      break;
    default:
      fail(spinenet::ErrorKind::usage, fmt::format("choose {}", given.choose), "model", "use a spinenet_choose");
  }
  switch (given.precision) {
    case SPINENET_FP32:
      options.precision = api::Precision::fp32;
      break;
    case SPINENET_BF16:
      options.precision = api::Precision::bf16;
      break;
    case SPINENET_INT8:
      options.precision = api::Precision::int8;
      break;
    case SPINENET_AUTO_PRECISION:
      options.precision = api::Precision::automatic;
      break;
    default:
      fail(spinenet::ErrorKind::usage, fmt::format("precision {}", given.precision), "model",
           "use a spinenet_precision");
  }
  return options;
}

template <class Open>
spinenet_status open_model(spinenet_model** model, const spinenet_model_options* options, const Open& open) {
  if (model != nullptr) *model = nullptr;
  return guarded([&] {
    require(model != nullptr, "model");
    *model = new spinenet_model{open(options != nullptr ? model_options(*options) : api::ModelOptions())};
  });
}

template <class Find>
spinenet_status detect_one(spinenet_detector* detector, const void* input, spinenet_result** result, const Find& find) {
  if (result != nullptr) *result = nullptr;
  return guarded([&] {
    require(detector != nullptr, "detector");
    require(input != nullptr, "the image");
    require(result != nullptr, "result");
    *result = std::make_unique<spinenet_result>(find(detector->detector)).release();
  });
}

}  // namespace
}  // namespace spinenet::api

using namespace spinenet;
using namespace spinenet::api;

const char* spinenet_last_error(void) {
  return last_error().c_str();
}

const char* spinenet_version(void) {
  return SPINENET_VERSION;
}

spinenet_status spinenet_set_thread_budget(int threads) {
  return guarded([&] { api::set_thread_budget(threads); });
}

spinenet_status spinenet_model_open(const char* path, const spinenet_model_options* options, spinenet_model** model) {
  return open_model(model, options, [&](const api::ModelOptions& given) {
    require(path != nullptr, "path");
    return api::Model(path, given);
  });
}

spinenet_status spinenet_model_open_bytes(const void* file, size_t size, const spinenet_model_options* options,
                                          spinenet_model** model) {
  return open_model(model, options, [&](const api::ModelOptions& given) {
    require(file != nullptr, "file");
    return api::Model(std::span(static_cast<const std::byte*>(file), size), given);
  });
}

void spinenet_model_free(spinenet_model* model) {
  delete model;
}

const char* spinenet_model_task(const spinenet_model* model) {
  return model != nullptr ? model->model.task().c_str() : nullptr;
}

int spinenet_model_image_size(const spinenet_model* model) {
  return model != nullptr ? model->model.image_size() : 0;
}

int spinenet_model_class_count(const spinenet_model* model) {
  return model != nullptr ? static_cast<int>(model->model.classes().size()) : 0;
}

const char* spinenet_model_class_name(const spinenet_model* model, int label) {
  const api::Class* found = class_of(model, label);
  return found != nullptr ? found->name.c_str() : nullptr;
}

int64_t spinenet_model_class_id(const spinenet_model* model, int label) {
  const api::Class* found = class_of(model, label);
  return found != nullptr ? found->id : 0;
}

spinenet_detector_options spinenet_detector_defaults(void) {
  const api::DetectorOptions usual;
  return {usual.score_threshold, usual.iou, usual.max_objects};
}

spinenet_status spinenet_detector_create(const spinenet_model* model, const spinenet_detector_options* options,
                                         spinenet_detector** detector) {
  if (detector != nullptr) *detector = nullptr;
  return guarded([&] {
    require(model != nullptr, "model");
    require(detector != nullptr, "detector");
    const spinenet_detector_options given = options != nullptr ? *options : spinenet_detector_defaults();
    const int most = given.max_objects != 0 ? given.max_objects : spinenet_detector_defaults().max_objects;
    *detector = new spinenet_detector{api::Detector(model->model, {given.score_threshold, given.iou, most})};
  });
}

void spinenet_detector_free(spinenet_detector* detector) {
  delete detector;
}

spinenet_status spinenet_detect(spinenet_detector* detector, const spinenet_pixels* images, size_t count,
                                spinenet_result** results) {
  if (results != nullptr) std::fill_n(results, count, nullptr);
  return guarded([&] {
    if (count == 0) return;
    require(detector != nullptr, "detector");
    require(images != nullptr, "images");
    require(results != nullptr, "results");
    std::vector<api::Pixels> views;
    for (const spinenet_pixels& p : std::span(images, count)) {
      views.push_back({p.data, p.height, p.width, p.stride, format_of(p.format)});
    }
    std::vector<std::unique_ptr<spinenet_result>> found;
    for (api::Prediction& one : detector->detector.detect(views)) {
      found.push_back(std::make_unique<spinenet_result>(std::move(one)));
    }
    for (size_t i = 0; i < count; ++i) results[i] = found[i].release();
  });
}

spinenet_status spinenet_detect_file(spinenet_detector* detector, const char* path, spinenet_result** result) {
  return detect_one(detector, path, result, [&](api::Detector& d) { return d.detect_file(path); });
}

spinenet_status spinenet_detect_encoded(spinenet_detector* detector, const void* file, size_t size,
                                        spinenet_result** result) {
  const auto* bytes = static_cast<const std::byte*>(file);
  return detect_one(detector, file, result, [&](api::Detector& d) { return d.detect_encoded({bytes, size}); });
}

void spinenet_result_free(spinenet_result* result) {
  delete result;
}

int spinenet_result_height(const spinenet_result* result) {
  return result != nullptr ? result->found.height : 0;
}

int spinenet_result_width(const spinenet_result* result) {
  return result != nullptr ? result->found.width : 0;
}

size_t spinenet_result_object_count(const spinenet_result* result) {
  return result != nullptr ? result->objects.size() : 0;
}

const spinenet_object* spinenet_result_objects(const spinenet_result* result) {
  return result != nullptr ? result->objects.data() : nullptr;
}

size_t spinenet_result_class_count(const spinenet_result* result) {
  return result != nullptr ? result->classes.size() : 0;
}

const spinenet_class_score* spinenet_result_classes(const spinenet_result* result) {
  return result != nullptr ? result->classes.data() : nullptr;
}

spinenet_status spinenet_result_mask(const spinenet_result* result, size_t object, uint8_t* mask, size_t size) {
  return guarded([&] {
    require(result != nullptr, "result");
    require(mask != nullptr, "mask");
    if (object >= result->found.objects.size()) {
      fail(spinenet::ErrorKind::usage, fmt::format("object {} of {}", object, result->found.objects.size()),
           "spinenet_result_mask");
    }
    const api::Mask& mask_runs = result->found.objects[object].mask;
    if (mask_runs.counts.empty()) {
      fail(spinenet::ErrorKind::unsupported, "the model gives no masks", "spinenet_result_mask",
           "use a model that segments");
    }
    const std::vector<uint8_t> pixels = api::unpack(mask_runs);
    if (size < pixels.size()) {
      fail(spinenet::ErrorKind::usage, fmt::format("room for {} of {} bytes", size, pixels.size()),
           "spinenet_result_mask", "give height * width bytes");
    }
    std::copy(pixels.begin(), pixels.end(), mask);
  });
}
