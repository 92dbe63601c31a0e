// Computing without Python's lock (the GIL), as pybind11's gil_scoped_release, and safe where the program ends
// meanwhile.
//
// Python ends a thread that asks for the lock once the interpreter is being taken down, by unwinding it; in a
// destructor that would be std::terminate. Such a thread waits here for the end of the process, as newer Pythons have
// it wait. The end itself waits for what is being computed, because a process that ends takes its static data down
// under the threads that still run.
//
// Thread contract: made and destroyed in one thread, which holds the lock outside of that time.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

namespace spinenet::python {

// Once the program ends, a thread other than the one that ends it does not return from this.
void begin_computing();
void end_computing();
// At the end of the program, with the lock: waits for what other threads compute, for ten seconds at most. Not for the
// child of a fork, which has no other threads of its parent.
void wait_for_computing();

class WithoutLock {
 public:
  WithoutLock() : state_(PyEval_SaveThread()) { begin_computing(); }
  WithoutLock(const WithoutLock&) = delete;
  WithoutLock& operator=(const WithoutLock&) = delete;
  ~WithoutLock() {
    end_computing();
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      for (;;) ::pause();
    }
  }

 private:
  PyThreadState* state_;
};

}  // namespace spinenet::python
