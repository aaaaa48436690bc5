// A failed Status as a JavaScript exception: {code, errno, syscall, path, offsetBytes?,
// lengthBytes?} with a sentence for people.
#pragma once

#include <napi.h>

#include <string>

#include "status.h"

namespace piburn {

/** Leaves the exception pending. `path` is the file whose trouble it is. */
void ThrowStatus(Napi::Env env, const Status& status, const std::string& path);

}  // namespace piburn
