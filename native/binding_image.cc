// The Image class: the decoded image. See bindings.h.

#include <errno.h>

#include "arguments.h"
#include "bindings.h"
#include "throw_status.h"

namespace piburn {

const napi_type_tag ImageObject::kTypeTag = {0x70696275726e0002, 0x3be01d6f58c94e17};

Napi::Function ImageObject::Define(Napi::Env env) {
  return DefineClass(env, "Image",
                     {InstanceMethod<&ImageObject::Size>("size"),
                      InstanceMethod<&ImageObject::ReadInto>("readInto"),
                      InstanceMethod<&ImageObject::Close>("close")});
}

ImageObject::ImageObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ImageObject>(info) {
  Arguments arguments(info);
  path_ = arguments.Path(0);
  if (!arguments.ok()) return;
  if (const Status status = image_.Open(path_.c_str()); !status.ok()) {
    ThrowStatus(info.Env(), status, path_);
    return;
  }
  info.This().As<Napi::Object>().TypeTag(&kTypeTag);
}

ImageFile* ImageObject::Opened(Napi::Env env) {
  if (image_.is_open()) return &image_;
  ThrowStatus(env, Failed("pread", EBADF), path_);
  return nullptr;
}

Napi::Value ImageObject::Size(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const ImageFile* const image = Opened(env);
  if (image == nullptr) return env.Undefined();
  uint64_t size_bytes = 0;
  const Status status = image->Size(&size_bytes);
  if (!status.ok()) ThrowStatus(env, status, path_);
  return Napi::Number::New(env, static_cast<double>(size_bytes));
}

Napi::Value ImageObject::ReadInto(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Arguments arguments(info);
  DeviceObject* const target = arguments.Object<DeviceObject>(0, "device");
  const ImageFile* const image = target == nullptr ? nullptr : Opened(env);
  BlockDevice* const device = image == nullptr ? nullptr : target->Opened(env, "pread");
  if (device == nullptr) return env.Undefined();

  AlignedBuffer& buffer = *device->buffer();
  const uint64_t offset = arguments.Integer(1, "offsetBytes");
  const size_t length = arguments.LengthWithin(buffer.size(), offset, 2, "lengthBytes");
  if (!arguments.ok()) return env.Undefined();
  size_t got = 0;
  const Status status = image->Read(buffer.data(), offset, length, &got);
  if (!status.ok()) ThrowStatus(env, status, path_);
  return Napi::Number::New(env, static_cast<double>(got));
}

void ImageObject::Close(const Napi::CallbackInfo&) {
  image_.Close();
}

}  // namespace piburn
