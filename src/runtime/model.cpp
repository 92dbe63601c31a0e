#include "runtime/model.h"

#include "arch/text.h"

namespace spinenet::runtime {
namespace {

Model understand(formats::ModelFile file, const std::filesystem::path& path) {
  Model model{path, std::move(file), {}};
  model.architecture = arch::architecture_from_json(model.file.architecture, path.string() + ": architecture");
  return model;
}

}  // namespace

bool is_model_path(std::string_view name) {
  return name.ends_with(".safetensors");
}

Model open_model(const std::filesystem::path& path) {
  return understand(formats::read_model(path), path);
}

Model open_model(std::span<const char> bytes, const std::filesystem::path& path) {
  return understand(formats::parse_model(bytes, path.string()), path);
}

}  // namespace spinenet::runtime
