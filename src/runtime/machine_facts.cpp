#include "runtime/machine_facts.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include <sys/utsname.h>
#include <unistd.h>

#include "base/format.h"
#include "base/machine_memory.h"
#include "kernels/kernels.h"
#include "kernels/processor.h"

namespace spinenet::runtime {

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
