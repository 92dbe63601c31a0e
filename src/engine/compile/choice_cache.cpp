#include "engine/compile/choice_cache.h"

#include <cstdlib>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/proc_file.h"
#include "engine/compile/conv_choice.h"

namespace spinenet::engine {
namespace {

// Raised with every change of the kernels that changes how long they take.
constexpr int kKernelVersion = 3;
constexpr std::string_view kFormat = "spinenet convolution choices";
constexpr uintmax_t kMostBytes = 16 << 20;

using Choices = std::map<std::string, std::string>;

Choices read_choices(const std::filesystem::path& file) {
  std::error_code error;  // which read_file() tells with the reason
  if (file.empty() || (!std::filesystem::exists(file, error) && !error)) return {};
  const uintmax_t bytes = std::filesystem::file_size(file, error);
  if (!error && bytes > kMostBytes) {
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

struct FileContent {
  Choices choices;
  std::string fault;  // "": none
};

// Nothing of a file that cannot be read.
FileContent content_of(const std::filesystem::path& file) {
  try {
    return {read_choices(file), ""};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

Choices known_choices(const std::filesystem::path& file) {
  const FileContent content = content_of(file);
  if (!content.fault.empty()) log_warning(content.fault + "; measuring again");
  return content.choices;
}

std::string processor_text() {
  std::string text;
  for (const std::string_view key : {"vendor_id", "cpu family", "model", "model name", "stepping", "cache size"}) {
    const std::string value = proc_value("/proc/cpuinfo", key);
    if (!value.empty()) text += value + ", ";
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
  Choices all = added_;
  all.merge(content_of(file_).choices);  // a broken file is written again
  const SortedJson json{{"format", kFormat}, {"choices", all}};
  // The processor's name may be anything.
  const std::string text = json.dump(1, ' ', false, SortedJson::error_handler_t::replace) + "\n";
  std::error_code ignored;  // without the folder the file cannot be written, which tells the reason
  if (file_.has_parent_path()) std::filesystem::create_directories(file_.parent_path(), ignored);
  try {
    write_file_atomic(file_, text);
    added_.clear();
  } catch (const Error& error) {
    log_warning(fmt::format("{}; what was measured is not kept", error.what()));
  }
}

}  // namespace spinenet::engine
