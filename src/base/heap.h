// How the C heap treats large blocks.
//
// Invariant: only the process's time and memory depend on it, never a result. Thread contract: free functions; what
// is freed after a call of the first is kept, and a second call changes nothing.
// Source: mallopt(3) and malloc_trim(3) of the GNU C library; does nothing with another one.
#pragma once

namespace spinenet {

// Freed memory stays with the process and is handed out again without a system call and without pages that the kernel
// must clear first: a training step asks for the same hundreds of large tensors each time. What the user has set wins:
// nothing is done where MALLOC_MMAP_THRESHOLD_ or MALLOC_TRIM_THRESHOLD_ is in the environment.
void keep_freed_memory();

// What small blocks left free goes back to the system at once: for a program between two steps that take the most
// memory. Takes milliseconds for a gigabyte.
void return_freed_memory();

}  // namespace spinenet
