// A folder that goes with the test: in memory where there is room, because stores sync at every call and the tests kill
// processes, not machines.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace spinenet::fixture {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code none;
    const auto room = std::filesystem::space("/dev/shm", none);
    const bool in_memory = !none && room.available > (uint64_t{1} << 29);
    std::string name = (in_memory ? "/dev/shm" : std::filesystem::temp_directory_path().string()) + "/spinenet_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) fail(ErrorKind::io, "cannot make a folder", name);
    path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace spinenet::fixture
