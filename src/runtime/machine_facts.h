// What this machine is and what the engine makes of it, in words: for `spinenet checks` and bug reports.
//
// Thread contract: may be called from any thread.
#pragma once

#include <filesystem>
#include <string>

namespace spinenet::runtime {

// The name that Linux has for the processor; an ARM processor has numbers there, which become the name of the core that
// Arm gave them. `file`: what the system says of its processors.
std::string processor_name(const std::filesystem::path& file = "/proc/cpuinfo");
// Those that matter to the kernels, by the names that Linux has for them; amx where its tiles may be used.
std::string instruction_sets();
// Kernel, release and machine.
std::string operating_system();
// In GiB, with the limit of this process's control group where there is one.
std::string machine_memory();
// The kernels that are chosen here, and all that could be.
std::string engine_kernels();

}  // namespace spinenet::runtime
