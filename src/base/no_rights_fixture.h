// What a user without rights is told: tests run as root in containers, for whom every folder is open.
#pragma once

#include <array>
#include <functional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace spinenet::fixture {

// Runs `work` in a process of its own, as user and group 65534 where this one is root; what it returned.
inline std::string without_rights(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said = "no other user";
    if (::geteuid() != 0 || (::setgid(65534) == 0 && ::setuid(65534) == 0)) said = work();
    ::_exit(::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    said.append(buffer.data(), static_cast<size_t>(n));
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return said;
}

}  // namespace spinenet::fixture
