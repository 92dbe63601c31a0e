#include "runtime/model.h"

#include <fstream>

#include "arch/text.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "formats/first_values.h"

namespace spinenet::runtime {
namespace {

Model understand(formats::ModelFile file, const std::filesystem::path& path) {
  Model model{path, std::move(file), {}};
  model.architecture = arch::architecture_from_json(model.file.architecture, path.string() + ": architecture");
  return model;
}

}  // namespace

bool is_model_path(std::string_view name) {
  if (name.ends_with(".safetensors")) return true;
  // The length of the header as eight bytes, of which the last four are zeros in every file that is read, and "{".
  constexpr std::streamsize kBeginning = 9;
  std::string bytes(kBeginning, ' ');
  std::ifstream file(std::filesystem::path(name), std::ios::binary);
  return file.read(bytes.data(), kBeginning) && bytes.ends_with(std::string("\0\0\0\0{", 5));
}

Model open_model(const std::filesystem::path& path) {
  return understand(formats::read_model(path), path);
}

Model open_stored_model(const std::filesystem::path& path) {
  auto stored = std::make_shared<const formats::StoredModel>(path);
  Model model = understand(stored->file(), path);
  model.stored = std::move(stored);
  return model;
}

WeightViews weights_of(const Model& model) {
  return model.stored ? model.stored->weights() : views_of(model.file.weights);
}

Model open_model(std::span<const char> bytes, const std::filesystem::path& path) {
  return understand(formats::parse_model(bytes, path.string()), path);
}

void warn_if_untrained(const Model& model) {
  if (!formats::is_head_untrained(model.file, weights_of(model), model.path.string())) return;
  log_warning(
      fmt::format("{}: its head has first values alone, so that what it says of images is noise; train it: spinenet "
                  "train RECIPE --from {}",
                  printable(model.path.string()), printable(model.path.string())));
}

}  // namespace spinenet::runtime
