// A model in one .safetensors file: the weights, and in the metadata all that is needed to use them (architecture,
// task, classes with the ids of the annotation file they came from, input size, normalisation).
//
// Invariant of a ModelFile that was read or may be written: task is the name of an arch::Task; classes are not empty
// and have different ids; 1 <= image_size <= 65536; mean is finite and std finite and positive; architecture is a JSON
// object. The architecture stays JSON here: arch/ gives it meaning.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_tensor.h"
#include "base/json.h"
#include "base/output.h"

namespace spinenet::formats {

// Readers take this version and older ones, and refuse newer ones naming both.
inline constexpr int kModelFormatVersion = 1;

struct ModelClass {
  int64_t id = 0;  // as in the annotation file
  std::string name;
  bool operator==(const ModelClass&) const = default;
};

struct ModelFile {
  Json architecture;
  std::string task = "detect";
  std::vector<ModelClass> classes;  // in the order of the class outputs
  int image_size = 0;
  // Of the pixel values in [0, 1], in the order red, green, blue.
  std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
  std::array<float, 3> std{0.229F, 0.224F, 0.225F};
  Weights weights;
  // Further metadata, kept as it is: activation, the step it was trained to, the hash of the recipe.
  std::map<std::string, std::string> extra;
};

struct ReadModelOptions {
  bool allow_nonfinite = false;
};

// Whether the metadata of a safetensors file says that it is a model of this program.
bool is_model_metadata(const std::map<std::string, std::string>& metadata);

// ErrorKind::failed where the invariant does not hold or `extra` uses a key of the format itself.
void write_model(const Output& output, const ModelFile& model);

// ErrorKind::bad_data naming the file and the entry; ErrorKind::unsupported for a newer version.
ModelFile read_model(const std::filesystem::path& path, const ReadModelOptions& options = {});
// What the metadata of a file say; without the weights and the check that they are finite.
ModelFile model_of(std::map<std::string, std::string> metadata, std::string_view place);
ModelFile parse_model(std::span<const char> bytes, std::string_view place, const ReadModelOptions& options = {});

}  // namespace spinenet::formats
