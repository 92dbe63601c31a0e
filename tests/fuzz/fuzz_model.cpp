// Opening a model: any bytes as the file, and any metadata with weights that fit them, give a detector that answers or
// an Error that says where.
//
// Input: as it is; and as text, "TASK IMAGE_SIZE CLASSES NUMBER", a line feed, the architecture as JSON.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <sstream>
#include <string_view>

#include "api/loaded_model.h"
#include "arch/text.h"
#include "base/error.h"
#include "graph/cost.h"
#include "graph/weights.h"
#include "runtime/networks.h"

namespace {

constexpr int64_t kMostParameters = 300'000, kMostMultiplyAdds = 100'000'000;

// What the text says, without weights; classes have no names.
spinenet::runtime::Model read_text(const std::string& text) {
  std::istringstream words(text);
  spinenet::runtime::Model model{"input", {}, {}};
  int classes = 0;
  std::string number;
  words >> model.file.task >> model.file.image_size >> classes >> number;
  std::string architecture(text.substr(std::min(text.size(), text.find('\n'))));
  for (int k = 0; k < std::clamp(classes, 1, 9); ++k) model.file.classes.push_back({k, ""});
  for (const char* name : {"proposals", "proposals_before_nms", "center_crop"}) model.file.extra[name] = number;
  model.file.image_size = std::clamp(model.file.image_size, 1, 160);
  model.file.architecture = spinenet::parse_json(architecture, "input");
  model.architecture = spinenet::arch::architecture_from_json(model.file.architecture, "input");
  return model;
}

// Weights for its networks, unless they are large.
bool fill(spinenet::runtime::Model& model) {
  int64_t parameters = 0, multiply_adds = 0;
  const std::vector<spinenet::graph::Program> programs = spinenet::runtime::lower_networks(model);
  for (const spinenet::graph::Program& program : programs) {
    const spinenet::graph::Cost cost = spinenet::graph::cost(program);
    parameters += cost.parameters;
    multiply_adds += cost.multiply_adds;
  }
  if (parameters > kMostParameters || multiply_adds > kMostMultiplyAdds) return false;
  model.file.weights = spinenet::graph::initial_weights(spinenet::graph::parameters_of_all(programs), {}, 1);
  return true;
}

void answer(spinenet::runtime::Model model) {
  const auto session =
      spinenet::api::make_session(spinenet::api::load(std::move(model), {.image_size = 0, .threads = 1}), {});
  const spinenet::image::Image image = spinenet::image::make_image(9, 7, 100);
  if (spinenet::api::predict(session, {&image, 1}).size() != 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    answer(spinenet::runtime::open_model(std::span<const char>(text), "input"));
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
  try {
    spinenet::runtime::Model model = read_text(text);
    if (fill(model)) answer(std::move(model));
  } catch (const spinenet::Error& error) {
    if (std::string_view(error.what()).empty()) std::abort();
  }
  return 0;
}
