#include "search/trials/worker.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/text_table.h"
#include "search/trials/heartbeat.h"

namespace spinenet::search {
namespace {

Outcome failed(TrialFailure failure, std::string_view reason) {
  Outcome outcome;
  outcome.state = TrialState::failed;
  outcome.failure = failure;
  outcome.reason = std::string(reason.substr(0, reason.find('\n')));
  return outcome;
}

class Worker {
 public:
  Worker(const WorkerOptions& options, Planner& planner, const arch::SearchSpace& space, const Evaluate& evaluate)
      : options_(options), planner_(planner), space_(space), evaluate_(evaluate) {
    if (options_.name.empty()) options_.name = worker_name();
    store_ = open_store(options_.store, false);
  }

  int64_t run() {
    const ClaimOptions wish{options_.name, options_.lease_seconds, options_.trials};
    int64_t reported = 0;
    while (!stopping()) {
      const ClaimAnswer answer = store_->claim(wish, planner_.suggestion());
      if (answer.state == ClaimState::finished) break;
      if (answer.state == ClaimState::wait) {
        std::this_thread::sleep_for(std::chrono::duration<double>(options_.poll_seconds));
        continue;
      }
      reported += try_trial(*answer.claim) ? 1 : 0;
    }
    return reported;
  }

 private:
  bool stopping() const { return options_.stop && options_.stop(); }

  bool try_trial(const Claim& claim) {
    std::optional<Evaluation> evaluation;
    {
      const Heartbeat heartbeat(options_.store, claim, options_.lease_seconds);
      TrialContext context;
      context.number = claim.number;
      context.attempt = claim.attempt;
      context.earlier = [&] { return store_->trials(0, std::max<int64_t>(claim.number - options_.lag + 1, 0)); };
      context.wanted = [&] { return !heartbeat.lost() && !stopping(); };
      evaluation = guarded(claim, context);
      if (heartbeat.lost()) return false;
    }
    if (stopping()) {
      store_->release(claim);
      return false;
    }
    if (const auto* fault = std::get_if<MachineFault>(&*evaluation)) give_back(claim, *fault);
    const Outcome& outcome = std::get<Outcome>(*evaluation);
    const bool accepted = store_->report(claim, outcome);
    if (options_.ended) options_.ended(claim, outcome, accepted);
    return accepted;
  }

  // The reason goes up even where the study cannot be told: the lease then runs out.
  [[noreturn]] void give_back(const Claim& claim, const MachineFault& fault) {
    try {
      fault.ended_by_itself ? store_->lose(claim) : store_->release(claim);
    } catch (const Error& error) {
      log_warning(fmt::format("trial {} cannot be given back: {}", claim.number, error.what()));
    }
    fail(ErrorKind::failed, fmt::format("trial {} was given back: {}", claim.number, printable(fault.reason)),
         options_.name, "repair this machine and start the search again; other workers go on");
  }

  // An evaluation as a value, whatever it does.
  Evaluation guarded(const Claim& claim, const TrialContext& context) {
    try {
      Evaluation evaluation = evaluate_(arch::replay(space_, claim.choices).backbone, context);
      const auto* outcome = std::get_if<Outcome>(&evaluation);
      if (outcome != nullptr && outcome->state == TrialState::complete && !std::isfinite(outcome->measurement.score)) {
        return failed(TrialFailure::non_finite, fmt::format("the score is {}", outcome->measurement.score));
      }
      return evaluation;
    } catch (const std::exception& error) {
      return MachineFault{error.what()};
    }
  }

  WorkerOptions options_;
  Planner& planner_;
  const arch::SearchSpace& space_;
  const Evaluate& evaluate_;
  std::unique_ptr<Store> store_;
};

}  // namespace

int64_t run_worker(const WorkerOptions& options, Planner& planner, const arch::SearchSpace& space,
                   const Evaluate& evaluate) {
  return Worker(options, planner, space, evaluate).run();
}

std::string worker_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  return fmt::format("{}:{}-{:04x}", host.data(), ::getpid(), std::random_device()() & 0xFFFFU);
}

}  // namespace spinenet::search
