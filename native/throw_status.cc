// The only place where an errno becomes words.

#include "throw_status.h"

#include <system_error>

#include "errno_name.h"

namespace piburn {
namespace {

/** `pwrite of 4194304 bytes at 8388608 on /dev/sda: Input/output error` */
std::string Sentence(const Status& status, const std::string& path) {
  std::string text = status.call;
  if (status.has_range) {
    text += " of " + std::to_string(status.length_bytes) + " bytes at " +
            std::to_string(status.offset_bytes);
  }
  return text + " on " + path + ": " + std::generic_category().message(status.error);
}

std::string Code(int error) {
  const char* const name = ErrnoName(error);
  return name != nullptr ? name : "ERRNO_" + std::to_string(error);
}

}  // namespace

void ThrowStatus(Napi::Env env, const Status& status, const std::string& path) {
  Napi::Error error = Napi::Error::New(env, Sentence(status, path));
  error.Set("code", Code(status.error));
  error.Set("errno", Napi::Number::New(env, status.error));
  error.Set("syscall", std::string(status.call));
  error.Set("path", path);
  if (status.has_range) {
    error.Set("offsetBytes", Napi::Number::New(env, static_cast<double>(status.offset_bytes)));
    error.Set("lengthBytes", Napi::Number::New(env, static_cast<double>(status.length_bytes)));
  }
  error.ThrowAsJavaScriptException();
}

}  // namespace piburn
