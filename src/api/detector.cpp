#include <algorithm>
#include <numeric>

#include <spinenet/detector.h>

#include "api/loaded_model.h"
#include "base/error.h"
#include "base/format.h"
#include "detect/mask.h"
#include "image/decode.h"

namespace spinenet::api {
namespace {

// Pictures of a batch that are in memory as floats at the same time.
constexpr size_t kAtOnce = 8;

Answer answer_one(const DetectorSession& session, const image::Image& image) {
  return std::move(answer(session, {&image, 1}).front());
}

}  // namespace

int thread_budget() {
  return process_thread_budget_size();
}

void set_thread_budget(int threads) {
  set_process_thread_budget(threads);
}

Model::Model(const std::string& path, const ModelOptions& options)
    : loaded_(load(runtime::open_model(path), options)) {}

const std::string& Model::task() const {
  return loaded_->model.file.task;
}

const std::vector<Class>& Model::classes() const {
  return loaded_->classes;
}

int Model::image_size() const {
  return loaded_->image_size;
}

int Model::threads() const {
  return loaded_->threads;
}

std::vector<uint8_t> unpack(const Mask& mask) {
  const uint64_t pixels = std::accumulate(mask.counts.begin(), mask.counts.end(), uint64_t{0});
  if (mask.height < 1 || mask.width < 1 || pixels != uint64_t(mask.height) * uint64_t(mask.width)) {
    fail(ErrorKind::usage,
         fmt::format("runs of {} pixels for a mask of {} x {} (height x width)", pixels, mask.height, mask.width),
         "mask", "only models that segment give masks");
  }
  return detect::decode_mask({mask.height, mask.width, mask.counts});
}

Detector::Detector(const Model& model, const runtime::DetectorOptions& options)
    : session_(std::make_unique<DetectorSession>(make_session(model.loaded_, options))) {}

Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;
Detector::~Detector() = default;

Answer Detector::detect(const Pixels& picture) {
  return std::move(detect(std::span(&picture, 1)).front());
}

std::vector<Answer> Detector::detect(std::span<const Pixels> pictures) {
  std::vector<Answer> answers;
  for (size_t first = 0; first < pictures.size(); first += kAtOnce) {
    const ThreadLease threads(*session_->loaded->budget, session_->loaded->threads);
    std::vector<image::Image> images;
    for (const Pixels& picture : pictures.subspan(first, std::min(kAtOnce, pictures.size() - first))) {
      images.push_back(to_image(picture));
    }
    for (Answer& one : answer(*session_, images)) answers.push_back(std::move(one));
  }
  return answers;
}

Answer Detector::detect_file(const std::string& path) {
  const std::string file = read_limited(path);  // a slow disk keeps no threads from others
  const ThreadLease threads(*session_->loaded->budget, session_->loaded->threads);
  return answer_one(*session_, image::decode_image({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, path));
}

Answer Detector::detect_encoded(std::span<const std::byte> file) {
  const ThreadLease threads(*session_->loaded->budget, session_->loaded->threads);
  return answer_one(*session_,
                    image::decode_image({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, "picture"));
}

}  // namespace spinenet::api
