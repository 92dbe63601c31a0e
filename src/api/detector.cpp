#include <algorithm>
#include <numeric>

#include <spinenet/detector.h>

#include "api/border.h"
#include "api/loaded_model.h"
#include "base/error.h"
#include "base/fork_count.h"
#include "base/format.h"
#include "detect/mask.h"
#include "image/decode.h"

namespace spinenet::api {
namespace {

// Images of a batch that are in memory as floats at the same time.
constexpr size_t kAtOnce = 8;

Prediction predict_one(const DetectorSession& session, const image::Image& image) {
  return std::move(predict(session, {&image, 1}).front());
}

// A call that computes, with the threads that it takes. A detector that another thread was using when the process was
// forked is in the middle of an image in the child, and stays so.
class Computing {
 public:
  explicit Computing(DetectorSession& session)
      : session_(checked(session)), lease_(*session.loaded->budget, session.loaded->prepared.threads) {
    session_.answering = fork_count();
  }
  Computing(const Computing&) = delete;
  Computing& operator=(const Computing&) = delete;
  ~Computing() { session_.answering.reset(); }

 private:
  static DetectorSession& checked(DetectorSession& session) {
    if (session.answering && *session.answering != fork_count()) {
      fail(spinenet::ErrorKind::usage, "another thread was using it when this process was forked", "detector",
           "make a detector of the child's own, from the same model");
    }
    return session;
  }

  DetectorSession& session_;
  runtime::ThreadLease lease_;
};

std::span<const uint8_t> bytes_of(std::span<const std::byte> file) {
  return {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
}

std::span<const char> text_of(std::span<const std::byte> file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

}  // namespace

int thread_budget() {
  return runtime::process_thread_budget_size();
}

void set_thread_budget(int threads) {
  at_border([&] { runtime::set_process_thread_budget(threads); });
}

Model::Model(const std::string& path, const ModelOptions& options)
    : loaded_(at_border([&] { return load(runtime::open_stored_model(path), options); })) {}

Model::Model(std::span<const std::byte> file, const ModelOptions& options, const std::string& name)
    : loaded_(at_border([&] { return load(runtime::open_model(text_of(file), name), options); })) {}

const std::string& Model::task() const {
  return loaded_->prepared.model.file.task;
}

const std::vector<Class>& Model::classes() const {
  return loaded_->classes;
}

int Model::image_size() const {
  return loaded_->prepared.image_size;
}

int Model::threads() const {
  return loaded_->prepared.threads;
}

std::vector<uint8_t> unpack(const Mask& mask) {
  return at_border([&] {
    const uint64_t pixels = std::accumulate(mask.counts.begin(), mask.counts.end(), uint64_t{0});
    if (mask.height < 1 || mask.width < 1 || pixels != uint64_t(mask.height) * uint64_t(mask.width)) {
      fail(spinenet::ErrorKind::usage,
           fmt::format("runs of {} pixels for a mask of {} x {} (height x width)", pixels, mask.height, mask.width),
           "mask", "only models that segment give masks");
    }
    return detect::decode_mask({mask.height, mask.width, mask.counts});
  });
}

Detector::Detector(const Model& model, const DetectorOptions& options)
    : session_(at_border([&] { return std::make_unique<DetectorSession>(make_session(model.loaded_, options)); })) {}

Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;
Detector::~Detector() = default;

Prediction Detector::detect(const Pixels& image) {
  return std::move(detect(std::span(&image, 1)).front());
}

std::vector<Prediction> Detector::detect(std::span<const Pixels> views) {
  return at_border([&] {
    std::vector<Prediction> predictions;
    for (size_t first = 0; first < views.size(); first += kAtOnce) {
      const Computing computing(*session_);
      std::vector<image::Image> images;
      for (const Pixels& view : views.subspan(first, std::min(kAtOnce, views.size() - first))) {
        images.push_back(to_image(view));
      }
      for (Prediction& one : predict(*session_, images)) predictions.push_back(std::move(one));
    }
    return predictions;
  });
}

Prediction Detector::detect_file(const std::string& path) {
  return at_border([&] {
    const std::string file = image::read_limited(path);  // a slow disk keeps no threads from others
    const Computing computing(*session_);
    return predict_one(*session_, image::decode_image(bytes_of(std::as_bytes(std::span(file))), path));
  });
}

Prediction Detector::detect_encoded(std::span<const std::byte> file) {
  return at_border([&] {
    const Computing computing(*session_);
    return predict_one(*session_, image::decode_image(bytes_of(file), "image"));
  });
}

}  // namespace spinenet::api
