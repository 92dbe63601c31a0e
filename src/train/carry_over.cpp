#include "train/carry_over.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "arch/families.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "formats/first_values.h"

namespace spinenet::train {
namespace {

constexpr size_t kNamed = 4;  // tensors that the log names

std::string counted(std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, names.size())));
  return fmt::format("; {} {} ({}{})", names.size(), what, fmt::join(shown, ", "),
                     names.size() > kNamed ? ", ..." : "");
}

// A classifier's backbone is that of the detector whose name has "-fpn" behind its own.
std::string remedy_of(const graph::Program& parameters, const formats::ModelFile& source) {
  const bool named = source.architecture.is_object() && source.architecture.contains("name") &&
                     source.architecture.at("name").is_string();
  const std::string with_pyramid = named ? source.architecture.at("name").get<std::string>() + "-fpn" : "";
  const bool classifies = std::ranges::any_of(parameters.parameters, [](const graph::Parameter& parameter) {
    return parameter.name.starts_with("head.dense");
  });
  const std::span<const std::string> known = arch::architecture_names();
  if (classifies || std::ranges::find(known, with_pyramid) == known.end()) {
    return "give init.weights a model of the same architecture and width";
  }
  std::string remedy = fmt::format(
      "its backbone is that of {}: set architecture.base to that name, and leave the recipe's other keys of "
      "architecture out",
      with_pyramid);
  if (const auto file = source.extra.find("imported_from"); file != source.extra.end()) {
    remedy += fmt::format("; or import {} once more with --as {} and the recipe's --task", file->second, with_pyramid);
  }
  return remedy;
}

}  // namespace

CarriedOver carry_over(const graph::Program& parameters, const formats::ModelFile& source, std::string_view place,
                       Weights& first) {
  CarriedOver carried;
  const std::vector<std::string> names = formats::first_values_of(source, place);
  const std::set<std::string> untrained(names.begin(), names.end());
  std::set<std::string> known;
  for (const graph::Parameter& parameter : parameters.parameters) {
    known.insert(parameter.name);
    const auto found = source.weights.find(parameter.name);
    if (found == source.weights.end()) {
      carried.fresh.push_back(parameter.name);
      continue;
    }
    if (untrained.contains(parameter.name)) {
      carried.untrained.push_back(parameter.name);
      continue;
    }
    const std::vector<int64_t> shape(parameter.shape.begin(), parameter.shape.end());
    if (found->second.shape != shape) {
      carried.other_shape.push_back(fmt::format("{} [{}] for [{}]", parameter.name,
                                                fmt::join(found->second.shape, ", "), fmt::join(shape, ", ")));
      continue;
    }
    first.at(parameter.name) = found->second;
    carried.taken.push_back(parameter.name);
  }
  for (const auto& [name, tensor] : source.weights) {
    if (!known.contains(name)) carried.left.push_back(name);
  }
  for (auto* list : {&carried.taken, &carried.left, &carried.fresh, &carried.other_shape, &carried.untrained}) {
    std::ranges::sort(*list);
  }
  if (carried.taken.empty()) {
    fail(ErrorKind::bad_data, "none of its tensors fits the network by name and shape", place,
         remedy_of(parameters, source));
  }
  return carried;
}

std::string warning_of(const CarriedOver& carried, const std::filesystem::path& source,
                       const std::string& computes_otherwise) {
  const size_t own =
      carried.taken.size() + carried.fresh.size() + carried.other_shape.size() + carried.untrained.size();
  std::string warning;
  if (2 * carried.taken.size() < own) {
    warning = fmt::format("{}: only {} of the network's {} tensors are taken from it{}{}{}", source.string(),
                          carried.taken.size(), own, counted("are not in it", carried.fresh),
                          counted("have another shape there", carried.other_shape),
                          counted("have only first values there", carried.untrained));
  }
  if (!computes_otherwise.empty()) {
    warning +=
        fmt::format("{}{}: its network computes otherwise with the same tensors: {}; set architecture.base to it",
                    warning.empty() ? "" : "\n", source.string(), computes_otherwise);
  }
  return warning;
}

std::string settings_without_tensors(const Json& source, const Json& here) {
  struct Setting {
    const char* path;
    const char* otherwise;  // what it is where an architecture does not write it; "": it always does
  };
  constexpr std::array<Setting, 8> kSettings{{{"/activation", ""},
                                              {"/padding", ""},
                                              {"/large_downsample", ""},
                                              {"/batch_norm/epsilon", ""},
                                              {"/identity_paths", "none"},
                                              {"/edges", "all"},
                                              {"/head/anchor_grid", "centred"},
                                              {"/two_stage/roi_sampling", "aligned"}}};
  std::vector<std::string> differing;
  for (const Setting& setting : kSettings) {
    const Json::json_pointer pointer(setting.path);
    const auto text = [&](const Json& architecture) -> std::string {
      if (!architecture.contains(pointer)) return setting.otherwise;
      const Json& value = architecture.at(pointer);
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    const std::string there = text(source), own = text(here);
    if (there.empty() || own.empty() || there == own) continue;
    differing.push_back(fmt::format("{} {}, here {}", pointer.back(), there, own));
  }
  return fmt::format("{}", fmt::join(differing, "; "));
}

Json to_json(const CarriedOver& carried, const std::filesystem::path& source) {
  return {{"source", source.string()},
          {"taken", carried.taken},
          {"left", carried.left},
          {"fresh", carried.fresh},
          {"other_shape", carried.other_shape},
          {"untrained", carried.untrained}};
}

std::vector<std::string> read_taken(const std::filesystem::path& file) {
  const Json json = parse_json(read_file(file), file.string());
  std::vector<std::string> taken;
  const Json* list = json.is_object() && json.contains("taken") ? &json.at("taken") : nullptr;
  const bool whole = list != nullptr && list->is_array() &&
                     std::ranges::all_of(*list, [](const Json& name) { return name.is_string(); });
  if (!whole) {
    fail(ErrorKind::bad_data, "does not list the tensors that were taken from init.weights", file.string(),
         "the run cannot go on with the rates of fine_tune: start a new one");
  }
  for (const Json& name : *list) taken.push_back(name.get<std::string>());
  return taken;
}

void check_pixels(const PixelRecipe& pixels, const formats::ModelFile& source, std::string_view place) {
  if (pixels.mean == source.mean && pixels.deviation == source.std) return;
  const auto list = FieldValue<std::array<float, 3>>::write;
  fail(ErrorKind::bad_data,
       fmt::format("learned from pixels with mean {} and deviation {}, and the recipe has {} and {}", list(source.mean),
                   list(source.std), list(pixels.mean), list(pixels.deviation)),
       place,
       fmt::format("begin with --from, which takes them over, or set pixels.mean={} and pixels.deviation={}",
                   list(source.mean), list(source.std)));
}

std::string summary_of(const CarriedOver& carried, const std::filesystem::path& source) {
  return fmt::format("{}: {} tensors taken{}{}{}{}", source.string(), carried.taken.size(),
                     counted("left", carried.left), counted("of the network are not in it", carried.fresh),
                     counted("of another shape", carried.other_shape),
                     counted("with first values there, begun again", carried.untrained));
}

}  // namespace spinenet::train
