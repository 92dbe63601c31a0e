#include "image/image_folder.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <span>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "image/format.h"

namespace spinenet::image {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHidden = "hidden";

}  // namespace

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

std::string why_no_image(const fs::path& path) {
  if (is_hidden(path)) return kHidden;
  std::error_code unreadable;  // such as a link to itself
  const fs::file_status status = fs::status(path, unreadable);
  if (fs::is_directory(status)) return "folder";
  if (!fs::is_regular_file(status)) return "no regular file";
  std::ifstream file(path, std::ios::binary);
  if (!file) return "";
  std::array<char, kFormatBytes> first{};
  file.read(first.data(), first.size());
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(first.data()),
                                       static_cast<size_t>(file.gcount()));
  if (format_of(bytes)) return "";
  const std::string_view foreign = foreign_format(bytes);
  return foreign.empty() ? "no image" : fmt::format("{}, which is not read", foreign);
}

void PassedOver::add(const std::string& reason, const fs::path& path) {
  constexpr size_t kNamed = 3;
  Reason& found = reasons_[reason];
  ++found.count;
  if (found.first_names.size() < kNamed) found.first_names.push_back(printable(path.filename().string()));
}

std::string PassedOver::text() const {
  int64_t count = 0;
  std::vector<std::string> parts;
  for (const auto& [reason, found] : reasons_) {
    count += found.count;
    const bool all_named = static_cast<int64_t>(found.first_names.size()) == found.count;
    parts.push_back(
        fmt::format("{} {} ({}{})", found.count, reason, fmt::join(found.first_names, ", "), all_named ? "" : ", ..."));
  }
  return fmt::format("{} passed over: {}", count, fmt::join(parts, "; "));
}

void PassedOver::log(std::string_view folder, int64_t taken) const {
  if (empty()) return;
  const std::string line = fmt::format("{}: {} image{}; {}", printable(folder), taken, taken == 1 ? "" : "s", text());
  const bool only_hidden = reasons_.size() == 1 && reasons_.contains(kHidden);
  only_hidden ? log_info(line) : log_warning(line);
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    found.push_back(at->path());
  }
  if (error) fail(ErrorKind::io, fmt::format("cannot read the folder: {}", error.message()), folder.string());
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> images_in(const fs::path& folder, PassedOver& passed_over) {
  std::vector<fs::path> images;
  for (const fs::path& path : entries_of(folder)) {
    const std::string reason = why_no_image(path);
    if (reason.empty()) {
      images.push_back(path);
    } else {
      passed_over.add(reason, path);
    }
  }
  return images;
}

}  // namespace spinenet::image
