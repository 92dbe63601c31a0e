#include "cli/run_flags.h"

#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "runtime/precision_name.h"

namespace spinenet::cli {
namespace {

// Whether the old --choose asks for measuring.
bool measures(const std::string& choose) {
  if (choose.empty() || choose == "rule") return false;
  if (choose == "measure") return true;
  fail(ErrorKind::usage, fmt::format("unknown way to choose \"{}\"", choose), "--choose",
       "use rule or measure; --autotune is its new name");
}

void note_old_spelling(std::string_view old, std::string_view now) {
  log_warning(fmt::format("{} is called {} since version 0.3; the old spelling will be removed", old, now));
}

[[noreturn]] void refuse_both(std::string_view old, std::string_view now) {
  fail(ErrorKind::usage, fmt::format("{} is the old name of {}", old, now), "", "leave it out");
}

}  // namespace

std::optional<engine::Precision> precision_named(const std::string& name) {
  return format_of(parse_enum<runtime::PrecisionName>(ErrorKind::usage, "precision", name, "--precision"));
}

void add_precision_flag(CLI::App& verb, std::string& precision) {
  verb.add_option(
          "--precision", precision,
          "fp32, bf16, int8 of a calibrated model, or auto: the fastest of these that calibrate found near enough")
      ->type_name("PRECISION")
      ->capture_default_str();
}

void add_autotune_flags(CLI::App& verb, AutotuneFlags& flags, PathTable& paths) {
  verb.add_flag("--autotune", flags.autotune,
                "Compute each convolution in the way that is measured to be the fastest here; measured once and kept");
  paths.add(verb,
            verb.add_option("--autotune-cache", flags.cache, "Keep what was measured in this file")->type_name("FILE"),
            PathRole::output);
  verb.add_option("--choose", flags.old_choose)->group("")->type_name("NAME");
  paths.add(verb, verb.add_option("--choices", flags.old_cache)->group("")->type_name("FILE"), PathRole::output);
}

void add_run_flags(CLI::App& verb, RunFlags& flags, PathTable& paths) {
  verb.add_option("--size", flags.size, "Image size")
      ->check(within(1, 65536))
      ->type_name("N")
      ->default_str("the model's own");
  verb.add_option("--device", flags.device, "cpu, cuda, cuda:N or auto")->type_name("DEVICE")->capture_default_str();
  add_precision_flag(verb, flags.precision);
  add_autotune_flags(verb, flags.autotune, paths);
  paths.add(verb,
            verb.add_option("--cache", flags.cache, "Keep packed weights in this folder: the next start is faster")
                ->type_name("DIR"),
            PathRole::owned_folder);
}

Autotune autotune_of(const AutotuneFlags& flags) {
  if (flags.autotune && !flags.old_choose.empty()) refuse_both("--choose", "--autotune");
  if (!flags.cache.empty() && !flags.old_cache.empty()) refuse_both("--choices", "--autotune-cache");
  if (!flags.old_choose.empty()) note_old_spelling("--choose measure", "--autotune");
  if (!flags.old_cache.empty()) note_old_spelling("--choices", "--autotune-cache");
  const bool on = flags.autotune || measures(flags.old_choose);
  const std::string& file = flags.cache.empty() ? flags.old_cache : flags.cache;
  if (!on && !file.empty()) {
    fail(ErrorKind::usage, "nothing is measured that the file could keep", "--autotune-cache " + file,
         "add --autotune");
  }
  return {on, file.empty() ? std::nullopt : std::optional(file)};
}

runtime::RunOptions run_options(const RunFlags& flags, const Invocation& invocation) {
  const Autotune autotune = autotune_of(flags.autotune);
  runtime::RunOptions options;
  options.image_size = flags.size;
  options.threads = threads_of(invocation.common);
  options.precision = precision_named(flags.precision);
  options.autotune = autotune.on;
  options.autotune_cache = autotune.cache;
  options.packed_folder = flags.cache;
  options.device = flags.device;
  options.other_device = invocation.other_device;
  return options;
}

}  // namespace spinenet::cli
