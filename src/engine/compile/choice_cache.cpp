#include "engine/compile/choice_cache.h"

#include <array>
#include <cstdlib>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/json.h"
#include "base/log.h"
#include "base/output.h"
#include "base/owned_folder.h"
#include "base/proc_file.h"
#include "engine/compile/conv_choice.h"

namespace spinenet::engine {
namespace {

// Raised with every change of the kernels that changes how long they take.
constexpr int kKernelVersion = 4;
constexpr std::string_view kFormat = "spinenet convolution choices";
constexpr uintmax_t kMostBytes = 16 << 20;

Choices read_choices(const std::filesystem::path& file) {
  std::error_code error;  // which read_file() tells with the reason
  if (file.empty() || (!std::filesystem::exists(file, error) && !error)) return {};
  const uintmax_t bytes = std::filesystem::file_size(file, error);
  if (!error && bytes > kMostBytes) {
    fail(ErrorKind::bad_data, "too large for a file of choices", file.string());
  }
  return parse_choices(read_file(file), file.string());
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

// A file that is there and empty, as mktemp makes it, has nothing to lose.
bool is_blank(const std::filesystem::path& file) {
  std::error_code error;
  return !std::filesystem::is_regular_file(file, error) || (std::filesystem::file_size(file, error) == 0 && !error);
}

Choices known_choices(const std::filesystem::path& file, ChoiceFile whose) {
  if (file.empty()) return {};
  if (whose == ChoiceFile::named) {
    if (is_blank(file)) return {};
    try {
      return read_choices(file);
    } catch (const Error& error) {
      fail(ErrorKind::usage, fmt::format("{}; it is not written over", error.what()), "--autotune-cache",
           "name another file, or remove this one");
    }
  }
  const FileContent content = content_of(file);
  if (!content.fault.empty()) log_warning(content.fault + "; measuring again");
  return content.choices;
}

constexpr const char* kOwnFileName = "choices.json";
constexpr std::array<std::string_view, 1> kCacheFiles{kOwnFileName};
constexpr FolderKind kCacheFolder{"this program's cache", kCacheFiles};

// Every process of this user shares the folder. That of an earlier version has the file and no marker.
OwnedFolder take_cache_folder(const std::filesystem::path& folder) {
  FolderClaim claim;
  claim.id = "cache";
  claim.shared = true;
  claim.flag = "XDG_CACHE_HOME";
  claim.is_older = [](const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path / kOwnFileName, error);
  };
  return {folder, kCacheFolder, claim};
}

// A file of choices was known by its content: it may be replaced.
Output named_output(const std::filesystem::path& file) {
  return RunFiles().output({file, "--autotune-cache", true, true});
}

std::string processor_text() {
  std::string text;
  for (const std::string_view key :
       {"vendor_id", "cpu family", "model", "model name", "stepping", "cache size", "CPU implementer",
        "CPU architecture", "CPU variant", "CPU part", "CPU revision"}) {
    const std::string value = proc_value("/proc/cpuinfo", key);
    if (!value.empty()) text += value + ", ";
  }
  return text.empty() ? "unknown processor, " : text;
}

}  // namespace

Choices parse_choices(std::string_view text, std::string_view place) {
  const SortedJson json = parse_sorted_json(text, place);
  if (!json.is_object() || json.value("format", SortedJson()) != kFormat || !json.contains("choices") ||
      !json["choices"].is_object()) {
    fail(ErrorKind::bad_data, "not a file of choices", place);
  }
  Choices found;
  for (const auto& [key, choice] : json["choices"].items()) {
    if (!choice.is_string() || !parse_choice(choice.get<std::string>())) {
      fail(ErrorKind::bad_data, "not a choice: " + key, place);
    }
    found[key] = choice.get<std::string>();
  }
  return found;
}

std::string to_text(const Choices& choices) {
  const SortedJson json{{"format", kFormat}, {"choices", choices}};
  // The processor's name may be anything.
  return json.dump(1, ' ', false, SortedJson::error_handler_t::replace) + "\n";
}

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
  return cache.empty() ? cache : cache / "spinenet" / kOwnFileName;
}

ChoiceCache::ChoiceCache(std::filesystem::path file, std::string machine, ChoiceFile whose)
    : file_(std::move(file)), machine_(std::move(machine)), whose_(whose), known_(known_choices(file_, whose)) {
  if (file_.empty() || whose_ == ChoiceFile::own) return;
  try {
    named_output(file_);
  } catch (const Error& error) {
    // A file of choices that may only be read is of use as it is.
    if (known_.empty() || error.kind() != ErrorKind::io) throw;
  }
}

std::optional<ConvChoice> ChoiceCache::find(const std::string& shape) const {
  const auto found = known_.find(machine_ + ": " + shape);
  return found == known_.end() ? std::nullopt : parse_choice(found->second);
}

void ChoiceCache::add(const std::string& shape, const ConvChoice& choice) {
  const std::string key = machine_ + ": " + shape;
  known_[key] = added_[key] = to_text(choice);
}

void ChoiceCache::write(const std::string& text) const {
  if (whose_ == ChoiceFile::named) {
    if (!is_blank(file_)) read_choices(file_);  // still one, whatever was written there meanwhile
    return named_output(file_).write(text);
  }
  take_cache_folder(file_.parent_path()).file(file_.filename().string()).write(text);
}

void ChoiceCache::save() {
  if (file_.empty() || added_.empty()) return;
  Choices all = added_;
  all.merge(content_of(file_).choices);  // a broken file is written again
  try {
    write(to_text(all));
    added_.clear();
  } catch (const Error& error) {
    log_warning(fmt::format("{}; what was measured is not kept", error.what()));
  }
}

}  // namespace spinenet::engine
