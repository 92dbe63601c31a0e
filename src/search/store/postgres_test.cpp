// A study in PostgreSQL: a server that restarts, a connection that is cut at every possible moment.
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "search/store/store_fixture.h"

namespace spinenet::search {
namespace {

using namespace fixture;

class Postgres : public testing::Test {
 protected:
  void SetUp() override {
    server_ = PostgresServer::get();
    if (server_ == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
    place_ = server_->fresh_place();
  }

  PostgresServer* server_ = nullptr;
  std::string place_;
};

int connect_or_listen(const std::filesystem::path& path, bool listening) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (listening) ::unlink(path.c_str());
  const int error = listening ? ::bind(fd, generic, sizeof address) : ::connect(fd, generic, sizeof address);
  if (error != 0 || (listening && ::listen(fd, 16) != 0)) ADD_FAILURE() << path << ": " << std::strerror(errno);
  return fd;
}

enum class Cut { before_the_server, after_the_server };

// Stands between client and server and cuts the connection once, at the client's message number `at`: before the server
// has it, or after the server has done what it says and before the client hears of it.
class Wire {
 public:
  Wire(const std::filesystem::path& folder, int port, Cut cut)
      : server_(folder / ".s.PGSQL.5432"), own_(folder / fmt::format(".s.PGSQL.{}", port)), cut_(cut) {
    listening_ = connect_or_listen(own_, true);
    thread_ = std::thread([this] { serve(); });
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    stop_ = true;
    thread_.join();
    ::close(listening_);
    std::filesystem::remove(own_);
  }

  // Counts messages from here on.
  void arm(int at) {
    messages_ = 0;
    at_ = at;
  }
  bool was_cut() const { return at_ < 0; }

 private:
  static bool readable(int fd) {
    pollfd poll{fd, POLLIN, 0};
    return ::poll(&poll, 1, 1) > 0;
  }

  void serve() {
    while (!stop_) {
      if (!readable(listening_)) continue;
      const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      const int server = connect_or_listen(server_, false);
      carry(client, server);
      ::close(client);
      ::close(server);
    }
  }

  void carry(int client, int server) {
    std::vector<char> bytes(1 << 16);
    while (!stop_) {
      pollfd both[2]{{client, POLLIN, 0}, {server, POLLIN, 0}};
      if (::poll(both, 2, 10) <= 0) continue;
      if (both[0].revents != 0) {
        const ssize_t n = ::read(client, bytes.data(), bytes.size());
        if (n <= 0) return;
        const bool now = at_ >= 0 && messages_++ == at_;
        if (now) at_ = -1;
        if (now && cut_ == Cut::before_the_server) return;
        if (::write(server, bytes.data(), static_cast<size_t>(n)) != n) return;
        if (now) {
          (void)!::read(server, bytes.data(), bytes.size());  // its answer, which nobody will see
          return;
        }
      }
      if (both[1].revents != 0) {
        const ssize_t n = ::read(server, bytes.data(), bytes.size());
        if (n <= 0 || ::write(client, bytes.data(), static_cast<size_t>(n)) != n) return;
      }
    }
  }

