// The arguments of a call from JavaScript, checked again although src/native.ts has explained them
// in words. The first bad one leaves an exception pending; the caller then looks at ok() once and
// returns.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace piburn {

/** 2^53 - 1: every offset, length and size has to be exact as a JavaScript number. */
inline constexpr double kMaxSafeInteger = 9007199254740991.0;

class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool ok() const { return ok_; }

  /** An integer from 0 to 2^53 - 1. */
  uint64_t Integer(size_t index, const char* name) {
    const Napi::Value value = info_[index];
    if (!value.IsNumber()) return Reject<Napi::TypeError>(name, " must be a number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (!(number >= 0 && number <= kMaxSafeInteger) || number != std::floor(number)) {
      return Reject<Napi::RangeError>(name, " must be an integer from 0 to 2^53 - 1");
    }
    return static_cast<uint64_t>(number);
  }

  /** An integer from 1 to `max`. */
  size_t Size(size_t index, const char* name, size_t max) {
    const uint64_t value = Integer(index, name);
    if (ok_ && (value == 0 || value > max)) {
      return Reject<Napi::RangeError>(name, (" must be from 1 to " + std::to_string(max)).c_str());
    }
    return static_cast<size_t>(value);
  }

  /** A length that together with `offset` stays exact. */
  uint64_t LengthFrom(uint64_t offset, size_t index, const char* name) {
    const uint64_t length = Integer(index, name);
    if (ok_ && length > static_cast<uint64_t>(kMaxSafeInteger) - offset) {
      return Reject<Napi::RangeError>(name, " reaches beyond 2^53 - 1");
    }
    return length;
  }

  /** As LengthFrom(), and it fits into a buffer of `max` bytes. */
  size_t LengthWithin(size_t max, uint64_t offset, size_t index, const char* name) {
    const uint64_t length = LengthFrom(offset, index, name);
    if (ok_ && length > max) return Reject<Napi::RangeError>(name, " is longer than the buffer");
    return static_cast<size_t>(length);
  }

  bool Boolean(size_t index, const char* name) {
    const Napi::Value value = info_[index];
    if (!value.IsBoolean()) return Reject<Napi::TypeError>(name, " must be true or false") != 0;
    return value.As<Napi::Boolean>().Value();
  }

  /** A file name; one with a NUL inside would be cut short by the kernel. */
  std::string Path(size_t index) {
    const Napi::Value value = info_[index];
    if (!value.IsString()) {
      Reject<Napi::TypeError>("path", " must be a string");
      return "";
    }
    std::string path = value.As<Napi::String>().Utf8Value();
    if (path.find('\0') != std::string::npos) {
      Reject<Napi::TypeError>("path", " must not contain NUL");
    }
    return path;
  }

  /** The C++ half of an object of class T, told by its type tag; null for anything else. */
  template <typename T>
  T* Object(size_t index, const char* name) {
    const Napi::Value value = info_[index];
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&T::kTypeTag)) {
      Reject<Napi::TypeError>(name, " has the wrong type");
      return nullptr;
    }
    return T::Unwrap(value.As<Napi::Object>());
  }

 private:
  /** Always 0, so that a reader can return it in one go. */
  template <typename Error>
  size_t Reject(const char* name, const char* what) {
    if (ok_) Error::New(info_.Env(), std::string(name) + what).ThrowAsJavaScriptException();
    ok_ = false;
    return 0;
  }

  const Napi::CallbackInfo& info_;
  bool ok_ = true;
};

}  // namespace piburn
