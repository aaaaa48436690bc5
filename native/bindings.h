// The classes that JavaScript sees. Their methods take arguments, call the layer below, and return
// values; the engine calls the destructors when an object is collected or its worker ends.
#pragma once

#include <napi.h>

#include <string>

#include "block_device.h"
#include "file_lock.h"
#include "image_file.h"

namespace piburn {

/** new Image(path) */
class ImageObject : public Napi::ObjectWrap<ImageObject> {
 public:
  static const napi_type_tag kTypeTag;
  static Napi::Function Define(Napi::Env env);
  explicit ImageObject(const Napi::CallbackInfo& info);

  /** Null, with an exception pending, after close(). */
  ImageFile* Opened(Napi::Env env);
  const std::string& path() const { return path_; }

 private:
  Napi::Value Size(const Napi::CallbackInfo& info);
  Napi::Value ReadInto(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::string path_;
  ImageFile image_;
};

/** new Device(path, write, create, exclusive, direct, bufferBytes) */
class DeviceObject : public Napi::ObjectWrap<DeviceObject> {
 public:
  static const napi_type_tag kTypeTag;
  static Napi::Function Define(Napi::Env env);
  explicit DeviceObject(const Napi::CallbackInfo& info);

  /** Null, with an exception pending, after close(). */
  BlockDevice* Opened(Napi::Env env, const char* call);

 private:
  void WriteFromImage(const Napi::CallbackInfo& info);
  void WriteBuffer(const Napi::CallbackInfo& info);
  void WriteZeros(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  void Flush(const Napi::CallbackInfo& info);
  void Truncate(const Napi::CallbackInfo& info);
  void Punch(const Napi::CallbackInfo& info);
  Napi::Value Discard(const Napi::CallbackInfo& info);
  Napi::Value RereadPartitions(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void ThrowIfFailed(Napi::Env env, const Status& status) const;

  std::string path_;
  BlockDevice device_;
};

/** new Lock(path, exclusive); `held` is false when another holder is in the way. */
class LockObject : public Napi::ObjectWrap<LockObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit LockObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Held(const Napi::CallbackInfo& info);
  Napi::Value Change(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::string path_;
  FileLock lock_;
};

}  // namespace piburn
