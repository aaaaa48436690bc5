// The Device class: one target. See bindings.h.

#include <errno.h>

#include "arguments.h"
#include "bindings.h"
#include "throw_status.h"

namespace piburn {
namespace {

constexpr size_t kMaxBufferBytes = size_t{256} << 20;
/** Linux transfers no more than about 2 GiB in one call; nobody should want to wait that long. */
constexpr size_t kMaxRequestBytes = size_t{1} << 30;

Napi::Object InfoObject(Napi::Env env, const DeviceInfo& info);
Napi::Object QueueObject(Napi::Env env, const QueueInfo& queue);
Napi::Value BufferObject(Napi::Env env, const std::shared_ptr<AlignedBuffer>& buffer);

}  // namespace

const napi_type_tag DeviceObject::kTypeTag = {0x70696275726e0001, 0x9a4f1c6be2d74c58};

Napi::Function DeviceObject::Define(Napi::Env env) {
  return DefineClass(
      env, "Device",
      {InstanceMethod<&DeviceObject::WriteFromImage>("writeFromImage"),
       InstanceMethod<&DeviceObject::WriteBuffer>("writeBuffer"),
       InstanceMethod<&DeviceObject::WriteZeros>("writeZeros"),
       InstanceMethod<&DeviceObject::Read>("read"), InstanceMethod<&DeviceObject::Flush>("flush"),
       InstanceMethod<&DeviceObject::Truncate>("truncate"),
       InstanceMethod<&DeviceObject::Punch>("punch"),
       InstanceMethod<&DeviceObject::Discard>("discard"),
       InstanceMethod<&DeviceObject::RereadPartitions>("rereadPartitions"),
       InstanceMethod<&DeviceObject::Close>("close")});
}

DeviceObject::DeviceObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeviceObject>(info) {
  Arguments arguments(info);
  OpenRequest request;
  path_ = arguments.Path(0);
  request.write = arguments.Boolean(1, "write");
  request.create = arguments.Boolean(2, "create");
  request.exclusive = arguments.Boolean(3, "exclusive");
  request.direct = arguments.Boolean(4, "direct");
  request.buffer_bytes = arguments.Size(5, "bufferBytes", kMaxBufferBytes);
  if (!arguments.ok()) return;

  const Napi::Env env = info.Env();
  if (const Status status = device_.Open(path_.c_str(), request); !status.ok()) {
    device_.Close();
    ThrowStatus(env, status, path_);
    return;
  }
  Napi::Object self = info.This().As<Napi::Object>();
  self.TypeTag(&kTypeTag);
  self.Set("info", InfoObject(env, device_.info()));
  self.Set("buffer", BufferObject(env, device_.buffer()));
}

BlockDevice* DeviceObject::Opened(Napi::Env env, const char* call) {
  if (device_.is_open()) return &device_;
  ThrowStatus(env, Failed(call, EBADF), path_);
  return nullptr;
}

void DeviceObject::WriteFromImage(const Napi::CallbackInfo& info) {
  Arguments arguments(info);
  ImageObject* const source = arguments.Object<ImageObject>(0, "image");
  const uint64_t offset = arguments.Integer(1, "offsetBytes");
  const uint64_t length = arguments.LengthFrom(offset, 2, "lengthBytes");
  const size_t request = arguments.Size(3, "requestBytes", kMaxRequestBytes);
  if (!arguments.ok() || source == nullptr) return;
  BlockDevice* const device = Opened(info.Env(), "pwrite");
  if (device == nullptr) return;
  ImageFile* const image = source->Opened(info.Env());
  if (image == nullptr) return;

  const Status status = device->WriteFromImage(*image, offset, length, request);
  if (status.ok()) return;
  ThrowStatus(info.Env(), status, status.subject == Subject::kImage ? source->path() : path_);
}

void DeviceObject::WriteBuffer(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "pwrite");
  if (device == nullptr) return;
  Arguments arguments(info);
  const uint64_t offset = arguments.Integer(0, "offsetBytes");
  const size_t length = arguments.LengthWithin(device->buffer()->size(), offset, 1, "lengthBytes");
  const size_t request = arguments.Size(2, "requestBytes", kMaxRequestBytes);
  if (arguments.ok()) ThrowIfFailed(info.Env(), device->WriteBuffer(offset, length, request));
}

void DeviceObject::WriteZeros(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "pwrite");
  if (device == nullptr) return;
  Arguments arguments(info);
  const uint64_t offset = arguments.Integer(0, "offsetBytes");
  const uint64_t length = arguments.LengthFrom(offset, 1, "lengthBytes");
  const size_t request = arguments.Size(2, "requestBytes", kMaxRequestBytes);
  if (arguments.ok()) ThrowIfFailed(info.Env(), device->WriteZeros(offset, length, request));
}

