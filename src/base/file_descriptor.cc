// SPDX-License-Identifier: Apache-2.0
#include "base/file_descriptor.h"

#include <unistd.h>

namespace lamina {

void FileDescriptor::close() {
  if (number_ >= 0) ::close(release());
}

}  // namespace lamina
