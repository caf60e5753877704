// Transfer: one request on a libcurl easy handle, with the answer it collects. Only for the sources of the
// HTTP client.
#pragma once

#include "http/client.h"

#include <curl/curl.h>

#include <array>

namespace http {

// Must stay in its place while the loop works on it. Runs on one executor: no locks.
class Transfer {
public:
    Transfer(ClientRequest request, const ClientOptions& options);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

    // Sets the handle up; invalid for what no server should see (line breaks in a header field).
    base::Result<> prepare();
    CURL* easy() const { return easy_; }
    // What came of it, once libcurl says that it ended.
    base::Result<ClientResponse> outcome(CURLcode result);

private:
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
    void set_method();
    void set_trust();
    base::Result<> set_headers();
    bool keep_body(std::string_view piece);
    bool keep_header(std::string_view line);
    base::Error failure(CURLcode result) const;

    ClientRequest request_;
    const ClientOptions& options_;
    CURL* easy_;
    curl_slist* fields_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> explanation_{};
    ClientResponse response_;
    std::size_t header_bytes_ = 0;
    bool too_large_ = false;
    bool forbidden_ = false;  // every address so far, or the last one
};

}  // namespace http
