// Several processes that train one model, with LibTorch's process groups: Gloo on CPU, NCCL on GPU where LibTorch has
// it. The environment is what torchrun sets: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT.
//
// A lost peer is ErrorKind::failed in every other process: at once when its connection closes, after `timeout` when it
// hangs. Thread contract: a Communicator belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nn/tensors.h"

namespace spinenet::train {

struct ProcessPlace {
  int rank = 0, world = 1, local_rank = 0;
  std::string master_address = "127.0.0.1";
  int master_port = 29500;
};

// ErrorKind::usage when the variables are set but wrong.
ProcessPlace process_place();

class Communicator {
 public:
  // Waits until all processes have come. `device` decides between Gloo and NCCL.
  Communicator(const ProcessPlace& place, torch::Device device);
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return place_.rank; }
  int world() const { return place_.world; }
  // In place; does nothing with one process.
  void all_reduce(torch::Tensor& tensor);
  // From rank 0 to all.
  void broadcast(torch::Tensor& tensor);

 private:
  struct Group;

  ProcessPlace place_;
  std::unique_ptr<Group> group_;
};

// Starts `count` copies of this program with the same arguments less --nproc, as ranks 0 to count - 1 on this machine,
// and waits for them; when one fails the others are ended. Returns the first bad exit status, or 0.
int launch_processes(int count, const std::vector<std::string>& arguments);

}  // namespace spinenet::train