  std::filesystem::path server_, own_;
  Cut cut_;
  int listening_ = -1;
  std::atomic<int> messages_ = 0, at_ = -1;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// One trial's life in which message `at` is cut; false when there were fewer.
bool live_through_a_cut(Wire& wire, Store& store, Store& witness, int at) {
  wire.arm(at);
  const int64_t before = witness.status().trials;
  const Claim claim = claim_one(store, claim_options(), toy_suggest);
  EXPECT_TRUE(store.heartbeat(claim, 60)) << "message " << at;
  EXPECT_TRUE(store.report(claim, toy_outcome(claim))) << "message " << at;
  EXPECT_EQ(store.status().running, 0) << "message " << at;
  EXPECT_EQ(claim.attempt, 1);
  const StudyStatus status = witness.status();
  EXPECT_EQ(status.running, 0) << "a lease was lost by cutting message " << at;
  EXPECT_EQ(status.trials, claim.number + 1);
  EXPECT_GT(status.trials, before);
  return wire.was_cut();
}

TEST_F(Postgres, APasswordIsUsedAndNeverSaid) {
  std::string text = place_;
  text.replace(text.find("postgres@"), 9, "postgres:secret@");
  const StudyAddress address(text + "&password=secret");
  ASSERT_TRUE(address.holds_password());
  const auto store = open_store(address, true);
  store->open(toy_description());
  EXPECT_EQ(look_at_store(address)->id(), store->id());
  EXPECT_EQ(address.shown(), place_);
  const auto expect_unsaid = [](const StudyAddress& wrong) {
    try {
      open_store(wrong, false, {.patience_seconds = 0});
      ADD_FAILURE() << "opened " << wrong.shown();
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    }
  };
  StudyDescription other = toy_description();
  other.seed = 8;
  expect_error(ErrorKind::usage, {"seed", "postgresql://postgres@"}, [&] { open_store(address, true)->open(other); });
  expect_unsaid("postgresql://nobody:secret@/postgres?host=" + server_->folder().string());
  expect_unsaid("postgresql://postgres:secret@/nothing?host=" + server_->folder().string());
  expect_unsaid("postgresql://postgres:secret@/postgres?host=" + server_->folder().string() + "&sslmode=odd");
  expect_unsaid("postgresql://postgres:secret@/postgres?hast=x");
  expect_unsaid("postgresql://postgres:sec%secret@/postgres");
  expect_unsaid("postgresql://postgres:secret@:port/postgres");
}

TEST_F(Postgres, RefusesAViewInThePlaceOfATable) {
  open_store(place_, true)->open(toy_description());
  const auto run = [&](std::string_view statement) {
    const auto raw = open_postgres(place_, {});
    raw->begin(Access::write);
    raw->run(statement, {});
    raw->commit();
  };
  run("ALTER TABLE spinenet_study RENAME TO zs");
  expect_error(ErrorKind::bad_data, {"no study"}, [&] { look_at_store(place_); });
  run("CREATE VIEW spinenet_study AS WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c) SELECT zs.* FROM "
      "c, zs");
  expect_error(ErrorKind::bad_data, {"no study"}, [&] { look_at_store(place_); });
  expect_error(ErrorKind::bad_data, {"no study"}, [&] { open_store(place_, true); });
}

TEST_F(Postgres, ACutAtAnyMessageLosesNothingAndCountsNothingTwice) {
  int port = 6000;
  for (const Cut cut : {Cut::before_the_server, Cut::after_the_server}) {
    const std::string schema = server_->fresh_place().substr(server_->url("").size());
    Wire wire(server_->folder(), ++port, cut);
    const auto store = open_store(server_->url(schema, port), true);
    store->open(toy_description(1));
    const auto witness = open_store(server_->url(schema), false);
    for (int i = 0; i < 3; ++i) {  // every statement is known to the connection from here on
      const Claim claim = claim_one(*store, claim_options(), toy_suggest);
      EXPECT_TRUE(store->heartbeat(claim, 60));
      EXPECT_TRUE(store->report(claim, toy_outcome(claim)));
    }
    int at = 0;
    while (live_through_a_cut(wire, *store, *witness, at)) ++at;
    EXPECT_GT(at, 10);
    const std::vector<Trial> trials = witness->trials();
    EXPECT_EQ(lasting_parts(trials), toy_trials(static_cast<int64_t>(trials.size()), 1));
  }
}

TEST_F(Postgres, AServerThatRestartsIsWaitedFor) {
  constexpr int64_t kTrials = 400;
  std::atomic<bool> done = false;
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&] {
      const auto store = open_store(place_, true);
      store->open(toy_description());
      ClaimAnswer answer;
      while (answer.state != ClaimState::finished) {
        answer = store->claim(claim_options(kTrials), toy_suggest);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (answer.claim) {
          EXPECT_TRUE(store->report(*answer.claim, toy_outcome(*answer.claim)));
        }
      }
      done = true;
    });
  }
  for (int i = 0; i < 6 && !done; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    server_->stop(i % 2 == 0 ? SIGINT : SIGQUIT);
    server_->start();
  }
  for (std::thread& worker : workers) worker.join();
  const auto store = open_store(place_, false);
  EXPECT_EQ(lasting_parts(store->trials()), toy_trials(kTrials, toy_description().lag));
  for (const Trial& trial : store->trials()) EXPECT_LE(trial.attempts, 1) << "a lease was lost";
}

