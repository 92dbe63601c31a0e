// The weights that trials leave for those to come (proxy.inherit): model files in a folder that belongs to one study,
// each named after the checksum of its bytes, so that whoever reads one knows whether it is whole and the same.
//
// Invariant: a name that keep_weights gave is that of a file that is on disk as a whole.
// Thread contract: free functions; the folder may be shared by any number of processes of one study.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/owned_folder.h"

namespace spinenet::search {

inline constexpr std::array<std::string_view, 1> kWeightsFiles{"*.safetensors"};
inline constexpr FolderKind kWeightsFolder{"weights of a search", kWeightsFiles};

// "0f3a5b7c9d1e2f30.safetensors": so that what a study says is never another path.
bool is_weights_name(std::string_view name);

// The name under which the folder has these bytes now. ErrorKind::io where they cannot be written.
std::string keep_weights(const OwnedFolder& folder, std::string_view bytes);

// The bytes of that name, or why they cannot be had.
struct KeptWeights {
  std::optional<std::string> bytes;
  std::string fault;
};
KeptWeights read_weights(const OwnedFolder& folder, const std::string& name);

}  // namespace spinenet::search
