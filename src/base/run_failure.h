// Why a training ended early, as a file of its run folder: the training writes failure.json, and who started the
// training reads it, such as a trial of an architecture search.
//
// Thread contract: pure functions but for the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"

namespace spinenet {

enum class FailureKind {
  non_finite_loss,  // the loss was infinite or no number in too many steps
  out_of_memory,    // of the process or of the GPU
  usage,            // this and the next four as in ErrorKind
  bad_data,
  io,
  unsupported,
  failed,
  internal,  // a fault of the program itself
};

constexpr auto names(FailureKind) {
  using enum FailureKind;
  return named<FailureKind>({{non_finite_loss, "non_finite_loss"},
                             {out_of_memory, "out_of_memory"},
                             {usage, "usage"},
                             {bad_data, "bad_data"},
                             {io, "io"},
                             {unsupported, "unsupported"},
                             {failed, "failed"},
                             {internal, "internal"}});
}

struct RunFailure {
  FailureKind kind = FailureKind::failed;
  std::string message;          // as the program prints it
  std::optional<int64_t> step;  // none where training had not begun
};

FailureKind failure_kind(ErrorKind kind);
// The nearest kind of error.
ErrorKind error_kind(FailureKind kind);

Json to_json(const RunFailure& failure);
// ErrorKind::bad_data where a key is missing, of another type, or names no kind.
RunFailure failure_from_json(const Json& json, std::string_view place);

std::filesystem::path failure_file(const std::filesystem::path& run_folder);
// Nothing where the run left no reason.
std::optional<RunFailure> read_failure(const std::filesystem::path& run_folder);

}  // namespace spinenet
