// Whole files in, and the system calls by which files go out (base/output.h and base/owned_folder.h write).
//
// Thread contract: every function may be called from several threads on different paths.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace spinenet {

// ErrorKind::io with the path and the system's reason when it cannot be read; ErrorKind::bad_data where it holds more
// than `most` bytes, of a file told before any memory is taken. Of a device or a pipe, which may have no end, no more
// than kMostStreamBytes are read.
inline constexpr int64_t kMostFileBytes = int64_t{8} << 30;  // a model of two thousand million numbers
inline constexpr int64_t kMostStreamBytes = int64_t{256} << 20;
std::string read_file(const std::filesystem::path& path, int64_t most);
std::string read_file(const std::filesystem::path& path);  // at most kMostFileBytes

// Where bytes go: the operating system by default. Tests put a failing one in its place to prove that a crash or a full
// disk at any call loses nothing. Each function returns 0 or an errno.
struct FileLayer {
  std::function<int(int fd, std::span<const char> bytes)> write;
  std::function<int(int fd)> sync;
  std::function<int(const char* from, const char* to)> rename;
};
const FileLayer& system_file_layer();

// 64-bit checksum (FNV-1a over 8-byte words) that finds a flipped byte; not for security.
uint64_t checksum(std::string_view bytes, uint64_t seed = 0);

}  // namespace spinenet
