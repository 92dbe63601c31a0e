#include "runtime/choose_precision.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "base/score_text.h"
#include "engine/compile/check_options.h"
#include "engine/run/profile.h"
#include "engine/run/session.h"
#include "runtime/calibration.h"
#include "runtime/compile_networks.h"
#include "runtime/precision_facts.h"
#include "runtime/random_images.h"
#include "runtime/two_stage_times.h"

namespace spinenet::runtime {
namespace {

using engine::Precision;

constexpr int kRuns = 4, kRunsOfTwoStages = 2;

using Times = std::map<Precision, double>;  // in seconds, the least of the runs

engine::CompileOptions with(engine::CompileOptions options, Precision precision) {
  options.precision = precision;
  return options;
}

std::vector<Precision> candidates(const Model& model, const PrecisionFacts& facts,
                                  const engine::CompileOptions& options) {
  std::vector<Precision> formats{Precision::fp32};
  if (is_near_enough(facts, Precision::bf16) && engine::has_format(with(options, Precision::bf16))) {
    formats.push_back(Precision::bf16);
  }
  const bool has_int8 = options.skip.empty() && calibrations_of(model.file, model.path.string()).has_value();
  if (has_int8 && is_near_enough(facts, Precision::int8)) formats.push_back(Precision::int8);
  return formats;
}

double seconds_of(const Model& model, std::span<const graph::Program> networks, engine::CompileOptions options) {
  options.place = model.path.string();
  Calibrations calibrations;
  if (options.precision == Precision::int8) {
    calibrations = need_calibrations(model.file, networks.size(), options.place);
  }
  const NetworkPlans plans = compile_networks(networks, weights_of(model), options, calibrations);
  const HostTensor images = random_images(networks.front(), options.batch);
  if (plans.size() > 1) {
    return std::ranges::min(time_two_stages(two_stage_plans(plans), model, images, kRunsOfTwoStages).seconds);
  }
  engine::Session session(plans.front());
  session.run(images.data);
  return std::ranges::min(engine::time_runs(session, images.data, kRuns));
}

std::string nearness(const PrecisionFacts& facts, Precision precision) {
  if (precision == Precision::fp32) return "";
  if (facts.ap.contains(precision) && facts.ap.contains(Precision::fp32)) {
    return fmt::format("; AP {} for {} of fp32 on {} images", score_text(facts.ap.at(precision)),
                       score_text(facts.ap.at(Precision::fp32)), facts.images);
  }
  return fmt::format("; outputs differ by {:.3f} of their deviation", facts.output_error.at(precision));
}

std::string times_text(const Times& times) {
  std::string text;
  for (const auto& [precision, seconds] : times) {
    text += fmt::format("{}{} {:.1f} ms", text.empty() ? "" : ", ", name_of(precision), 1e3 * seconds);
  }
  return text;
}

Precision stay(std::string_view why) {
  log_info(fmt::format("precision auto: fp32, since {}", why));
  return Precision::fp32;
}

}  // namespace

Precision choose_precision(const Model& model, std::span<const graph::Program> networks,
                           const engine::CompileOptions& options) {
  const std::optional<PrecisionFacts> facts = precision_facts_of(model.file, model.path.string());
  if (!facts) return stay("the model was not measured in other formats (spinenet calibrate)");
  if (facts->weights != weights_identity(networks, weights_of(model))) {
    return stay("the model has other weights than those that were measured: calibrate it again");
  }
  const std::vector<Precision> formats = candidates(model, *facts, options);
  if (formats.size() == 1) return stay("no other format that this processor has was found near enough");
  Times times;
  for (const Precision precision : formats) times[precision] = seconds_of(model, networks, with(options, precision));
  const Precision best = fastest_near(*facts, times);
  log_info(fmt::format("precision auto: {} ({}){}", name_of(best), times_text(times), nearness(*facts, best)));
  return best;
}

}  // namespace spinenet::runtime
