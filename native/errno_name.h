// The names of errno values, `EIO` for 5. libuv's own table has no ENOMEDIUM, and glibc's came
// with 2.32.
#pragma once

namespace piburn {

/** Null for a number that no call of ours is known to give. */
const char* ErrnoName(int error);

}  // namespace piburn
