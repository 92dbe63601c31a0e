#include "search/trials/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::search {
namespace {

using ProcessClock = std::chrono::steady_clock;

constexpr size_t kErrorsKept = 8192;
constexpr size_t kMostOutput = 64 << 20;
constexpr int kPollMilliseconds = 200;
constexpr double kGraceSeconds = 2;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail(ErrorKind::io, fmt::format("cannot make a pipe: {}", std::strerror(errno)), "trial");
  }
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// What the child needs, made before the fork: between fork and exec nothing may allocate.
struct Prepared {
  std::vector<std::string> environment;
  std::vector<char*> argv, envp;
};

Prepared prepare(const ProcessOptions& options) {
  Prepared p;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!options.environment.contains(std::string(text.substr(0, text.find('='))))) p.environment.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) p.environment.push_back(name + "=" + value);
  for (const std::string& argument : options.arguments) p.argv.push_back(const_cast<char*>(argument.c_str()));
  for (std::string& entry : p.environment) p.envp.push_back(entry.data());
  p.argv.push_back(nullptr);
  p.envp.push_back(nullptr);
  return p;
}

[[noreturn]] void become(const Prepared& prepared, const ProcessOptions& options, pid_t parent, int output,
                         int errors) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  if (options.memory_bytes > 0) {
    const rlimit limit{static_cast<rlim_t>(options.memory_bytes), static_cast<rlim_t>(options.memory_bytes)};
    ::setrlimit(RLIMIT_DATA, &limit);
  }
  ::execve(prepared.argv.front(), prepared.argv.data(), prepared.envp.data());
  ::_exit(127);
}

class RunningProcess {
 public:
  RunningProcess(pid_t pid, Pipe output, Pipe errors)
      : pid_(pid), output_(std::move(output.read)), errors_(std::move(errors.read)) {
    output.write.close();
    errors.write.close();
  }

  ProcessResult wait(const ProcessOptions& options) {
    while (open_pipes() && !reaped()) {
      listen();
      judge(options);
    }
    while (!reaped()) {
      ::poll(nullptr, 0, 20);
      judge(options);
    }
    drain();
    // Children that outlived it.
    ::kill(-pid_, SIGKILL);
    result_.seconds = elapsed();
    return std::move(result_);
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(ProcessClock::now() - start_).count(); }
  bool open_pipes() const { return output_.get() >= 0 || errors_.get() >= 0; }

  bool reaped() {
    if (done_) return true;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    done_ = true;
    result_.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    if (!ending_ && WIFSIGNALED(status)) result_.end = ProcessEnd::signalled;
    return true;
  }

  // False at the end of the stream.
  static bool take(Descriptor& from, std::string& into) {
    std::array<char, 1 << 14> buffer{};
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) {
      from.close();
      return false;
    }
    if (into.size() < kMostOutput) into.append(buffer.data(), static_cast<size_t>(got));
    return true;
  }

  void trim() {
    if (result_.errors.size() > 2 * kErrorsKept) result_.errors.erase(0, result_.errors.size() - kErrorsKept);
  }

  void listen() {
    std::array<pollfd, 2> ready{pollfd{output_.get(), POLLIN, 0}, pollfd{errors_.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), kPollMilliseconds) <= 0) return;
    if (ready[0].revents != 0) take(output_, result_.output);
    if (ready[1].revents != 0) take(errors_, result_.errors);
    trim();
  }

  // What is still in the pipes; a grandchild that holds one open is not waited for.
  void drain() {
    for (auto& [pipe, text] : {std::pair(&output_, &result_.output), std::pair(&errors_, &result_.errors)}) {
      while (pipe->get() >= 0) {
        pollfd ready{pipe->get(), POLLIN, 0};
        if (::poll(&ready, 1, 0) <= 0 || !take(*pipe, *text)) break;
      }
    }
    if (result_.errors.size() > kErrorsKept) result_.errors.erase(0, result_.errors.size() - kErrorsKept);
  }

  void judge(const ProcessOptions& options) {
    if (ending_) {
      if (elapsed() - ending_since_ > kGraceSeconds) ::kill(-pid_, SIGKILL);
      return;
    }
    const bool late = options.seconds > 0 && elapsed() > options.seconds;
    const bool unwanted = !late && options.wanted && !options.wanted();
    if (!late && !unwanted) return;
    result_.end = late ? ProcessEnd::timed_out : ProcessEnd::unwanted;
    ending_ = true;
    ending_since_ = elapsed();
    ::kill(-pid_, SIGTERM);
  }

  pid_t pid_;
  Descriptor output_, errors_;
  ProcessClock::time_point start_ = ProcessClock::now();
  ProcessResult result_;
  bool done_ = false;
  bool ending_ = false;
  double ending_since_ = 0;
};

}  // namespace

ProcessResult run_process(const ProcessOptions& options) {
  const Prepared prepared = prepare(options);
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) fail(ErrorKind::io, fmt::format("cannot start a process: {}", std::strerror(errno)), "trial");
  if (pid == 0) become(prepared, options, parent, output.write.get(), errors.write.get());
  ::setpgid(pid, pid);  // also here: whoever comes first
  ProcessResult result = RunningProcess(pid, std::move(output), std::move(errors)).wait(options);
  if (result.end == ProcessEnd::exited && result.status == 127 && result.output.empty() && result.errors.empty()) {
    fail(ErrorKind::io, "cannot be started", options.arguments.front());
  }
  return result;
}

}  // namespace spinenet::search
