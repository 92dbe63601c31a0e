// The border of the installed interface, where the program's errors become those that it declares.
//
// Thread contract: pure functions.
#pragma once

#include <spinenet/error.h>

#include "base/error.h"

namespace spinenet::api {

ErrorKind public_kind(spinenet::ErrorKind kind);

// What the work gives. Its spinenet::Error becomes an api::Error; std::bad_alloc passes as it is.
template <class Work>
decltype(auto) at_border(const Work& work) {
  try {
    return work();
  } catch (const spinenet::Error& error) {
    throw Error(public_kind(error.kind()), error.what());
  }
}

}  // namespace spinenet::api
