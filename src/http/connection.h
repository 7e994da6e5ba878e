// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "http/head.h"
#include "http/site.h"
#include "http/stream.h"
#include "http/wire.h"

namespace lamina::http {

/// One connection from a client. Used on its thread.
class Connection {
 public:
  Connection(Site& site, std::unique_ptr<Stream> stream, std::string peer)
      : site_(site), wire_(std::move(stream)), peer_(std::move(peer)) {}

  /// Requests one after the other, until either side has had enough.
  Task<void> serve();
  /// Answers the first request 503.
  Task<void> refuse();

  /// Ends the operation under way where its time is over.
  void expire(Wire::Time now) { wire_.expire(now); }
  /// Ends the connection if no request is in progress; `site.draining` is set.
  void drain();
  /// Ends it in any case.
  void break_off() { wire_.reset(); }

 private:
  Task<bool> serve_one();
  Task<void> handle(Exchange& exchange);
  Task<std::expected<Head, Fault>> read_head();
  Task<void> end_with(Fault fault);

  Site& site_;
  Wire wire_;
  std::string peer_;
  bool idle_ = false;
};

}  // namespace lamina::http
