// Descriptor: owns a file descriptor of the operating system.
#pragma once

#include <boost/system/error_code.hpp>

#include <unistd.h>

#include <utility>

namespace net {

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int file) : file_(file) {}
    Descriptor(Descriptor&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept
    {
        if (this != &other) {
            close();
            file_ = std::exchange(other.file_, -1);
        }
        return *this;
    }
    ~Descriptor() { close(); }

    explicit operator bool() const { return file_ >= 0; }
    int get() const { return file_; }
    int release() { return std::exchange(file_, -1); }
    void close()
    {
        if (file_ >= 0) {
            ::close(std::exchange(file_, -1));
        }
    }

private:
    int file_ = -1;
};

// Closes an Asio socket of which another process may have a copy. close() leaves it to the kernel to forget
// the socket in the loop's epoll, which the kernel does when the last copy is closed.
template <class Socket>
void close_copy(Socket& socket)
{
    boost::system::error_code not_open;
    const int file = socket.release(not_open);
    if (!not_open) {
        ::close(file);
    }
}

}  // namespace net
