// Ties the life of this process to its parent's.
#pragma once

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>

#include "status.h"

namespace piburn {

/**
 * The kernel kills this process when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG).
 * `parent_alive` is false when that had already happened and the signal will never come.
 */
inline Status DieWithParent(uint64_t expected_parent, bool* parent_alive) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Failed("prctl(PR_SET_PDEATHSIG)", errno);
  *parent_alive = static_cast<uint64_t>(getppid()) == expected_parent;
  return Ok();
}

}  // namespace piburn
