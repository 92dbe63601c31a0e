#include "train/failure.h"

#include <new>
#include <optional>

#include <c10/util/Exception.h>

#include "base/error.h"
#include "base/log.h"
#include "train/run_folder.h"

namespace spinenet::train {
namespace {

// Memory of the processor that LibTorch cannot have is its general error, which only these words tell apart.
bool is_out_of_memory(const c10::Error& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string words = error.what_without_backtrace();
  return words.find("can't allocate memory") != std::string::npos ||
         words.find("not enough memory") != std::string::npos || words.find("out of memory") != std::string::npos;
}

}  // namespace

RunFailure current_failure() {
  try {
    throw;
  } catch (const Error& error) {
    return {failure_kind(error.kind()), error.what(), {}};
  } catch (const std::bad_alloc&) {
    return {FailureKind::out_of_memory, "out of memory; use a smaller image size or batch", {}};
  } catch (const c10::Error& error) {
    const FailureKind kind = is_out_of_memory(error) ? FailureKind::out_of_memory : FailureKind::internal;
    return {kind, error.what_without_backtrace(), {}};
  } catch (const std::exception& error) {
    return {FailureKind::internal, error.what(), {}};
  }
}

void write_failure(const OwnedFolder& run_folder, const RunFailure& failure) {
  try {
    run_folder.file("failure.json").write(to_text(to_json(failure)));
  } catch (const Error& error) {
    log_warning(error.what());
  }
}

void write_early_failure(const std::filesystem::path& run_folder, const RunFailure& failure) {
  std::error_code none;
  if (!std::filesystem::is_directory(run_folder, none)) return;
  std::optional<OwnedFolder> own;
  try {
    own.emplace(take_run_folder(run_folder, false));
  } catch (const Error&) {
    return;  // another run's, or no run's
  }
  write_failure(*own, failure);
}

}  // namespace spinenet::train
