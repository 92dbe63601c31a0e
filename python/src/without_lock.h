// Computing without Python's lock (the GIL), as pybind11's gil_scoped_release, and safe where the program ends
// meanwhile.
//
// Python ends a thread that asks for the lock once the interpreter is being taken down, by unwinding it; in a
// destructor that would be std::terminate. Such a thread waits here for the end of the process, as newer Pythons have
// it wait.
//
// Thread contract: made and destroyed in one thread, which holds the lock outside of that time.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

namespace spinenet::python {

class WithoutLock {
 public:
  WithoutLock() : state_(PyEval_SaveThread()) {}
  WithoutLock(const WithoutLock&) = delete;
  WithoutLock& operator=(const WithoutLock&) = delete;
  ~WithoutLock() {
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
