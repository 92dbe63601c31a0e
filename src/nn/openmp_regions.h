// Whether LibTorch's parallel regions are shared by threads that take their parts as they come (openmp_regions.cpp).
#pragma once

namespace spinenet::nn {

// False where LibTorch's library has regions whose parts must run at the same time: OpenMP's threads then do them.
bool shares_openmp_regions();

}  // namespace spinenet::nn
