// How many threads LibTorch computes with on the CPU, its BLAS library included.
//
// Thread contract: called from one thread, between computations.
#pragma once

#include <cstdint>

namespace spinenet::nn {

// For batches of `images`. LibTorch gives each thread images of its own, and multiplies matrices for them by a BLAS
// library that may have threads of its own, which OpenBLAS lets wait in a loop: beside a busy process one thread of
// LibTorch was then ten times slower. So BLAS has more than one thread only where there are fewer images than threads.
void set_threads(int threads, int64_t images);

// Of OpenBLAS; 0 where LibTorch has another BLAS library.
int blas_threads();

}  // namespace spinenet::nn
