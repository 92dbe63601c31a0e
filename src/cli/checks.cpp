// spinenet checks: versions, instruction sets and devices, which is what a bug report needs.
#include <cstdint>
#include <memory>

#include <unistd.h>

#include "base/format.h"
#include "base/text_table.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/training_program.h"
#include "data/classes/fashion_mnist.h"
#include "runtime/machine_facts.h"

namespace spinenet::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

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
              {"system", runtime::operating_system()},
              {"processor", runtime::processor_name()},
              {"instruction sets", runtime::instruction_sets()},
              {"cores", fmt::format("{} of {}", available_cores(), ::sysconf(_SC_NPROCESSORS_ONLN))},
              {"memory", runtime::machine_memory()},
              {"fashion-mnist", std::filesystem::exists(data::fashion_mnist_folder())
                                    ? data::fashion_mnist_folder().string()
                                    : "not installed: `spinenet data scenes` needs dataset-fashion-mnist"}};
  for (auto& fact : training_facts(invocation)) facts.push_back(std::move(fact));
  facts.emplace_back("engine", runtime::engine_kernels());
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
