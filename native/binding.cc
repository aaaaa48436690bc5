// The addon: what each JavaScript environment gets of it. Every worker thread is an environment
// with its own classes and objects; nothing that changes is shared between them.

#include <napi.h>

#include "arguments.h"
#include "bindings.h"
#include "file_user.h"
#include "medium_eject.h"
#include "parent_death.h"
#include "throw_status.h"

namespace piburn {
namespace {

Napi::Value DieWithParentCall(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const uint64_t expected_parent = arguments.Integer(0, "expectedParentPid");
  if (!arguments.ok()) return info.Env().Undefined();
  bool parent_alive = false;
  const Status status = DieWithParent(expected_parent, &parent_alive);
  if (!status.ok()) ThrowStatus(info.Env(), status, "this process");
  return Napi::Boolean::New(info.Env(), parent_alive);
}

Napi::Value EjectMediumCall(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const std::string path = arguments.Path(0);
  if (!arguments.ok()) return info.Env().Undefined();
  bool ejected = false;
  const Status status = EjectMedium(path.c_str(), &ejected);
  if (!status.ok()) ThrowStatus(info.Env(), status, path);
  return Napi::Boolean::New(info.Env(), ejected);
}

Napi::Value BecomeFileUserCall(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  const uint64_t user = arguments.Integer(0, "uid");
  const uint64_t group = arguments.Integer(1, "gid");
  if (!arguments.ok()) return info.Env().Undefined();
  const Status status = BecomeFileUser(static_cast<uid_t>(user), static_cast<gid_t>(group));
  if (!status.ok()) ThrowStatus(info.Env(), status, "this thread");
  return info.Env().Undefined();
}

Napi::Value LeaveFileUserCall(const Napi::CallbackInfo& info) {
  const Status status = LeaveFileUser();
  if (!status.ok()) ThrowStatus(info.Env(), status, "this thread");
  return info.Env().Undefined();
}

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  exports.Set("Device", DeviceObject::Define(env));
  exports.Set("Image", ImageObject::Define(env));
  exports.Set("Lock", LockObject::Define(env));
  exports.Set("dieWithParent", Napi::Function::New<DieWithParentCall>(env, "dieWithParent"));
  exports.Set("ejectMedium", Napi::Function::New<EjectMediumCall>(env, "ejectMedium"));
  exports.Set("becomeFileUser", Napi::Function::New<BecomeFileUserCall>(env, "becomeFileUser"));
  exports.Set("leaveFileUser", Napi::Function::New<LeaveFileUserCall>(env, "leaveFileUser"));
  return exports;
}

}  // namespace
}  // namespace piburn

using piburn::Initialise;  // the macro below takes no qualified name
NODE_API_MODULE(piburn, Initialise)
