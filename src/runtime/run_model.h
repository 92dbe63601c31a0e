// The model that a path stands for: a run folder of `spinenet train` stands for its best model.
//
// Thread contract: free functions.
#pragma once

#include <filesystem>
#include <string>

namespace spinenet::runtime {

struct RunModel {
  std::filesystem::path path;
  std::string note = {};  // what its user must know: that it is the last model, for there is no best one
};

// best.safetensors of a run folder, last.safetensors where that is not there; a path that is no folder is itself.
// ErrorKind::usage for a folder that is not a training run's, or of a run that has no model yet.
RunModel model_at(const std::filesystem::path& path);

}  // namespace spinenet::runtime
