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
#include "model/networks.h"

namespace {

constexpr int64_t kMostParameters = 300'000, kMostMultiplyAdds = 100'000'000;

// What the text says, without weights; classes have no names.
spinenet::Model read_text(const std::string& text) {
  std::istringstream words(text);
  spinenet::Model model{"input", {}, {}};
  int classes = 0;
  std::string number;
  words >> model.file.task >> model.file.image_size >> classes >> number;
  std::string architecture(text.substr(std::min(text.size(), text.find('\n'))));
  for (int k = 0; k < std::clamp(classes, 1, 9); ++k) model.file.classes.push_back({k, ""});
  for (const char* name : {"proposals", "proposals_before_nms", "center_crop"}) model.file.extra[name] = number;
  model.file.image_size = std::clamp(model.file.image_size, 1, 160);
  model.file.architecture = spinenet::parse_json(architecture, "input");
  model.architecture = spinenet::architecture_from_json(model.file.architecture, "input");
  return model;
}

// Weights for its networks, unless they are large.
bool fill(spinenet::Model& model) {
  int64_t parameters = 0, multiply_adds = 0;
  const std::vector<spinenet::Program> programs = spinenet::lower_networks(model);
  for (const spinenet::Program& program : programs) {
    const spinenet::Cost cost = spinenet::cost(program);
    parameters += cost.parameters;
    multiply_adds += cost.multiply_adds;
  }
  if (parameters > kMostParameters || multiply_adds > kMostMultiplyAdds) return false;
  model.file.weights = spinenet::initial_weights(spinenet::parameters_of_all(programs), {}, 1);
  return true;
}

void answer(spinenet::Model model) {
  const auto session = spinenet::make_session(spinenet::load(std::move(model), {.image_size = 0, .threads = 1}), {});
  const spinenet::Image picture = spinenet::make_image(9, 7, 100);
  if (spinenet::answer(session, {&picture, 1}).size() != 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    answer(spinenet::open_model(std::span<const char>(text), "input"));
  } catch (const spinenet::Error& error) {
    if (!std::string_view(error.what()).starts_with("input")) std::abort();
  }
  try {
    spinenet::Model model = read_text(text);
    if (fill(model)) answer(std::move(model));
  } catch (const spinenet::Error& error) {
    if (std::string_view(error.what()).empty()) std::abort();
  }
  return 0;
}
