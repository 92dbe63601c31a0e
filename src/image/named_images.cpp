#include "image/named_images.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <glob.h>
#include <unistd.h>

#include "base/absence.h"
#include "base/error.h"
#include "base/format.h"
#include "image/decode.h"
#include "image/image_folder.h"

namespace spinenet::image {
namespace {

std::vector<std::string> images_of_folder(const std::string& folder) {
  PassedOver passed_over;
  std::vector<std::string> found;
  for (const std::filesystem::path& path : images_in(folder, passed_over)) found.push_back(path.string());
  if (found.empty()) {
    fail(ErrorKind::bad_data,
         passed_over.empty() ? "no image in the folder" : "no image in the folder; " + passed_over.text(), folder,
         "JPEG, PNG, WebP, TIFF and BMP are read");
  }
  passed_over.log(folder, static_cast<int64_t>(found.size()));
  return found;
}

// Sorted by glob() itself.
std::vector<std::string> matches_of(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> names;
  if (status == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return names;
}

std::string read_standard_input(int64_t most) {
  std::string bytes;
  std::array<char, 1 << 16> buffer{};
  while (static_cast<int64_t>(bytes.size()) <= most) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorKind::io, fmt::format("cannot read: {}", std::strerror(errno)), "standard input");
    if (got == 0) break;
    bytes.append(buffer.data(), static_cast<size_t>(got));
  }
  return bytes;
}

}  // namespace

std::vector<std::string> expand_inputs(std::span<const std::string> inputs) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    std::vector<std::string> found;
    std::error_code problem;  // a name that the system refuses (too long, no permission) is no file
    if (std::filesystem::is_directory(input, problem)) {
      found = images_of_folder(input);
    } else if (input == "-" || std::filesystem::exists(input, problem)) {
      found = {input};
    } else if (input.find_first_of("*?[") != std::string::npos) {
      found = matches_of(input);
      if (found.empty()) fail(ErrorKind::bad_data, "the pattern matches no file", input);
    } else {
      fail(ErrorKind::io, why_not_there(input, "no such file or folder"), input);
    }
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

Image read_input(const std::string& name) {
  if (name != "-") return read_image(name);
  const DecodeLimits limits;
  const std::string bytes = read_standard_input(limits.max_bytes);
  return decode_image({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "standard input", limits);
}

}  // namespace spinenet::image
