#include "http/client_loop.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <fcntl.h>

#include <new>

namespace http {

namespace asio = boost::asio;

// One descriptor that libcurl waits for. `loop` is null once libcurl has lost interest.
struct ClientLoop::Watch {
    Watch(ClientLoop* owner, const asio::any_io_executor& executor, curl_socket_t number, int duplicate)
        : loop(owner), socket(number), descriptor(executor, duplicate)
    {
    }

    ClientLoop* loop;
    curl_socket_t socket;
    asio::posix::stream_descriptor descriptor;
    int wanted = 0;  // CURL_POLL_IN, CURL_POLL_OUT or both
    bool reading = false;
    bool writing = false;
};

namespace {

void initialize_once()
{
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (done != CURLE_OK) {
        throw std::bad_alloc();
    }
}

}  // namespace

std::shared_ptr<ClientLoop> ClientLoop::make(asio::any_io_executor executor)
{
    initialize_once();
    return std::shared_ptr<ClientLoop>(new ClientLoop(std::move(executor)));
}

ClientLoop::ClientLoop(asio::any_io_executor executor)
    : executor_(std::move(executor)), timer_(executor_), multi_(curl_multi_init())
{
    if (multi_ == nullptr) {
        throw std::bad_alloc();
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &ClientLoop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &ClientLoop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 32L);
}

ClientLoop::~ClientLoop()
{
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
    for (const auto& [easy, finished] : transfers_) {
        curl_multi_remove_handle(multi_, easy);
    }
    for (const auto& [socket, watch] : watches_) {
        watch->loop = nullptr;
        watch->descriptor.close();
    }
    curl_multi_cleanup(multi_);
}

bool ClientLoop::add(CURL* easy, Finished finished)
{
    transfers_.emplace(easy, std::move(finished));
    if (curl_multi_add_handle(multi_, easy) != CURLM_OK) {
        transfers_.erase(easy);
        return false;
    }
    return true;
}

void ClientLoop::remove(CURL* easy)
{
    if (transfers_.erase(easy) > 0) {
        curl_multi_remove_handle(multi_, easy);
    }
}

int ClientLoop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*)
{
    auto* loop = static_cast<ClientLoop*>(self);
    if (what == CURL_POLL_REMOVE) {
        loop->forget(socket);
    } else {
        loop->watch(socket, what);
    }
    return 0;
}

int ClientLoop::on_timer(CURLM*, long milliseconds, void* self)
{
    static_cast<ClientLoop*>(self)->set_timer(milliseconds);
    return 0;
}

void ClientLoop::watch(curl_socket_t socket, int what)
{
    auto& watch = watches_[socket];
    if (!watch) {
        const int duplicate = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
        if (duplicate < 0) {
            watches_.erase(socket);  // Out of descriptors: the transfer ends by its time limit.
            return;
        }
        watch = std::make_shared<Watch>(this, executor_, socket, duplicate);
    }
    watch->wanted = what;
    const auto kept = watch;
    wait_readable(kept);
    wait_writable(kept);
}

void ClientLoop::forget(curl_socket_t socket)
{
    const auto found = watches_.find(socket);
    if (found != watches_.end()) {
        found->second->loop = nullptr;
        found->second->descriptor.close();
        watches_.erase(found);
    }
}

void ClientLoop::wait_readable(const std::shared_ptr<Watch>& watch)
{
    if ((watch->wanted & CURL_POLL_IN) == 0 || watch->reading) {
        return;
    }
    watch->reading = true;
    auto on_ready = [watch](const boost::system::error_code& error) {
        watch->reading = false;
        if (watch->loop != nullptr && error != asio::error::operation_aborted) {
            const auto loop = watch->loop->shared_from_this();
            loop->ready(watch, error ? CURL_CSELECT_ERR : CURL_CSELECT_IN);
        }
    };
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, std::move(on_ready));
}

void ClientLoop::wait_writable(const std::shared_ptr<Watch>& watch)
{
    if ((watch->wanted & CURL_POLL_OUT) == 0 || watch->writing) {
        return;
    }
    watch->writing = true;
    auto on_ready = [watch](const boost::system::error_code& error) {
        watch->writing = false;
        if (watch->loop != nullptr && error != asio::error::operation_aborted) {
            const auto loop = watch->loop->shared_from_this();
            loop->ready(watch, error ? CURL_CSELECT_ERR : CURL_CSELECT_OUT);
        }
    };
    watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write, std::move(on_ready));
}

void ClientLoop::ready(const std::shared_ptr<Watch>& watch, int events)
{
    const int wanted = events == CURL_CSELECT_OUT ? CURL_POLL_OUT : CURL_POLL_IN;
    if ((watch->wanted & wanted) != 0) {
        act(watch->socket, events);
    }
    if (watch->loop != nullptr) {
        wait_readable(watch);
        wait_writable(watch);
    }
}

void ClientLoop::set_timer(long milliseconds)
{
    if (milliseconds < 0) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::milliseconds(milliseconds));
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto loop = weak.lock();
        if (loop && !error) {
            loop->act(CURL_SOCKET_TIMEOUT, 0);
        }
    });
}

void ClientLoop::act(curl_socket_t socket, int events)
{
    int running = 0;
    curl_multi_socket_action(multi_, socket, events, &running);
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
        const auto found = transfers_.find(message->easy_handle);
        if (message->msg == CURLMSG_DONE && found != transfers_.end() && found->second) {
            const auto finished = std::exchange(found->second, nullptr);
            finished(message->easy_handle, message->data.result);
        }
    }
}

}  // namespace http
