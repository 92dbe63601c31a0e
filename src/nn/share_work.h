// Work of training that threads share on the CPU. What a piece of it gives does not depend on who does it, so the
// threads take pieces as they come, nobody waits for one who has no processor, and beside other busy processes fewer
// threads take part (kernels/crowding.h).
//
// Thread contract: from any thread; one caller at a time has the threads, another does all of its pieces itself, as
// does a piece that shares work in turn.
#pragma once

#include <cstdint>
#include <functional>

namespace spinenet::nn {

// Calls work(i) once for each i of [0, pieces), on at most `threads` threads, and returns when all are done. What
// a piece throws is thrown when all are done, that of the first piece where several throw.
void share_work(int64_t pieces, int threads, const std::function<void(int64_t)>& work);

}  // namespace spinenet::nn