Napi::Value DeviceObject::Read(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "pread");
  if (device == nullptr) return info.Env().Undefined();
  Arguments arguments(info);
  const uint64_t offset = arguments.Integer(0, "offsetBytes");
  const size_t length = arguments.LengthWithin(device->buffer()->size(), offset, 1, "lengthBytes");
  const size_t request = arguments.Size(2, "requestBytes", kMaxRequestBytes);
  if (!arguments.ok()) return info.Env().Undefined();
  size_t got = 0;
  ThrowIfFailed(info.Env(), device->Read(offset, length, request, &got));
  return Napi::Number::New(info.Env(), static_cast<double>(got));
}

void DeviceObject::Flush(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "fdatasync");
  if (device != nullptr) ThrowIfFailed(info.Env(), device->Flush());
}

void DeviceObject::Truncate(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "ftruncate");
  if (device == nullptr) return;
  Arguments arguments(info);
  const uint64_t size_bytes = arguments.Integer(0, "sizeBytes");
  if (arguments.ok()) ThrowIfFailed(info.Env(), device->Truncate(size_bytes));
}

void DeviceObject::Punch(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "fallocate");
  if (device == nullptr) return;
  Arguments arguments(info);
  const uint64_t offset = arguments.Integer(0, "offsetBytes");
  const uint64_t length = arguments.LengthFrom(offset, 1, "lengthBytes");
  if (arguments.ok()) ThrowIfFailed(info.Env(), device->Punch(offset, length));
}

Napi::Value DeviceObject::Discard(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "ioctl(BLKDISCARD)");
  if (device == nullptr) return info.Env().Undefined();
  Arguments arguments(info);
  const uint64_t offset = arguments.Integer(0, "offsetBytes");
  const uint64_t length = arguments.LengthFrom(offset, 1, "lengthBytes");
  if (!arguments.ok()) return info.Env().Undefined();
  bool done = false;
  ThrowIfFailed(info.Env(), device->Discard(offset, length, &done));
  return Napi::Boolean::New(info.Env(), done);
}

Napi::Value DeviceObject::RereadPartitions(const Napi::CallbackInfo& info) {
  BlockDevice* const device = Opened(info.Env(), "ioctl(BLKRRPART)");
  if (device == nullptr) return info.Env().Undefined();
  bool done = false;
  ThrowIfFailed(info.Env(), device->RereadPartitions(&done));
  return Napi::Boolean::New(info.Env(), done);
}

void DeviceObject::Close(const Napi::CallbackInfo&) {
  device_.Close();
}

void DeviceObject::ThrowIfFailed(Napi::Env env, const Status& status) const {
  if (!status.ok()) ThrowStatus(env, status, path_);
}

namespace {

Napi::Object InfoObject(Napi::Env env, const DeviceInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", info.is_block ? "block" : "file");
  object.Set("sizeBytes", Napi::Number::New(env, static_cast<double>(info.size_bytes)));
  object.Set("logicalBlockBytes", Napi::Number::New(env, info.logical_block_bytes));
  object.Set("physicalBlockBytes", Napi::Number::New(env, info.physical_block_bytes));
  object.Set("readOnly", info.read_only);
  object.Set("direct", info.direct);
  if (info.removable) object.Set("removable", *info.removable);
  if (info.rotational) object.Set("rotational", *info.rotational);
  if (info.device_number) object.Set("deviceNumber", *info.device_number);
  if (info.disk_sequence) {
    object.Set("diskSequence", Napi::Number::New(env, static_cast<double>(*info.disk_sequence)));
  }
  if (info.is_block) object.Set("queue", QueueObject(env, info.queue));
  object.Freeze();
  return object;
}

Napi::Object QueueObject(Napi::Env env, const QueueInfo& queue) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, const std::optional<uint64_t>& value) {
    if (value) object.Set(name, Napi::Number::New(env, static_cast<double>(*value)));
  };
  if (queue.bus) object.Set("bus", *queue.bus);
  set("kernelRequestBytes", queue.kernel_request_bytes);
  set("kernelRequests", queue.kernel_requests);
  set("deviceRequests", queue.device_requests);
  set("optimalBytes", queue.optimal_bytes);
  object.Freeze();
  return object;
}

/** The Buffer has its own share of the memory, which so outlives a closed device. */
Napi::Value BufferObject(Napi::Env env, const std::shared_ptr<AlignedBuffer>& buffer) {
  using Share = std::shared_ptr<AlignedBuffer>;
  return Napi::Buffer<uint8_t>::New(
      env, reinterpret_cast<uint8_t*>(buffer->data()), buffer->size(),
      [](Napi::BasicEnv, uint8_t*, Share* share) { delete share; }, new Share(buffer));
}

}  // namespace
}  // namespace piburn
