// The bytes of a file, read where they are asked for, so that a large file is never in memory as a whole.
//
// Invariant: size() is what the file had when it was opened; a read beyond it, or of a file that was cut since, is an
// error and never other bytes. Another program may write into the file meanwhile: who read all that is wanted asks
// require_unchanged, and uses nothing of it before.
// Thread contract: const functions may be called from several threads.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace spinenet::formats {

class FileBytes {
 public:
  // ErrorKind::io with the path and the system's reason. What is no regular file (a pipe) is read whole at once.
  static std::shared_ptr<const FileBytes> open(const std::filesystem::path& path);
  // Bytes that are in memory already.
  static std::shared_ptr<const FileBytes> of(std::string bytes, std::string place);

  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;
  ~FileBytes();

  const std::string& place() const { return place_; }
  uint64_t size() const { return size_; }
  // ErrorKind::bad_data where the file is shorter.
  std::string read(uint64_t offset, uint64_t count) const;
  // As many of them as there are.
  std::string read_at_most(uint64_t offset, uint64_t count) const;
  // ErrorKind::io where the file has another size or was written to since it was opened: then what was read before and
  // after may not belong together.
  void require_unchanged() const;

 private:
  FileBytes() = default;

  std::string place_;
  uint64_t size_ = 0;
  int descriptor_ = -1;  // none: the bytes are in memory
  // When the file was last written to, as it was opened: seconds and nanoseconds.
  std::array<int64_t, 2> written_{};
  std::string bytes_;
};

// The remedy of all faults in a file's content.
inline constexpr std::string_view kDamagedFile = "the file is damaged or incomplete: use another copy";

}  // namespace spinenet::formats
