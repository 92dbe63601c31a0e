// Starting the processes of one machine: fork, exec, wait.
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "train/distributed.h"

namespace spinenet::train {
namespace {

[[noreturn]] void run_rank(int rank, int count, int port, std::vector<char*> arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::setenv("RANK", std::to_string(rank).c_str(), 1);
  ::setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
  ::setenv("WORLD_SIZE", std::to_string(count).c_str(), 1);
  ::setenv("LOCAL_WORLD_SIZE", std::to_string(count).c_str(), 1);
  ::unsetenv("TORCHELASTIC_USE_AGENT_STORE");  // of another launcher, whose store is not at this port
  ::setenv("MASTER_ADDR", "127.0.0.1", 1);
  ::setenv("MASTER_PORT", std::to_string(port).c_str(), 1);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

int exit_status_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The processes that were started, until each has ended.
class Ranks {
 public:
  explicit Ranks(const std::atomic<int>& stop_signal) : stop_signal_(stop_signal) {}

  void add(pid_t pid, int rank) { running_[pid] = rank; }

  int wait() {
    while (!running_.empty()) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, WNOHANG);
      if (pid > 0) {
        note_end(pid, status);
      } else if (pid < 0 && errno != EINTR) {
        break;
      } else {
        end_if_asked();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    }
    return result_;
  }

 private:
  void note_end(pid_t pid, int status) {
    const auto found = running_.find(pid);
    if (found == running_.end()) return;
    const int rank = found->second;
    running_.erase(found);
    const int code = exit_status_of(status);
    if (code == 0 || result_ != 0) return;
    result_ = code;
    // Asked to stop: all are, and rank 0 may still be writing its checkpoint.
    if (code == 128 + SIGINT || code == 128 + SIGTERM || code == 128 + SIGHUP) return;
    log_warning(fmt::format("process {} ended with status {}; ending the others", rank, code));
    failed_at_ = std::chrono::steady_clock::now();
  }

  // Those that wait for one that is gone end by themselves and say why; the others are told.
  void end_if_asked() {
    constexpr std::chrono::seconds kPatience(5);
    const bool alone = failed_at_ && std::chrono::steady_clock::now() - *failed_at_ > kPatience;
    const int signal = stop_signal_.load();
    if (told_ || (signal == 0 && !alone)) return;
    told_ = true;
    for (const auto& [pid, rank] : running_) ::kill(pid, signal != 0 ? signal : SIGTERM);
  }

  const std::atomic<int>& stop_signal_;
  std::map<pid_t, int> running_;
  std::optional<std::chrono::steady_clock::time_point> failed_at_;
  int result_ = 0;
  bool told_ = false;
};

}  // namespace

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!bound) fail(ErrorKind::io, fmt::format("no free port: {}", std::strerror(error)), "127.0.0.1");
  return ntohs(address.sin_port);
}

int launch_processes(int count, const std::vector<std::string>& arguments, const std::atomic<int>& stop_signal) {
  const int port = free_port();
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  Ranks ranks(stop_signal);
  for (int rank = 0; rank < count; ++rank) {
    const pid_t pid = ::fork();
    if (pid < 0) fail(ErrorKind::io, fmt::format("cannot start process {}: {}", rank, std::strerror(errno)), "--nproc");
    if (pid == 0) run_rank(rank, count, port, argv);
    ranks.add(pid, rank);
  }
  return ranks.wait();
}

}  // namespace spinenet::train
