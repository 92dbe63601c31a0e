#include "search/trials/workers.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <map>
#include <thread>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/score_text.h"

namespace spinenet::search {
namespace {

constexpr int kMostRestarts = 10;

class Workers {
 public:
  Workers(Store& store, const WorkersOptions& options)
      : store_(store), options_(options), progress_("search", options.trials, first_progress()) {}

  int run() {
    for (int i = 0; i < options_.workers; ++i) start(i);
    while (!running_.empty()) {
      reap();
      pass_on_signal();
      show();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    show();
    progress_.finish();
    const int signal = options_.stop();
    if (signal != 0) return 128 + signal;
    return status_ != 0 && is_complete() ? 0 : status_;
  }

 private:
  ProgressOptions first_progress() const {
    ProgressOptions shown = options_.progress;
    const StudyStatus status = store_.status();
    shown.first = status.trials - status.running;
    return shown;
  }

  bool is_complete() {
    const StudyStatus status = store_.status();
    return status.trials >= options_.trials && status.running == 0;
  }

  // This process's own, with the study's address, which belongs in no argument: those anybody can read.
  std::vector<std::string> environment() const {
    const std::string address = fmt::format("{}=", kAddressVariable);
    std::vector<std::string> entries;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (!std::string_view(*entry).starts_with(address)) entries.emplace_back(*entry);
    }
    entries.push_back(address + options_.study.reveal());
    return entries;
  }

  void start(int index) {
    std::vector<std::string> arguments = options_.arguments;
    arguments.push_back("--worker");
    arguments.push_back(std::to_string(index));
    std::vector<std::string> entries = environment();
    std::vector<char*> argv, envp;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    for (std::string& entry : entries) envp.push_back(entry.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) fail(ErrorKind::io, fmt::format("cannot start a worker: {}", std::strerror(errno)), "--workers");
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (::getppid() != parent) ::_exit(127);
      ::execve("/proc/self/exe", argv.data(), envp.data());
      ::_exit(127);
    }
    running_[pid] = index;
  }

  void reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      const auto found = running_.find(pid);
      if (found == running_.end()) continue;
      const int index = found->second;
      running_.erase(found);
      if (WIFEXITED(status)) {
        if (WEXITSTATUS(status) == 0) continue;
        if (status_ == 0) status_ = WEXITSTATUS(status);
        if (options_.stop() == 0 && !running_.empty()) {
          log_warning(
              fmt::format("worker {} ended with status {}; {} go on", index, WEXITSTATUS(status), running_.size()));
        }
      } else if (options_.stop() == 0) {
        restart(index, WTERMSIG(status));
      }
    }
  }

  void restart(int index, int signal) {
    log_warning(fmt::format("worker {} ended by signal {}", index, signal));
    if (++restarts_ > kMostRestarts) {
      status_ = 128 + signal;
      return;
    }
    start(index);
  }

  void pass_on_signal() {
    if (options_.stop() == 0 || told_) return;
    told_ = true;
    for (const auto& [pid, index] : running_) ::kill(pid, SIGTERM);
  }

  void show() {
    const auto now = std::chrono::steady_clock::now();
    if (!running_.empty() && now - shown_ < std::chrono::seconds(1)) return;
    shown_ = now;
    const StudyStatus s = store_.status();
    std::string detail = s.best >= 0 ? fmt::format("best {} (trial {})", search_score_text(s.best_score), s.best) : "";
    if (s.lost > 0) detail += fmt::format("  {} lost", s.lost);
    if (s.failed > 0) detail += fmt::format("  {} failed", s.failed);
    if (s.rejected > 0) detail += fmt::format("  {} rejected", s.rejected);
    progress_.update(s.trials - s.running, detail);
  }

  Store& store_;
  const WorkersOptions& options_;
  Progress progress_;
  std::map<pid_t, int> running_;
  std::chrono::steady_clock::time_point shown_{};
  int restarts_ = 0;
  int status_ = 0;
  bool told_ = false;
};

}  // namespace

int run_workers(Store& store, const WorkersOptions& options) {
  return Workers(store, options).run();
}

}  // namespace spinenet::search
