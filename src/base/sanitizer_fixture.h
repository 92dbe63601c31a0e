// For tests of what a sanitizer does in its own way. GCC names a sanitizer by a macro, clang 14 by __has_feature.
//
// Thread contract: constants.
#pragma once

namespace spinenet::fixture {

#if defined(__has_feature)
inline constexpr bool kHasAddressSanitizer = __has_feature(address_sanitizer);
inline constexpr bool kHasThreadSanitizer = __has_feature(thread_sanitizer);  // ends a child that starts threads
#else
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kHasAddressSanitizer = true;
#else
inline constexpr bool kHasAddressSanitizer = false;
#endif
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kHasThreadSanitizer = true;
#else
inline constexpr bool kHasThreadSanitizer = false;
#endif
#endif

}  // namespace spinenet::fixture
