// SPDX-License-Identifier: Apache-2.0
#include "http/testing/raw_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "http/syntax.h"

namespace lamina::http {

RawClient::RawClient(std::uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  timeval minute{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof minute);
  if (receive_buffer > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int connected = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  EXPECT_EQ(connected, 0) << "cannot connect to port " << port << ", errno " << errno;
}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)), reset_(other.reset_) {}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      EXPECT_TRUE(errno != EAGAIN) << "the server reads nothing";
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::fill() {
  std::array<char, 64 * 1024> piece;
  auto got = ::recv(socket_, piece.data(), piece.size(), 0);
  if (got > 0) buffer_.append(piece.data(), static_cast<std::size_t>(got));
  if (got < 0) {
    reset_ = errno == ECONNRESET;
    EXPECT_TRUE(reset_) << "the server sends nothing, errno " << errno;
  }
  return got > 0;
}

std::optional<RawAnswer> RawClient::read_head(bool interim) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);

  RawAnswer answer;
  std::string_view rest = head;
  auto next_line = [&] {
    auto line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    return line;
  };
  auto status_line = next_line();
  if (status_line.size() < 12) {
    ADD_FAILURE() << "not a status line: " << status_line;
    return std::nullopt;
  }
  answer.version = status_line.substr(0, 8);
  std::from_chars(status_line.data() + 9, status_line.data() + 12, answer.status);
  while (!rest.empty()) {
    auto line = next_line();
    auto colon = line.find(':');
    answer.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  if (answer.status == 100 && !interim) return read_head();
  return answer;
}

std::string RawClient::read(std::size_t bytes) {
  while (buffer_.size() < bytes && fill()) {
  }
  auto taken = buffer_.substr(0, bytes);
  buffer_.erase(0, taken.size());
  return taken;
}

std::optional<RawAnswer> RawClient::read_answer(bool to_head) {
  auto answer = read_head();
  if (!answer || to_head) return answer;
  std::size_t length = 0;
  auto text = answer->field("Content-Length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  answer->body = read(length);
  if (answer->body.size() < length) return std::nullopt;
  return answer;
}

RawClient::End RawClient::wait_for_end() {
  while (fill()) buffer_.clear();
  return reset_ ? End::kReset : End::kClean;
}

void RawClient::half_close() { ::shutdown(socket_, SHUT_WR); }

void RawClient::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void RawClient::vanish() {
  linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

}  // namespace lamina::http
