#include "runtime/calibration.h"

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::runtime {

std::optional<engine::Calibration> calibration_of(const formats::ModelFile& model, const std::string& place) {
  const auto found = model.extra.find(kCalibrationEntry);
  if (found == model.extra.end()) return std::nullopt;
  const std::string where = fmt::format("{}: metadata entry \"{}\"", place, kCalibrationEntry);
  return engine::calibration_from_json(parse_json(found->second, where), where);
}

engine::Calibration need_calibration(const formats::ModelFile& model, const std::string& place) {
  if (std::optional<engine::Calibration> found = calibration_of(model, place)) return *std::move(found);
  fail(ErrorKind::usage, "the model has no calibration, which int8 needs", place,
       "make a model with one: spinenet calibrate MODEL IMAGES... --out MODEL2");
}

void refuse_two_stages(const runtime::Model& model) {
  if (model.file.task != name_of(arch::Task::segment)) return;
  fail(ErrorKind::unsupported, "a model that segments is several networks, which have no calibration",
       model.path.string(), "run it in fp32");
}

}  // namespace spinenet::runtime