// Nobody could prolong a lease meanwhile, so it says nothing of the worker.
TEST_F(Postgres, ALeaseThatRunsOutWhileTheServerIsAwayIsKept) {
  const auto holder = open_store(place_, true);
  holder->open(toy_description());
  const Claim held = claim_one(*holder, claim_options(1, 0.3));
  server_->stop(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  server_->start();

  const auto other = open_store(place_, false);
  EXPECT_EQ(other->claim(claim_options(1, 3), suggest_fresh).state, ClaimState::wait);
  EXPECT_TRUE(holder->heartbeat(held, 0.3));
  EXPECT_EQ(holder->trials()[0].attempts, 1);

  server_->stop(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  server_->start();
  EXPECT_TRUE(holder->release(held));
  EXPECT_EQ(claim_one(*other, claim_options(1, 3)).attempt, 1) << "what was given back can be had at once";
}

TEST_F(Postgres, ALeaseThatNobodyProlongsAfterARestartIsTaken) {
  const auto store = open_store(place_, true);
  store->open(toy_description());
  claim_one(*store, claim_options(1, 0.3));
  server_->stop(SIGQUIT);
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  server_->start();
  const auto start = std::chrono::steady_clock::now();
  ClaimAnswer answer;
  while (!answer.claim && std::chrono::steady_clock::now() - start < std::chrono::seconds(60)) {
    answer = store->claim(claim_options(1, 1.5), suggest_fresh);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ASSERT_TRUE(answer.claim.has_value());
  EXPECT_EQ(answer.claim->attempt, 2);
}

// The server is ended as by a crash: what it had not written to its log is gone.
TEST_F(Postgres, WhatACallReturnedSurvivesACrashOfTheServer) {
  const auto crash = [this] {
    server_->stop(SIGQUIT);
    server_->start();
  };
  const auto store = open_store(place_, true);
  store->open(toy_description());
  crash();
  EXPECT_EQ(store->description(), toy_description());
  for (int64_t i = 0; i < 4; ++i) {
    const Claim claim = claim_one(*store, claim_options(), suggest_fresh);
    crash();
    EXPECT_EQ(store->status().trials, i + 1);
    EXPECT_TRUE(store->report(claim, complete(0.5)));
    crash();
    EXPECT_EQ(store->status().complete, i + 1);
  }
}

TEST_F(Postgres, WaitsNoLongerThanItMay) {
  const auto store = open_store(place_, true, {.patience_seconds = 0.3});
  store->open(toy_description());
  const Claim claim = claim_one(*store);
  server_->stop(SIGINT);
  expect_error(ErrorKind::io, {"postgresql://postgres@"}, [&] { store->report(claim, complete(1)); });
  expect_error(ErrorKind::io, {"postgresql://postgres@"},
               [&] { open_store(place_, false, {.patience_seconds = 0.1}); });
  server_->start();
  EXPECT_TRUE(store->report(claim, complete(1)));
}

TEST_F(Postgres, AddressesAreCheckedAndPasswordsAreNotShown) {
  expect_error(ErrorKind::usage, {"postgresql://user@host"}, [] { open_store("postgresql://a@b/c?nonsense=1", true); });
  try {
    open_store("postgresql://me:geheim@127.0.0.1:1/db", true, {.patience_seconds = 0});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_EQ(message.find("geheim"), std::string::npos) << message;
    EXPECT_NE(message.find("postgresql://me@127.0.0.1:1/db"), std::string::npos) << message;
  }
  std::string missing = server_->url();
  missing.replace(missing.find("/postgres?"), 10, "/no_such_database?");
  expect_error(ErrorKind::io, {"no_such_database"}, [&] { open_store(missing, true); });
}

}  // namespace
}  // namespace spinenet::search
