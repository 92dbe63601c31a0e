#include "engine/choice_cache.h"

#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/conv_choice.h"

namespace spinenet {
namespace {

// Raised with every change of the kernels that changes how long they take.
constexpr int kKernelVersion = 1;
constexpr std::string_view kFormat = "spinenet convolution choices";
constexpr uintmax_t kMostBytes = 16 << 20;

using Choices = std::map<std::string, std::string>;

Choices read_choices(const std::filesystem::path& file) {
  if (file.empty() || !std::filesystem::exists(file)) return {};
  if (std::filesystem::file_size(file) > kMostBytes) {
    fail(ErrorKind::bad_data, "too large for a file of choices", file.string());
  }
  const SortedJson json = parse_sorted_json(read_file(file), file.string());
  if (!json.is_object() || json.value("format", SortedJson()) != kFormat || !json.contains("choices") ||
      !json["choices"].is_object()) {
    fail(ErrorKind::bad_data, "not a file of choices", file.string());
  }
  Choices found;
  for (const auto& [key, choice] : json["choices"].items()) {
    if (!choice.is_string() || !parse_choice(choice.get<std::string>())) {
      fail(ErrorKind::bad_data, "not a choice: " + key, file.string());
    }
    found[key] = choice.get<std::string>();
  }
  return found;
}

// Nothing of a file that cannot be read.
Choices known_choices(const std::filesystem::path& file) {
  try {
    return read_choices(file);
  } catch (const std::exception& error) {
    log_warning(fmt::format("{}; measuring anew", error.what()));
    return {};
  }
}

std::string processor_text() {
  std::ifstream info("/proc/cpuinfo");
  std::string line, text;
  while (std::getline(info, line) && !line.empty()) {
    for (const std::string_view key : {"vendor_id", "cpu family", "model", "stepping", "cache size"}) {
      const size_t colon = line.find(':');
      if (!line.starts_with(key) || colon == std::string::npos || colon + 2 > line.size()) continue;
      const std::string name = line.substr(0, line.find_first_of("\t:"));
      if (name == key || name == "model name") text += line.substr(colon + 2) + ", ";
      break;
    }
  }
  return text.empty() ? "unknown processor, " : text;
}

}  // namespace

std::string machine_text(std::string_view instructions) {
  return fmt::format("{}{}, kernels {}", processor_text(), instructions, kKernelVersion);
}

std::filesystem::path default_choice_file() {
  const auto folder = [](const char* variable) -> std::filesystem::path {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
  };
  std::filesystem::path cache = folder("XDG_CACHE_HOME");
  if (!cache.is_absolute()) cache = folder("HOME").empty() ? "" : folder("HOME") / ".cache";
  return cache.empty() ? cache : cache / "spinenet" / "choices.json";
}

ChoiceCache::ChoiceCache(std::filesystem::path file, std::string machine)
    : file_(std::move(file)), machine_(std::move(machine)), known_(known_choices(file_)) {}

std::optional<ConvChoice> ChoiceCache::find(const std::string& shape) const {
  const auto found = known_.find(machine_ + ": " + shape);
  return found == known_.end() ? std::nullopt : parse_choice(found->second);
}

void ChoiceCache::add(const std::string& shape, const ConvChoice& choice) {
  const std::string key = machine_ + ": " + shape;
  known_[key] = added_[key] = to_text(choice);
}

void ChoiceCache::save() {
  if (file_.empty() || added_.empty()) return;
  try {
    Choices all = added_;
    try {
      all.merge(read_choices(file_));
    } catch (const std::exception&) {  // as when it was read: to be written anew
    }
    const SortedJson json{{"format", kFormat}, {"choices", all}};
    if (file_.has_parent_path()) std::filesystem::create_directories(file_.parent_path());
    write_file_atomic(file_, json.dump(1) + "\n");
    added_.clear();
  } catch (const std::exception& error) {
    log_warning(fmt::format("{}; what was measured is not kept", error.what()));
  }
}

}  // namespace spinenet
