#include "train/distributed.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace spinenet::train {
namespace {

using Variables = std::map<std::string, std::string>;

const std::vector<const char*> kVariables{"RANK",
                                          "WORLD_SIZE",
                                          "LOCAL_RANK",
                                          "LOCAL_WORLD_SIZE",
                                          "MASTER_ADDR",
                                          "MASTER_PORT",
                                          "GLOO_SOCKET_IFNAME",
                                          "TORCHELASTIC_USE_AGENT_STORE",
                                          "TORCHELASTIC_RESTART_COUNT"};

// process_place() where these variables alone are set.
ProcessPlace place_with(const Variables& variables) {
  for (const char* name : kVariables) ::unsetenv(name);
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  const auto clear = [] {
    for (const char* name : kVariables) ::unsetenv(name);
  };
  try {
    const ProcessPlace place = process_place();
    clear();
    return place;
  } catch (...) {
    clear();
    throw;
  }
}

std::string refusal(const Variables& variables) {
  try {
    place_with(variables);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(ProcessPlace, OneProcessWithoutVariables) {
  const ProcessPlace place = place_with({});
  EXPECT_EQ(place.rank, 0);
  EXPECT_EQ(place.world, 1);
  EXPECT_EQ(place.local_world, 1);
  EXPECT_EQ(place.master_address, "127.0.0.1");
}

TEST(ProcessPlace, UnderstandsWhatTorchrunSets) {
  const ProcessPlace place = place_with({{"RANK", "5"},
                                         {"WORLD_SIZE", "8"},
                                         {"LOCAL_RANK", "1"},
                                         {"LOCAL_WORLD_SIZE", "4"},
                                         {"MASTER_ADDR", "first.training"},
                                         {"MASTER_PORT", "29400"},
                                         {"GLOO_SOCKET_IFNAME", "eth1"},
                                         {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                         {"TORCHELASTIC_RESTART_COUNT", "2"}});
  EXPECT_EQ(place.rank, 5);
  EXPECT_EQ(place.world, 8);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.local_world, 4);
  EXPECT_EQ(place.master_address, "first.training");
  EXPECT_EQ(place.master_port, 29400);
  EXPECT_EQ(place.interface, "eth1");
  EXPECT_EQ(place.agent_prefix, "/worker/attempt_2");
}

TEST(ProcessPlace, OneProcessHasTheCoresOfItsMachine) {
  EXPECT_EQ(place_with({{"RANK", "5"}, {"WORLD_SIZE", "64"}, {"MASTER_ADDR", "first.training"}}).local_world, 1);
  EXPECT_EQ(place_with({{"RANK", "1"}, {"WORLD_SIZE", "2"}}).local_world, 2);
  EXPECT_EQ(place_with({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"TORCHELASTIC_USE_AGENT_STORE", "False"}}).agent_prefix,
            "");
}

TEST(ProcessPlace, WrongVariablesAreNamed) {
  EXPECT_NE(refusal({{"RANK", "one"}, {"WORLD_SIZE", "2"}}).find("environment variable RANK"), std::string::npos);
  EXPECT_NE(refusal({{"RANK", "2"}, {"WORLD_SIZE", "2"}}).find("RANK 2 does not fit WORLD_SIZE 2"), std::string::npos);
  EXPECT_NE(refusal({{"WORLD_SIZE", "2"}}).find("RANK is not set"), std::string::npos);
  EXPECT_NE(refusal({{"MASTER_PORT", "70000"}}).find("MASTER_PORT"), std::string::npos);
  EXPECT_NE(refusal({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "1"}})
                .find("LOCAL_RANK 1 and LOCAL_WORLD_SIZE 1 do not fit"),
            std::string::npos);
}

#ifdef USE_C10D_GLOO

// `count` processes' communicators, each on a thread of this process, on the loopback interface.
void on_ranks(int count, std::chrono::seconds patience, const std::function<void(Communicator&)>& work) {
  const int port = free_port();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < count; ++rank) {
    threads.emplace_back([=, &work] {
      try {
        ProcessPlace place;
        place.rank = place.local_rank = rank;
        place.world = place.local_world = count;
        place.master_port = port;
        place.interface = "lo";
        place.join_timeout = std::chrono::seconds(60);
        place.step_timeout = patience;
        Communicator communicator(place, torch::kCPU);
        work(communicator);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Communicator, AddsUpAndHandsOn) {
  on_ranks(3, std::chrono::seconds(60), [](Communicator& communicator) {
    torch::Tensor numbers = torch::full({5}, communicator.rank() + 1.0F);
    communicator.all_reduce(numbers);
    EXPECT_EQ(numbers.sum().item<float>(), 5 * 6.0F);
    torch::Tensor first = torch::full({2}, communicator.rank() + 7.0F);
    communicator.broadcast(first);
    EXPECT_EQ(first.sum().item<float>(), 14.0F);
    EXPECT_FALSE(communicator.broken());
  });
}

using Handler = void (*)(int);

// What a closed connection does after two processes have met, where it did `before`.
Handler after_a_meeting(Handler before) {
  const Handler was = std::signal(SIGPIPE, before);
  on_ranks(2, std::chrono::seconds(60), [](Communicator& communicator) {
    torch::Tensor numbers = torch::ones({1});
    communicator.all_reduce(numbers);
  });
  return std::signal(SIGPIPE, was);
}

void own_handler(int) {}

TEST(Communicator, AClosedConnectionDoesNotEndTheProcess) {
  EXPECT_EQ(after_a_meeting(SIG_DFL), SIG_IGN);
  EXPECT_EQ(after_a_meeting(SIG_IGN), SIG_IGN);
  EXPECT_EQ(after_a_meeting(own_handler), own_handler);
}

TEST(Communicator, AProcessThatGoesEndsAllOthers) {
  std::atomic<int> lost = 0;
  on_ranks(3, std::chrono::seconds(60), [&lost](Communicator& communicator) {
    torch::Tensor numbers = torch::ones({1000});
    communicator.all_reduce(numbers);
    if (communicator.rank() == 1) return;  // and its connections close
    try {
      for (int step = 0; step < 10; ++step) communicator.all_reduce(numbers);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("another process was lost"), std::string::npos) << error.what();
      EXPECT_TRUE(communicator.broken());
      ++lost;
    }
  });
  EXPECT_EQ(lost, 2);
}

TEST(Communicator, AProcessThatHangsEndsAllOthersInTime) {
  std::atomic<int> lost = 0, ended = 0;
  on_ranks(3, std::chrono::seconds(2), [&lost, &ended](Communicator& communicator) {
    torch::Tensor numbers = torch::ones({1000});
    communicator.all_reduce(numbers);
    if (communicator.rank() == 1) {  // keeps its connections
      for (int i = 0; i < 600 && ended < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      return;
    }
    try {
      communicator.all_reduce(numbers);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("another process was lost"), std::string::npos) << error.what();
      ++lost;
    }
    ++ended;
  });
  EXPECT_EQ(lost, 2);
}

#endif

}  // namespace
}  // namespace spinenet::train
