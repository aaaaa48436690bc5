{
  "targets": [
    {
      "target_name": "piburn",
      "sources": [
        "native/binding.cc",
        "native/binding_device.cc",
        "native/binding_image.cc",
        "native/binding_lock.cc",
        "native/throw_status.cc",
        "native/errno_name.cc",
        "native/block_device.cc",
        "native/block_device_open.cc",
        "native/device_info.cc",
        "native/image_file.cc",
        "native/file_lock.cc"
      ],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        # A worker that is being terminated takes no more exceptions; that is no reason to abort the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        # A 32-bit Pi writes cards larger than 2 GiB.
        "_FILE_OFFSET_BITS=64"
      ],
      # As system headers, so that their warnings are not our errors.
      "cflags_cc": [
        "-isystem", "<!(node -p \"require('node:path').dirname(require.resolve('node-addon-api'))\")",
        "-std=c++17", "-O2", "-fno-exceptions", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"
      ]
    }
  ]
}
