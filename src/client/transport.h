// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/transport.h"

/// How the client sends a request; its names are used throughout the module.
namespace lamina::client {

using http::Body;
using http::Headers;
using http::HttpRequest;
using http::HttpResponse;
using http::ResponseSink;
using http::StringBody;
using http::Transport;

}  // namespace lamina::client
