#include "base/run_failure.h"

namespace spinenet {

FailureKind failure_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return FailureKind::usage;
    case ErrorKind::bad_data:
      return FailureKind::bad_data;
    case ErrorKind::io:
      return FailureKind::io;
    case ErrorKind::unsupported:
      return FailureKind::unsupported;
    case ErrorKind::failed:
      break;
  }
  return FailureKind::failed;
}

ErrorKind error_kind(FailureKind kind) {
  switch (kind) {
    case FailureKind::usage:
      return ErrorKind::usage;
    case FailureKind::bad_data:
      return ErrorKind::bad_data;
    case FailureKind::io:
      return ErrorKind::io;
    case FailureKind::unsupported:
      return ErrorKind::unsupported;
    case FailureKind::non_finite_loss:
    case FailureKind::out_of_memory:
    case FailureKind::failed:
    case FailureKind::internal:
      break;
  }
  return ErrorKind::failed;
}

Json to_json(const RunFailure& failure) {
  return Json{{"kind", name_of(failure.kind)},
              {"step", failure.step ? Json(*failure.step) : Json(nullptr)},
              {"message", failure.message}};
}

RunFailure failure_from_json(const Json& json, std::string_view place) {
  const auto is_text = [&](const char* key) { return json.contains(key) && json[key].is_string(); };
  const bool has_step = json.contains("step") && (json["step"].is_null() || json["step"].is_number_integer());
  if (!json.is_object() || !is_text("kind") || !is_text("message") || !has_step) {
    fail(ErrorKind::bad_data, "is not the reason of a failure: kind, step and message are needed", place);
  }
  RunFailure failure;
  failure.kind =
      parse_enum<FailureKind>(ErrorKind::bad_data, "kind of failure", json["kind"].get<std::string>(), place);
  failure.message = json["message"].get<std::string>();
  if (!json["step"].is_null()) failure.step = json["step"].get<int64_t>();
  return failure;
}

std::filesystem::path failure_file(const std::filesystem::path& run_folder) {
  return run_folder / "failure.json";
}

std::optional<RunFailure> read_failure(const std::filesystem::path& run_folder) {
  const std::filesystem::path file = failure_file(run_folder);
  if (!std::filesystem::exists(file)) return std::nullopt;
  return failure_from_json(read_json(file), file.string());
}

}  // namespace spinenet
