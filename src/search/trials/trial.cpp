#include "search/trials/trial.h"

namespace spinenet::search {

std::string_view name_of(TrialState state) {
  switch (state) {
    case TrialState::running:
      return "running";
    case TrialState::complete:
      return "complete";
    case TrialState::failed:
      return "failed";
    case TrialState::rejected:
      return "rejected";
  }
  return "";
}

std::string_view name_of(TrialFailure failure) {
  switch (failure) {
    case TrialFailure::none:
      return "none";
    case TrialFailure::non_finite:
      return "non_finite";
    case TrialFailure::crash:
      return "crash";
    case TrialFailure::out_of_memory:
      return "out_of_memory";
    case TrialFailure::timeout:
      return "timeout";
    case TrialFailure::error:
      return "error";
    case TrialFailure::lost:
      return "lost";
  }
  return "";
}

}  // namespace spinenet::search
