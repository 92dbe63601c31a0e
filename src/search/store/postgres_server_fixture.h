// A PostgreSQL server of the test's own, in a temporary folder and on a Unix socket, gone when the test program ends
// however it ends. It runs as user postgres where the test is root, because the server refuses root.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::search::fixture {

class PostgresServer {
 public:
  // The server of this program, started on first use; nullptr where PostgreSQL is not installed.
  static PostgresServer* get() {
    static std::unique_ptr<PostgresServer> server = binaries() ? long_started() : nullptr;
    return server.get();
  }

  PostgresServer() {
    const bool root = ::geteuid() == 0;
    if (root) run({"/bin/chown", "postgres", folder_.path().string()}, {});
    const std::vector<std::string> initdb{(*binaries() / "initdb").string(),
                                          "-D",
                                          data(),
                                          "-U",
                                          "postgres",
                                          "-A",
                                          "trust",
                                          "-N",
                                          "-E",
                                          "UTF8",
                                          "--locale=C"};
    if (run(initdb, as_server_user()) != 0) fail(ErrorKind::failed, "initdb failed", log());
    start();
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer() { stop(SIGINT); }

  // Not synced: the tests kill processes, not machines.
  void start() {
    std::vector<std::string> words{(*binaries() / "postgres").string(), "-D", data(), "-k", folder().string()};
    for (const char* setting :
         {"listen_addresses=", "max_connections=200", "shared_buffers=32MB", "fsync=off", "full_page_writes=off",
          "autovacuum=off", "wal_level=minimal", "max_wal_senders=0", "dynamic_shared_memory_type=mmap"}) {
      words.insert(words.end(), {"-c", setting});
    }
    process_ = spawn(words, as_server_user());
    for (int i = 0; i < 600; ++i) {
      if (PQping(url().c_str()) == PQPING_OK) return;
      if (::waitpid(process_, nullptr, WNOHANG) == process_) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    fail(ErrorKind::failed, "the server does not start", log());
  }

  // SIGINT ends it in order, SIGQUIT as a crash does.
  void stop(int signal) {
    if (process_ <= 0) return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

  const std::filesystem::path& folder() const { return folder_.path(); }
  // Of the socket folder/.s.PGSQL.PORT; `schema` is the one whose tables are seen.
  std::string url(const std::string& schema = "public", int port = 5432) const {
    return fmt::format("postgresql://postgres@/postgres?host={}&port={}&options=-csearch_path%3D{}",
                       folder_.path().string(), port, schema);
  }
  // A place where no study is yet.
  std::string fresh_place() {
    const std::string schema = fmt::format("study_{}_{}", ::getpid(), ++schemas_);
    PGconn* connection = PQconnectdb(url().c_str());
    PQclear(PQexec(connection, fmt::format("CREATE SCHEMA {}", schema).c_str()));
    PQfinish(connection);
    return url(schema);
  }

 private:
  // Leases that run out just after a server's start are not taken at once, and tests give some that ran out a second
  // ago.
  static std::unique_ptr<PostgresServer> long_started() {
    auto server = std::make_unique<PostgresServer>();
    std::this_thread::sleep_for(std::chrono::milliseconds(2200));
    return server;
  }

  // The newest of those that Debian's packages have.
  static std::optional<std::filesystem::path> binaries() {
    std::vector<std::filesystem::path> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      if (std::filesystem::exists(entry.path() / "bin" / "postgres")) found.push_back(entry.path() / "bin");
    }
    if (found.empty()) return std::nullopt;
    return *std::max_element(found.begin(), found.end());
  }

  // The server must not outlive the test.
  static std::vector<std::string> as_server_user() {
    std::vector<std::string> words{"/usr/bin/setpriv", "--pdeathsig=QUIT"};
    if (::geteuid() == 0) words.insert(words.end(), {"--reuid=postgres", "--regid=postgres", "--init-groups"});
    return words;
  }

  std::string data() const { return (folder_ / "data").string(); }
  std::string log() const { return read_file((folder_ / "log").string()); }

  pid_t spawn(const std::vector<std::string>& words, std::vector<std::string> command) const {
    command.insert(command.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const std::string log = (folder_ / "log").string();
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::setpgid(0, 0);  // a Ctrl-C is for the test, which then stops the server
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }

  int run(const std::vector<std::string>& words, std::vector<std::string> command) const {
    int status = 0;
    ::waitpid(spawn(words, std::move(command)), &status, 0);
    return status;
  }

  spinenet::fixture::ScratchFolder folder_;
  pid_t process_ = 0;
  int schemas_ = 0;
};

}  // namespace spinenet::search::fixture
