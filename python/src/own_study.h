// A study whose trials are evaluated by the caller: it asks for a trial, does with its architecture what it likes, and
// tells what came of it. The workers of `spinenet search` and any number of such processes may work on one study.
//
// A trial that was handed out is held by a lease, which a thread prolongs as long as the trial is neither told nor
// dropped. A process that dies holds it until the lease runs out; what it tells after that is refused.
//
// Thread contract: the functions of an OwnStudy may be called from any thread; they go one after the other, and need no
// lock of Python's. In the child of a fork nothing of the parent's may be used but told apart and destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "search/plan.h"
#include "search/study/study.h"
#include "search/trials/heartbeat.h"

namespace spinenet::python {

// Of a study that is begun; of one that is there each that is given must be as the study was begun.
struct OwnStudyOptions {
  std::optional<std::string> space, algorithm;
  std::optional<uint64_t> seed;
  std::optional<int> lag;
  std::optional<arch::Architecture> base;
  std::optional<int> image_size, classes;
  std::vector<std::string> settings;  // keys of a search recipe, as for --set
  // These belong to the caller.
  std::optional<int64_t> trials;  // the study ends with so many; none: as it was begun
  double lease_seconds = 60;
  std::string worker;  // empty: worker_name()
};

// Of what a network did; of the reason the first line.
search::Outcome failed(search::TrialFailure failure, std::string_view reason);

class AskedTrial {
 public:
  AskedTrial(const search::StudyAddress& study, search::Claim claim, double lease_seconds);
  AskedTrial(const AskedTrial&) = delete;
  AskedTrial& operator=(const AskedTrial&) = delete;
  ~AskedTrial();

  const search::Claim& claim() const { return claim_; }
  // Whether what comes of it may still count.
  bool wanted() const;
  void end();

  arch::Architecture architecture;  // as the study's own trials train it

 private:
  search::Claim claim_;
  pid_t process_;
  mutable std::mutex mutex_;
  std::unique_ptr<search::Heartbeat> heartbeat_;  // until it is told
};

class OwnStudy {
 public:
  // ErrorKind::usage where the study there was begun with something else than the options say.
  OwnStudy(search::StudyAddress address, const OwnStudyOptions& options);
  OwnStudy(const OwnStudy&) = delete;
  OwnStudy& operator=(const OwnStudy&) = delete;
  ~OwnStudy();

  struct Answer {
    search::ClaimState state = search::ClaimState::wait;
    std::unique_ptr<AskedTrial> trial;
  };
  Answer ask();
  // False where the lease was lost: the trial counts as another worker tells it, or told it. A score that is not finite
  // is a failure of the network.
  bool tell(AskedTrial& trial, search::Outcome outcome);
  // Untried: the next one to ask may have it at once.
  bool give_back(AskedTrial& trial);
  // Its process ended, and perhaps because of its network.
  bool lose(AskedTrial& trial);

  const std::string& place() const { return address_.shown(); }
  const std::string& worker() const { return wish_.worker; }
  // What it was begun with, its status and its trials.
  search::Study read() const { return search::read_study(address_); }

 private:
  void check_process() const;

  search::StudyAddress address_;
  search::ClaimOptions wish_;
  search::SearchTask task_;
  pid_t process_;
  std::mutex mutex_;
  std::unique_ptr<search::Planner> planner_;
  std::unique_ptr<search::Store> store_;
};

}  // namespace spinenet::python
