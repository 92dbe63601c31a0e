#include "runtime/machine_facts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

#include "base/format.h"
#include "base/machine_memory.h"
#include "base/proc_file.h"
#include "kernels/kernels.h"
#include "kernels/processor.h"

namespace spinenet::runtime {
namespace {

// Of implementer 0x41, Arm (MIDR_EL1, the main identification register): the cores of Raspberry Pis and Gravitons.
struct ArmCore {
  std::string_view part, name;
};
constexpr std::array<ArmCore, 8> kArmCores{{{"0xd03", "Cortex-A53"},
                                            {"0xd08", "Cortex-A72"},
                                            {"0xd0b", "Cortex-A76"},
                                            {"0xd0c", "Neoverse-N1"},
                                            {"0xd40", "Neoverse-V1"},
                                            {"0xd49", "Neoverse-N2"},
                                            {"0xd4f", "Neoverse-V2"},
                                            {"0xd05", "Cortex-A55"}}};

}  // namespace

std::string processor_name(const std::filesystem::path& file) {
  const std::string name = proc_value(file, "model name");
  if (!name.empty()) return name;
  const std::string implementer = proc_value(file, "CPU implementer"), part = proc_value(file, "CPU part");
  if (part.empty()) return "unknown";
  const auto* const core = std::ranges::find(kArmCores, part, &ArmCore::part);
  if (implementer == "0x41" && core != kArmCores.end()) return fmt::format("ARM {}", core->name);
  return fmt::format("ARM, implementer {}, part {}", implementer, part);
}

std::string instruction_sets() {
  return fmt::format("{}", fmt::join(kernels::processor_features(), " "));
}

std::string operating_system() {
  utsname name{};
  if (::uname(&name) != 0) return "unknown";
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string machine_memory() {
  const auto pages = static_cast<double>(::sysconf(_SC_PHYS_PAGES));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  const double limit = static_cast<double>(group_memory().value_or(INT64_MAX));
  const std::string cap = limit < pages * page ? fmt::format(", limited to {:.1f} GiB", limit / (1 << 30)) : "";
  return fmt::format("{:.1f} GiB{}", pages * page / (1 << 30), cap);
}

std::string engine_kernels() {
  std::vector<std::string_view> names;
  for (const kernels::Kernels& kernels : kernels::all_kernels()) {
    if (kernels.tiles != &kernels::plain_tile_kernels()) names.push_back(kernels.name);  // those are for tests
  }
  const std::string_view best = kernels::find_kernels("").name;
  const std::string_view in_tiles = kernels::find_kernels("", kernels::Tiles::wanted).name;
  const std::string other = in_tiles == best ? "" : fmt::format(", {} in bf16 and int8", in_tiles);
  return fmt::format("{}{} (of {})", best, other, fmt::join(names, ", "));
}

}  // namespace spinenet::runtime
