// The folder of a run: recipe.yaml (resolved), metrics.jsonl, timing.jsonl, tensorboard/, checkpoints/,
// best.safetensors, last.safetensors, report.html; of a run that failed, failure.json.
//
// Invariant: while a RunFolder lives no other process writes to the folder: it holds a lock that ends with the process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace spinenet::train {

class RunFolder {
 public:
  // Made when it is not there. ErrorKind::io when it cannot be written, is not a folder, or another process uses it
  // (named by its id and host); ErrorKind::usage when it holds a run already and `resume` is false.
  RunFolder(std::filesystem::path path, bool resume);
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }

 private:
  // The open lock file; closing it gives the lock back.
  class Lock {
   public:
    explicit Lock(const std::filesystem::path& folder);
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();

   private:
    int fd_ = -1;
  };

  std::filesystem::path path_;
  std::optional<Lock> lock_;
};

}  // namespace spinenet::train
