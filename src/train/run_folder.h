// The folder of a run: recipe.yaml (resolved), metrics.jsonl, timing.jsonl, tensorboard/, checkpoints/,
// best.safetensors, last.safetensors, report.html.
//
// Invariant: while a RunFolder lives no other process writes to the folder: it holds a lock that ends with the process.
#pragma once

#include <filesystem>
#include <string>

namespace spinenet {

class RunFolder {
 public:
  // Made when it is not there. ErrorKind::io when it cannot be written, is not a folder, or another process uses it
  // (named by its id and host); ErrorKind::usage when it holds a run already and `resume` is false.
  RunFolder(std::filesystem::path path, bool resume);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  ~RunFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }

 private:
  void lock();

  std::filesystem::path path_;
  int lock_fd_ = -1;
};

}  // namespace spinenet
