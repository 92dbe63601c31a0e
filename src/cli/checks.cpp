// spinenet checks: versions, instruction sets and devices, which is what a bug report needs.
#include <cstdint>
#include <memory>

#include <sys/utsname.h>
#include <unistd.h>

#include "base/format.h"
#include "base/machine_memory.h"
#include "base/proc_file.h"
#include "base/text_table.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/training_program.h"
#include "data/classes/fashion_mnist.h"
#include "kernels/kernels.h"

namespace spinenet::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string instruction_sets() {
  std::vector<std::string> names;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2") != 0) names.emplace_back("sse4.2");
  if (__builtin_cpu_supports("avx") != 0) names.emplace_back("avx");
  if (__builtin_cpu_supports("avx2") != 0) names.emplace_back("avx2");
  if (__builtin_cpu_supports("fma") != 0) names.emplace_back("fma");
  if (__builtin_cpu_supports("avx512f") != 0) names.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx512bw") != 0) names.emplace_back("avx512bw");
  if (__builtin_cpu_supports("avx512vnni") != 0) names.emplace_back("avx512vnni");
  if (__builtin_cpu_supports("avx512bf16") != 0) names.emplace_back("avx512bf16");
  if (kernels::find_tile_kernels() != nullptr) names.emplace_back("amx");
#elif defined(__aarch64__)
  names.emplace_back("neon");
#endif
  return fmt::format("{}", fmt::join(names, " "));
}

std::string operating_system() {
  utsname name{};
  if (::uname(&name) != 0) return "unknown";
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string memory() {
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

Facts gather(const Invocation& invocation) {
  Facts facts{{"spinenet", SPINENET_VERSION},
              {"build", invocation.build_id},
              {"compiler", __VERSION__},
              {"optimised",
#ifdef NDEBUG
               "yes"
#else
               "no: built without NDEBUG"
#endif
              },
              {"system", operating_system()},
              {"processor", proc_value("/proc/cpuinfo", "model name")},
              {"instruction sets", instruction_sets()},
              {"cores", fmt::format("{} of {}", available_cores(), ::sysconf(_SC_NPROCESSORS_ONLN))},
              {"memory", memory()},
              {"fashion-mnist", std::filesystem::exists(data::fashion_mnist_folder())
                                    ? data::fashion_mnist_folder().string()
                                    : "not installed: `spinenet data scenes` needs dataset-fashion-mnist"}};
  for (auto& fact : training_facts(invocation)) facts.push_back(std::move(fact));
  facts.emplace_back("engine", engine_kernels());
  return facts;
}

Json as_json(const Facts& facts) {
  Json json = Json::object();
  for (const auto& [name, value] : facts) json[name] = value;
  return json;
}

int run_checks(const Invocation& invocation) {
  const Facts facts = gather(invocation);
  if (invocation.common.json) {
    print_json(as_json(facts));
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : facts) rows.push_back({name, value});
  print(table_text(rows));
  return 0;
}

}  // namespace

void add_checks(CLI::App& app, Invocation& invocation) {
  CLI::App& verb = *app.add_subcommand("checks", "Show versions, instruction sets and devices");
  const auto training_alone = std::make_shared<bool>(false);
  verb.add_flag("--training", *training_alone)->group("");  // how `spinenet` asks spinenet-train for its part
  const auto paths_alone = std::make_shared<bool>(false);
  verb.add_flag("--paths", *paths_alone)->group("");  // every path that a command takes, for the tests
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.callback([&invocation, training_alone, paths_alone] {
    invocation.run = [&invocation, training_alone, paths_alone] {
      if (*paths_alone) {
        print_json(to_json(invocation.paths));
        return 0;
      }
      if (!*training_alone) return run_checks(invocation);
      print_json(as_json(training_facts(invocation)));
      return 0;
    };
  });
}

}  // namespace spinenet::cli
