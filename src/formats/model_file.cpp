#include "formats/model_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "formats/safetensors.h"

namespace spinenet::formats {
namespace {

constexpr std::string_view kFormatName = "spinenet model";
constexpr int kMaxImageSize = 65536;
constexpr std::string_view kRemedy = "the file is damaged or was changed by hand: write it again";

const std::array<std::string, 8> kOwnKeys{"format",  "format_version", "architecture", "task",
                                          "classes", "image_size",     "mean",         "std"};

// What is wrong with the model, or "".
std::string find_fault(const ModelFile& model) {
  if (!model.architecture.is_object()) return "architecture is not a JSON object";
  if (!value_named<arch::Task>(model.task)) {
    return fmt::format("task \"{}\" is none of {}", model.task, fmt::join(names_of<arch::Task>(), ", "));
  }
  if (model.classes.empty()) return "classes: the list is empty";
  std::set<int64_t> ids;
  for (const ModelClass& item : model.classes) {
    if (!ids.insert(item.id).second) return fmt::format("classes: id {} appears twice", item.id);
  }
  if (model.image_size < 1 || model.image_size > kMaxImageSize) {
    return fmt::format("image_size {} is not between 1 and {}", model.image_size, kMaxImageSize);
  }
  for (size_t i = 0; i < 3; ++i) {
    if (!std::isfinite(model.mean[i])) return fmt::format("mean holds {}", model.mean[i]);
    if (!std::isfinite(model.std[i]) || model.std[i] <= 0) return fmt::format("std holds {}", model.std[i]);
  }
  return "";
}

const std::string& entry(const TensorFile& file, const std::string& key, std::string_view place) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) {
    fail(ErrorKind::bad_data, fmt::format("metadata has no entry \"{}\"", key), place, kRemedy);
  }
  return found->second;
}

int read_int(const TensorFile& file, const std::string& key, std::string_view place) {
  const std::string& text = entry(file, key, place);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(ErrorKind::bad_data, fmt::format("metadata entry \"{}\" is \"{}\", not an integer", key, text), place,
         kRemedy);
  }
  return value;
}

Json read_entry_json(const TensorFile& file, const std::string& key, std::string_view place) {
  return parse_json(entry(file, key, place), fmt::format("{}: metadata entry \"{}\"", place, key));
}

std::array<float, 3> read_triple(const TensorFile& file, const std::string& key, std::string_view place) {
  const Json json = read_entry_json(file, key, place);
  const auto is_number = [](const Json& item) { return item.is_number(); };
  if (!json.is_array() || json.size() != 3 || !std::all_of(json.begin(), json.end(), is_number)) {
    fail(ErrorKind::bad_data, fmt::format("metadata entry \"{}\" is not a list of three numbers", key), place, kRemedy);
  }
  std::array<float, 3> values{};
  for (size_t i = 0; i < 3; ++i) values[i] = static_cast<float>(json[i].get<double>());
  return values;
}

std::vector<ModelClass> read_classes(const TensorFile& file, std::string_view place) {
  const Json json = read_entry_json(file, "classes", place);
  const auto is_class = [](const Json& item) {
    return item.is_object() && item.contains("id") && item["id"].is_number_integer() &&
           !(item["id"].is_number_unsigned() && item["id"].get<uint64_t>() > INT64_MAX) && item.contains("name") &&
           item["name"].is_string();
  };
  if (!json.is_array() || !std::all_of(json.begin(), json.end(), is_class)) {
    fail(ErrorKind::bad_data, "metadata entry \"classes\" is not a list of {\"id\", \"name\"}", place, kRemedy);
  }
  std::vector<ModelClass> classes;
  for (const Json& item : json) classes.push_back({item["id"].get<int64_t>(), item["name"].get<std::string>()});
  return classes;
}

void check_format(const TensorFile& file, std::string_view place) {
  if (!is_model_metadata(file.metadata)) {
    fail(ErrorKind::bad_data, "a safetensors file, but not a model of spinenet: its metadata names no spinenet model",
         place, "give a model that `spinenet train` wrote");
  }
  const int version = read_int(file, "format_version", place);
  if (version > kModelFormatVersion) {
    fail(ErrorKind::unsupported,
         fmt::format("written in model format {}, but this program reads formats up to {}", version,
                     kModelFormatVersion),
         place, "update spinenet");
  }
  if (version < 1) {
    fail(ErrorKind::bad_data, fmt::format("model format {} does not exist", version), place, kRemedy);
  }
}

}  // namespace

bool is_model_metadata(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find("format");
  return found != metadata.end() && found->second == kFormatName;
}

void write_model(const Output& output, const ModelFile& model) {
  const std::string place = output.path().string();
  const std::string fault = find_fault(model);
  if (!fault.empty()) fail(ErrorKind::failed, fmt::format("not a model: {}", fault), place);
  for (const std::string& key : kOwnKeys) {
    if (model.extra.contains(key)) {
      fail(ErrorKind::failed, fmt::format("extra metadata may not use the key \"{}\" of the format", key), place);
    }
  }
  Json classes = Json::array();
  for (const ModelClass& item : model.classes) classes.push_back({{"id", item.id}, {"name", item.name}});
  std::map<std::string, std::string> metadata = model.extra;
  metadata["format"] = kFormatName;
  metadata["format_version"] = std::to_string(kModelFormatVersion);
  metadata["task"] = model.task;
  metadata["image_size"] = std::to_string(model.image_size);
  try {
    metadata["architecture"] = model.architecture.dump();
    metadata["classes"] = classes.dump();
  } catch (const Json::exception&) {
    fail(ErrorKind::failed, "the architecture or a class name is not valid UTF-8", place);
  }
  metadata["mean"] = Json(model.mean).dump();
  metadata["std"] = Json(model.std).dump();
  write_safetensors(output, model.weights, metadata);
}

ModelFile model_of(std::map<std::string, std::string> metadata, std::string_view place) {
  TensorFile file{{}, std::move(metadata)};
  check_format(file, place);
  ModelFile model;
  model.architecture = read_entry_json(file, "architecture", place);
  model.task = entry(file, "task", place);
  model.classes = read_classes(file, place);
  model.image_size = read_int(file, "image_size", place);
  model.mean = read_triple(file, "mean", place);
  model.std = read_triple(file, "std", place);
  const std::string fault = find_fault(model);
  if (!fault.empty()) fail(ErrorKind::bad_data, fmt::format("metadata: {}", fault), place, kRemedy);
  for (const std::string& key : kOwnKeys) file.metadata.erase(key);
  model.extra = std::move(file.metadata);
  return model;
}

namespace {

ModelFile model_with_weights(TensorFile file, std::string_view place, const ReadModelOptions& options) {
  ModelFile model = model_of(std::move(file.metadata), place);
  if (!options.allow_nonfinite) check_finite(file.weights, place);
  model.weights = std::move(file.weights);
  return model;
}

}  // namespace

ModelFile parse_model(std::span<const char> bytes, std::string_view place, const ReadModelOptions& options) {
  return model_with_weights(parse_safetensors(bytes, place), place, options);
}

ModelFile read_model(const std::filesystem::path& path, const ReadModelOptions& options) {
  return model_with_weights(read_safetensors(path), path.string(), options);
}

}  // namespace spinenet::formats
