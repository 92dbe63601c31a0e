#include "cli/choose.h"

#include "base/error.h"
#include "base/format.h"

namespace spinenet::cli {
namespace {

bool autotune_named(const std::string& name) {
  if (name == "rule") return false;
  if (name == "measure") return true;
  fail(ErrorKind::usage, fmt::format("unknown way to choose \"{}\"", name), "--choose", "use rule or measure");
}

}  // namespace

void add_choose_options(CLI::App& verb, ChooseOptions& options) {
  verb.add_option("--choose", options.choose,
                  "How each convolution is computed: by rule, or by measure: the fastest here, found once and kept")
      ->type_name("rule|measure")
      ->capture_default_str();
  verb.add_option("--choices", options.choice_file, "Keep what was measured in this file, not in the user's cache")
      ->type_name("FILE");
}

void set_choose(const ChooseOptions& options, engine::CompileOptions& compiled) {
  compiled.autotune = autotune_named(options.choose);
  if (!compiled.autotune && !options.choice_file.empty()) {
    fail(ErrorKind::usage, "nothing is measured that the file could keep", "--choices " + options.choice_file,
         "add --choose measure");
  }
  if (!options.choice_file.empty()) compiled.choice_file = options.choice_file;
}

}  // namespace spinenet::cli
