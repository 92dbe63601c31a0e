// For tests of what happens in the child of a fork.
//
// Thread contract: the thread of the test.
#pragma once

#include <chrono>
#include <thread>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace spinenet::fixture {

// Whether `body`, which gives a bool, gives true in the child of a fork; false where the system starts none. One that
// waits for ever is ended after a minute.
template <class Body>
bool holds_in_child(const Body& body) {
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    bool holds = false;
    try {
      holds = body();
    } catch (...) {
      ::_exit(2);
    }
    ::_exit(holds ? 0 : 1);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(child, &status, WNOHANG)) == 0) {
    if (std::chrono::steady_clock::now() > end) ::kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace spinenet::fixture
