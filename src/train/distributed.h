// Several processes that train one model, with LibTorch's process groups: Gloo on CPU, NCCL on GPU where LibTorch has
// it. The environment is what torchrun sets: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT.
// With TORCHELASTIC_USE_AGENT_STORE torchrun itself keeps the store at MASTER_PORT. GLOO_SOCKET_IFNAME names the
// network interface where a machine has several.
//
// A lost peer is ErrorKind::failed in every other process: at once when its connection closes, after
// ProcessPlace::step_timeout when it hangs or its machine is gone. A process that is asked to stop does not wait so
// long for the others: not at all until they have come, some seconds (kStopPatience) while they train, so that all can
// end with the same step; then it throws Stopped. With NCCL a wait is the GPU driver's, and only a second signal ends
// it. Thread contract: a Communicator belongs to one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "nn/tensors.h"

namespace spinenet::train {

struct ProcessPlace {
  int rank = 0, world = 1, local_rank = 0;
  int local_world = 1;  // processes on this machine, which share its cores
  std::string master_address = "127.0.0.1";
  int master_port = 29500;
  std::string agent_prefix;  // of torchrun's store, where its agent keeps one at MASTER_PORT; empty: process 0 does
  std::string interface;     // empty: that of this machine's name
  std::chrono::seconds join_timeout{120};
  std::chrono::seconds step_timeout{1800};  // others wait as long as process 0 measures
};

// ErrorKind::usage when the variables are set but wrong.
ProcessPlace process_place();

class Communicator {
 public:
  // Waits until all processes have come. `device` decides between Gloo and NCCL. `stop_signal`: not 0 when this process
  // is asked to stop. With several processes, SIGPIPE is ignored from here on where it would have ended this process.
  Communicator(const ProcessPlace& place, torch::Device device, const std::atomic<int>* stop_signal = nullptr);
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return place_.rank; }
  int world() const { return place_.world; }
  // Whether another process was lost, or did not answer when this one was asked to stop.
  bool broken() const { return broken_; }
  // In place; does nothing with one process.
  void all_reduce(torch::Tensor& tensor);
  // From rank 0 to all.
  void broadcast(torch::Tensor& tensor);

 private:
  struct Group;

  static std::unique_ptr<Group> join(const ProcessPlace& place, torch::Device device);
  std::unique_ptr<Group> join_unless_stopped(torch::Device device) const;
  template <class Work>
  void finish(Work& work);
  bool asked_to_stop() const { return stop_signal_ != nullptr && stop_signal_->load() != 0; }
  std::string name() const;
  [[noreturn]] void lose_peer(const char* what);

  ProcessPlace place_;
  const std::atomic<int>* stop_signal_;
  std::unique_ptr<Group> group_;
  bool broken_ = false;
  bool abandoned_ = false;  // a collective operation is still under way
};

// A port of this machine's loopback interface that is free at the moment.
int free_port();

// Starts `count` copies of this program with the same arguments less --nproc, as ranks 0 to count - 1 on this machine,
// and waits for them; when one fails the others are ended. A signal to stop is passed on to all of them. Returns the
// first bad exit status, or 0.
int launch_processes(int count, const std::vector<std::string>& arguments, const std::atomic<int>& stop_signal);

}  // namespace spinenet::train
