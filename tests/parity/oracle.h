// What a real program answers: made by a script beside this file, and compared with.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <filesystem>
#include <string>

#include "base/host_tensor.h"

namespace spinenet {

constexpr double kParityTolerance = 1e-4;  // of the largest absolute value

// Runs a script of this folder on python3, or the program that SPINENET_PYTHON names; its words are in folder / "log".
// False where a package is missing there, or where it failed, which is a failure of the test.
bool make_oracle(const std::string& script, const std::string& model, const std::filesystem::path& folder);

// The largest difference, of the largest absolute value of `wanted`; the shapes are equal.
double relative_difference(const HostTensor& found, const HostTensor& wanted);

}  // namespace spinenet
