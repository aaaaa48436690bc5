// The Lock class: a lock file. See bindings.h.

#include <errno.h>

#include "arguments.h"
#include "bindings.h"
#include "throw_status.h"

namespace piburn {
namespace {

LockMode ModeOf(bool exclusive) {
  return exclusive ? LockMode::kExclusive : LockMode::kShared;
}

}  // namespace

Napi::Function LockObject::Define(Napi::Env env) {
  return DefineClass(
      env, "Lock",
      {InstanceAccessor<&LockObject::Held>("held"), InstanceMethod<&LockObject::Change>("change"),
       InstanceMethod<&LockObject::Close>("close")});
}

LockObject::LockObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<LockObject>(info) {
  Arguments arguments(info);
  path_ = arguments.Path(0);
  const bool exclusive = arguments.Boolean(1, "exclusive");
  if (!arguments.ok()) return;
  const Status status = lock_.Open(path_.c_str(), ModeOf(exclusive));
  if (!status.ok() && status.error != EAGAIN) ThrowStatus(info.Env(), status, path_);
}

Napi::Value LockObject::Held(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), lock_.is_open());
}

Napi::Value LockObject::Change(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  const bool exclusive = arguments.Boolean(0, "exclusive");
  if (!arguments.ok()) return env.Undefined();
  const Status status = lock_.Change(ModeOf(exclusive));
  if (!status.ok() && status.error != EAGAIN) ThrowStatus(env, status, path_);
  return Napi::Boolean::New(env, status.ok());
}

void LockObject::Close(const Napi::CallbackInfo&) {
  lock_.Close();
}

}  // namespace piburn
