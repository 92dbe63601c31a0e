#include "cli/precision.h"

#include <array>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"

namespace spinenet::cli {
namespace {

constexpr std::array kPrecisions{engine::Precision::fp32, engine::Precision::bf16, engine::Precision::int8};

}  // namespace

std::string_view name_of(engine::Precision precision) {
  switch (precision) {
    case engine::Precision::fp32:
      return "fp32";
    case engine::Precision::bf16:
      return "bf16";
    case engine::Precision::int8:
      return "int8";
  }
  return "";
}

engine::Precision precision_named(const std::string& name) {
  std::vector<std::string> known;
  for (const engine::Precision precision : kPrecisions) {
    known.emplace_back(name_of(precision));
    if (known.back() == name) return precision;
  }
  unknown_name(ErrorKind::usage, "precision", name, known, "--precision");
}

std::optional<engine::Calibration> calibration_of(const formats::ModelFile& model, const std::string& place) {
  const auto found = model.extra.find(kCalibrationEntry);
  if (found == model.extra.end()) return std::nullopt;
  const std::string where = fmt::format("{}: metadata entry \"{}\"", place, kCalibrationEntry);
  return engine::calibration_from_json(parse_json(found->second, where), where);
}

engine::Calibration need_calibration(const formats::ModelFile& model, const std::string& place) {
  if (std::optional<engine::Calibration> found = calibration_of(model, place)) return *std::move(found);
  fail(ErrorKind::usage, "the model has no calibration, which int8 needs", place,
       "make a model with one: spinenet calibrate MODEL PICTURES... --out MODEL2");
}

void refuse_two_stages(const runtime::Model& model) {
  if (model.file.task != name_of(arch::Task::segment)) return;
  fail(ErrorKind::unsupported, "a model that segments is several networks, which have no calibration",
       model.path.string(), "run it in fp32");
}

}  // namespace spinenet::cli
