#include "runtime/import_classes.h"

#include <charconv>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/convert/set_text.h"

namespace spinenet::runtime {
namespace {

constexpr int kMostClasses = 100'000;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

std::vector<formats::ModelClass> named_or_counted_classes(const std::string& given, std::string_view flag) {
  std::vector<formats::ModelClass> classes;
  int count = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), count);
  if (error == std::errc() && end == given.data() + given.size()) {
    if (count < 1 || count > kMostClasses) {
      fail(ErrorKind::usage, fmt::format("{} {}", flag, given), "", fmt::format("use 1 to {}", kMostClasses));
    }
    classes.resize(static_cast<size_t>(count));
    return classes;
  }
  const std::string text = given.empty() ? "" : read_file(given);
  std::map<std::string, size_t> lines;
  const size_t begin = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  for (const std::string_view line : data::lines_of(std::string_view(text).substr(begin))) {
    std::string name(line);
    if (!is_utf8(name)) {
      fail(ErrorKind::bad_data, fmt::format("line {} is not valid UTF-8", classes.size() + 1), given,
           "save the file as UTF-8");
    }
    if (name.empty()) {
      fail(ErrorKind::bad_data, fmt::format("line {} is empty", classes.size() + 1), given,
           "give one class name in each line");
    }
    const auto [same, is_new] = lines.emplace(name, classes.size() + 1);
    if (!is_new) {  // ImageNet has two cranes
      log_warning(fmt::format("{}: lines {} and {} are the same name \"{}\"", given, same->second, classes.size() + 1,
                              printable(name)));
    }
    classes.push_back({0, std::move(name)});
  }
  if (!given.empty() && classes.empty()) {
    fail(ErrorKind::bad_data, "names no class", given, "give one class name in each line, or a number");
  }
  return classes;
}

}  // namespace spinenet::runtime
