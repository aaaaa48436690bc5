// Whose rights this thread has on files: setfsuid(2) and its kin, which no other thread notices
// (the C library's seteuid would change all of them). Everything else, such as opening sockets or
// starting programs, stays with the process's user.
#pragma once

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "status.h"

namespace piburn {

/** Not the C library's, which changes the groups of every thread. */
inline int SetThreadGroups(size_t count, const gid_t* groups) {
#ifdef SYS_setgroups32
  return static_cast<int>(syscall(SYS_setgroups32, count, groups));
#else
  return static_cast<int>(syscall(SYS_setgroups, count, groups));
#endif
}

inline Status SetFileIds(uid_t user, gid_t group) {
  setfsgid(group);
  setfsuid(user);
  // Neither says whether it worked; asked for what cannot be, both tell what is.
  const bool is_set = setfsuid(static_cast<uid_t>(-1)) == static_cast<int>(user) &&
                      setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(group);
  return is_set ? Ok() : Failed("setfsuid", EPERM);
}

/** A change of user makes the kernel forget PR_SET_PDEATHSIG (credentials(7)): it is asked for
 * again. */
class KeptParentDeath {
 public:
  KeptParentDeath() : parent_(getppid()) { prctl(PR_GET_PDEATHSIG, &signal_); }
  ~KeptParentDeath() {
    if (signal_ == 0) return;
    prctl(PR_SET_PDEATHSIG, signal_);
    if (getppid() != parent_) kill(getpid(), signal_);  // it ended in between
  }
  KeptParentDeath(const KeptParentDeath&) = delete;
  KeptParentDeath& operator=(const KeptParentDeath&) = delete;

 private:
  int signal_ = 0;
  const pid_t parent_;
};

inline thread_local std::vector<gid_t> groups_before;

/** From here on this thread may do with files what `user` in `group` alone may. Needs root. */
inline Status BecomeFileUser(uid_t user, gid_t group) {
  const KeptParentDeath kept;
  const int count = getgroups(0, nullptr);
  if (count < 0) return Failed("getgroups", errno);
  std::vector<gid_t> groups(static_cast<size_t>(count));
  if (count > 0 && getgroups(count, groups.data()) != count) return Failed("getgroups", errno);
  if (SetThreadGroups(0, nullptr) != 0) return Failed("setgroups", errno);
  groups_before = std::move(groups);
  const Status status = SetFileIds(user, group);
  if (!status.ok()) {
    (void)SetFileIds(geteuid(), getegid());
    (void)SetThreadGroups(groups_before.size(), groups_before.data());
  }
  return status;
}

/** Back to the rights of the process. */
inline Status LeaveFileUser() {
  const KeptParentDeath kept;
  const Status status = SetFileIds(geteuid(), getegid());
  if (!status.ok()) return status;
  if (SetThreadGroups(groups_before.size(), groups_before.data()) != 0) {
    return Failed("setgroups", errno);
  }
  return Ok();
}

}  // namespace piburn
