// How much memory this process may have: the machine's, or less where its control group (version 1 or 2) sets a limit.
//
// Invariant: a limit that cannot be read is no limit. Thread contract: free functions.
// Source: the kernel's documents "Control Group v2" (memory.max) and "Memory Resource Controller" (version 1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace spinenet {

// Bytes; nothing when nobody says.
std::optional<int64_t> machine_memory();

// The least limit of the process's control group and those around it. `root`: of the file system; tests give another.
std::optional<int64_t> group_memory(const std::filesystem::path& root = "/");

}  // namespace spinenet
