// A file's bytes where the system keeps them: mapped to be read, without a copy.
//
// Invariant: bytes() is the whole file as it was opened. A file that another one takes the place of stays whole for as
// long as it is mapped, and this program writes files so. One that is cut short in its place takes the process down
// where the missing part is read: who maps a file drops it as soon as its bytes are used.
// What cannot be mapped, a pipe say, is read into memory.
//
// Thread contract: const functions may be called from several threads.
// Source: mmap(2), madvise(2).
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace spinenet {

class MappedFile {
 public:
  // Errors as read_file (base/files.h).
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const char> bytes() const { return bytes_; }
  // The process no longer counts the memory of this part. Its bytes are read again where they are asked for again.
  void release(std::span<const char> part) const;

 private:
  std::span<const char> bytes_;
  std::string content_;  // where the file is not mapped
  bool is_mapped_ = false;
};

}  // namespace spinenet
