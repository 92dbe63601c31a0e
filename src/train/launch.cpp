// Starting the processes of one machine: fork, exec, wait.
#include <cerrno>
#include <cstring>
#include <map>

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

// A port that is free at the moment.
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

[[noreturn]] void run_rank(int rank, int count, int port, std::vector<char*> arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::setenv("RANK", std::to_string(rank).c_str(), 1);
  ::setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
  ::setenv("WORLD_SIZE", std::to_string(count).c_str(), 1);
  ::setenv("MASTER_ADDR", "127.0.0.1", 1);
  ::setenv("MASTER_PORT", std::to_string(port).c_str(), 1);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

int exit_status_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int launch_processes(int count, const std::vector<std::string>& arguments) {
  const int port = free_port();
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::map<pid_t, int> running;
  for (int rank = 0; rank < count; ++rank) {
    const pid_t pid = ::fork();
    if (pid < 0) fail(ErrorKind::io, fmt::format("cannot start process {}: {}", rank, std::strerror(errno)), "--nproc");
    if (pid == 0) run_rank(rank, count, port, argv);
    running[pid] = rank;
  }
  int result = 0;
  while (!running.empty()) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;
    const auto it = running.find(pid);
    if (it == running.end()) continue;
    const int rank = it->second;
    running.erase(it);
    const int code = exit_status_of(status);
    if (code == 0 || result != 0) continue;
    result = code;
    // Asked to stop: all are, and rank 0 may still be writing its checkpoint.
    if (code == 128 + SIGINT || code == 128 + SIGTERM) continue;
    log_warning(fmt::format("process {} ended with status {}; ending the others", rank, code));
    for (const auto& [other, other_rank] : running) ::kill(other, SIGTERM);
  }
  return result;
}

}  // namespace spinenet::train
