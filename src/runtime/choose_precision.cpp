#include "runtime/choose_precision.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/log.h"
#include "base/random.h"
#include "base/score_text.h"
#include "engine/compile/check_options.h"
#include "engine/run/profile.h"
#include "engine/run/session.h"
#include "graph/weights.h"
#include "kernels/kernels.h"
#include "runtime/calibration.h"
#include "runtime/precision_facts.h"

namespace spinenet::runtime {
namespace {

using engine::Precision;

constexpr int kRuns = 4;

struct Timed {
  Precision precision = Precision::fp32;
  double seconds = 0;  // the least of the runs
};

bool has_bf16(const RunOptions& options) {
  const kernels::Kernels& kernels = engine::kernels_for({.threads = options.threads, .precision = Precision::bf16});
  return kernels.bf16_multiply != nullptr || kernels.tiles != nullptr;
}

std::vector<Precision> candidates(const Model& model, const PrecisionFacts& facts, const RunOptions& options) {
  std::vector<Precision> formats{Precision::fp32};
  if (is_near_enough(facts, Precision::bf16) && has_bf16(options)) formats.push_back(Precision::bf16);
  const bool is_calibrated = calibration_of(model.file, model.path.string()).has_value();
  if (is_near_enough(facts, Precision::int8) && is_calibrated) formats.push_back(Precision::int8);
  return formats;
}

Timed timed(const Model& model, const graph::Program& program, const RunOptions& options, Precision precision) {
  engine::CompileOptions compiled = engine_options(options);
  compiled.precision = precision;
  compiled.place = model.path.string();
  std::optional<engine::Calibration> calibration;
  if (precision == Precision::int8) {
    calibration = need_calibration(model.file, model.path.string());
    compiled.calibration = &*calibration;
  }
  engine::Session session(engine::compile(program, graph::own_weights(program, model.file.weights), compiled));
  const graph::Shape& shape = program.values.front();
  HostTensor images = make_tensor({options.batch, shape.channels, shape.height, shape.width});
  Random random(1);
  for (float& x : images.data) x = static_cast<float>(random.uniform(-2, 2));
  session.run(images.data);
  return {precision, std::ranges::min(engine::time_runs(session, images.data, kRuns))};
}

std::string nearness(const PrecisionFacts& facts, Precision precision) {
  if (precision == Precision::fp32) return "";
  if (facts.ap.contains(precision) && facts.ap.contains(Precision::fp32)) {
    return fmt::format("; AP {} for {} of fp32 on {} images", score_text(facts.ap.at(precision)),
                       score_text(facts.ap.at(Precision::fp32)), facts.images);
  }
  return fmt::format("; outputs differ by {:.3f} of their deviation", facts.output_error.at(precision));
}

std::string times_text(std::span<const Timed> all) {
  std::string text;
  for (const Timed& one : all) {
    text += fmt::format("{}{} {:.1f} ms", text.empty() ? "" : ", ", name_of(one.precision), 1e3 * one.seconds);
  }
  return text;
}

Precision stay(std::string_view why) {
  log_info(fmt::format("precision auto: fp32, since {}", why));
  return Precision::fp32;
}

}  // namespace

Precision choose_precision(const Model& model, std::span<const graph::Program> networks, const RunOptions& options) {
  const std::optional<PrecisionFacts> facts = precision_facts_of(model.file, model.path.string());
  if (!facts) return stay("the model was not measured in other formats (spinenet calibrate)");
  const graph::Program& program = networks.front();
  if (facts->weights != engine::identity_of(graph::own_weights(program, model.file.weights))) {
    return stay("the model has other weights than those that were measured: calibrate it again");
  }
  const std::vector<Precision> formats = candidates(model, *facts, options);
  if (formats.size() == 1) return stay("no other format that this processor has was found near enough");
  std::vector<Timed> all;
  for (const Precision precision : formats) all.push_back(timed(model, program, options, precision));
  const Timed& best = *std::ranges::min_element(all, {}, &Timed::seconds);
  log_info(fmt::format("precision auto: {} ({}){}", name_of(best.precision), times_text(all),
                       nearness(*facts, best.precision)));
  return best.precision;
}

}  // namespace spinenet::runtime
