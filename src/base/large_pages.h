// Memory in pages of two megabytes where the system has them: the first touch of a page of four kilobytes costs as much
// as reading it from the cache of files.
//
// Thread contract: may be called from any thread, of memory that the caller owns.
#pragma once

#include <cstddef>

namespace spinenet {

// Of memory that nobody has touched yet. Changes nothing but time; small memory is left as it is.
void prefer_large_pages(void* begin, size_t bytes);

}  // namespace spinenet
