// How a Linux call went: nothing to tell, or the errno with the call and the place that gave it.
// No JavaScript here: the binding turns a Status into an Error.
#pragma once

#include <cstdint>

namespace piburn {

/** Whose trouble it is when a call works on an image and a target at once. */
enum class Subject { kTarget, kImage };

struct [[nodiscard]] Status {
  int error = 0;  // an errno; 0: it worked
  const char* call = "";
  Subject subject = Subject::kTarget;
  bool has_range = false;
  uint64_t offset_bytes = 0;
  uint64_t length_bytes = 0;

  bool ok() const { return error == 0; }
};

inline Status Ok() {
  return {};
}

inline Status Failed(const char* call, int error) {
  Status status;
  status.error = error;
  status.call = call;
  return status;
}

inline Status FailedAt(const char* call, int error, uint64_t offset_bytes, uint64_t length_bytes) {
  Status status = Failed(call, error);
  status.has_range = true;
  status.offset_bytes = offset_bytes;
  status.length_bytes = length_bytes;
  return status;
}

}  // namespace piburn
