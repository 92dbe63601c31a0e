#include "cli/command.h"

#include "base/format.h"
#include "base/thread_pool.h"
#include "cli/output.h"

namespace spinenet::cli {

CLI::Validator within(double low, double high) {
  const auto check = [low, high](const std::string& text) {
    double value = 0;
    if (CLI::detail::lexical_cast(text, value) && value >= low && value <= high) return std::string();
    return fmt::format("{} is not between {} and {}", text, low, high);
  };
  return {check, ""};
}

void add_common_flags(CLI::App& verb, CommonOptions& common) {
  verb.add_option("--threads", common.threads, "Threads to use")
      ->check(within(0, 4096))
      ->type_name("N")
      ->default_str("0, one for each core");
  auto* quiet = verb.add_flag("-q,--quiet", common.quiet, "Only warnings on standard error, no progress");
  verb.add_flag("-v,--verbose", common.verbose, "More on standard error, not together with --quiet")->excludes(quiet);
}

void add_json_flag(CLI::App& verb, CommonOptions& common) {
  verb.add_flag("--json", common.json, "One JSON document on standard output");
}

void add_overwrite_flag(CLI::App& verb, bool& overwrite) {
  verb.add_flag("--overwrite", overwrite, "Replace a file that this command did not make");
}

void print_result(const CommonOptions& common, const Json& json, std::string_view text) {
  if (common.json) return print_json(json);
  print(text);
}

int threads_of(const CommonOptions& common) {
  return common.threads > 0 ? common.threads : available_cores();
}

ProgressOptions progress_of(const CommonOptions& common) {
  ProgressOptions options = standard_progress();
  if (common.quiet) options.write = [](std::string_view) {};
  return options;
}

}  // namespace spinenet::cli
