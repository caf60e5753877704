#include "http/client_transfer.h"

#include "http/syntax.h"

#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace http {

namespace {

constexpr std::size_t largest_head = 64 * 1024;
constexpr long most_redirects = 5;
constexpr std::chrono::milliseconds longest_connect{10'000};

bool has_control(std::string_view text)
{
    return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 127; });
}

base::Errc kind_of(CURLcode result)
{
    switch (result) {
        case CURLE_OPERATION_TIMEDOUT:
            return base::Errc::timeout;
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_TOO_MANY_REDIRECTS:
        case CURLE_SSL_CACERT_BADFILE:
            return base::Errc::invalid;
        default:
            return base::Errc::unavailable;
    }
}

// Options that take long, char* or pointers; a wrong one is a mistake in this file.
template <class T>
void set(CURL* easy, CURLoption option, T value)
{
    curl_easy_setopt(easy, option, value);
}

}  // namespace

Transfer::Transfer(ClientRequest request, const ClientOptions& options)
    : request_(std::move(request)), options_(options), easy_(curl_easy_init())
{
    if (easy_ == nullptr) {
        throw std::bad_alloc();
    }
}

Transfer::~Transfer()
{
    curl_easy_cleanup(easy_);
    curl_slist_free_all(fields_);
}

base::Result<> Transfer::prepare()
{
    if (request_.url.empty() || has_control(request_.url)) {
        return base::fail(base::Errc::invalid, "the URL is empty or holds control characters");
    }
    set(easy_, CURLOPT_URL, request_.url.c_str());
    set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy_, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(easy_, CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L);
    set(easy_, CURLOPT_MAXREDIRS, most_redirects);
    set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(easy_, CURLOPT_PIPEWAIT, 1L);  // One HTTP/2 connection for requests that start together.
    set(easy_, CURLOPT_NOSIGNAL, 1L);
    set(easy_, CURLOPT_QUICK_EXIT, 1L);  // A cancelled request does not wait for its resolver thread.
    set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.limit.count()));
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(request_.limit, longest_connect).count()));
    set(easy_, CURLOPT_USERAGENT, options_.user_agent.empty() ? "certwright" : options_.user_agent.c_str());
    set(easy_, CURLOPT_ERRORBUFFER, explanation_.data());
    set(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(easy_, CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(easy_, CURLOPT_HEADERDATA, static_cast<void*>(this));
    if (request_.compressed) {
        set(easy_, CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    if (options_.direct) {
        set(easy_, CURLOPT_NOPROXY, "*");
    }
    if (!options_.proxy.empty()) {
        set(easy_, CURLOPT_PROXY, options_.proxy.c_str());
    }
    if (options_.allow_address) {
        set(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
        set(easy_, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
    }
    set_trust();
    set_method();
    return set_headers();
}

// The file is read beside the system's folder of roots, so it adds to them.
void Transfer::set_trust()
{
    const auto blob = [this](CURLoption option, const std::string& pem) {
        curl_blob given{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};
        set(easy_, option, &given);
    };
    if (!options_.certificate.empty()) {
        blob(CURLOPT_SSLCERT_BLOB, options_.certificate);
        blob(CURLOPT_SSLKEY_BLOB, options_.key);
    }
    if (!options_.private_root.empty()) {
        blob(CURLOPT_CAINFO_BLOB, options_.private_root);
        set(easy_, CURLOPT_CAPATH, static_cast<char*>(nullptr));
        set(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
        return;
    }
    if (options_.unverified) {
        set(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
        set(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (options_.trust_file.empty()) {
        return;
    }
    set(easy_, CURLOPT_CAINFO, options_.trust_file.c_str());
    const auto* version = curl_version_info(CURLVERSION_NOW);
    if (version->capath != nullptr) {
        set(easy_, CURLOPT_CAPATH, version->capath);
    }
}

void Transfer::set_method()
{
    if (request_.method == "HEAD") {
        set(easy_, CURLOPT_NOBODY, 1L);
        return;
    }
    if (request_.method == "GET" && request_.body.empty()) {
        set(easy_, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (request_.method == "POST" || !request_.body.empty()) {
        set(easy_, CURLOPT_POST, 1L);
        set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        set(easy_, CURLOPT_POSTFIELDS, request_.body.c_str());
    }
    if (request_.method != "POST") {
        set(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
}

base::Result<> Transfer::set_headers()
{
    auto append = [this](const std::string& line) {
        auto* longer = curl_slist_append(fields_, line.c_str());
        if (longer == nullptr) {
            throw std::bad_alloc();
        }
        fields_ = longer;
    };
    append("Expect:");  // No round trip before a body.
    if (!request_.headers.contains("Content-Type")) {
        append("Content-Type:");  // libcurl would call every body a form.
    }
    for (const auto& [name, value] : request_.headers.fields()) {
        if (name.empty() || has_control(name) || name.contains(':') || has_control(value)) {
            return base::fail(base::Errc::invalid, "a header field holds control characters");
        }
        append(value.empty() ? name + ";" : name + ": " + value);
    }
    set(easy_, CURLOPT_HTTPHEADER, fields_);
    return {};
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self)
{
    const std::size_t bytes = size * count;
    return static_cast<Transfer*>(self)->keep_body({data, bytes}) ? bytes : 0;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self)
{
    const std::size_t bytes = size * count;
    return static_cast<Transfer*>(self)->keep_header({data, bytes}) ? bytes : 0;
}

curl_socket_t Transfer::on_open(void* self, curlsocktype, curl_sockaddr* address)
{
    auto* transfer = static_cast<Transfer*>(self);
    boost::asio::ip::tcp::endpoint peer;
    if (address->addrlen > peer.capacity()) {
        return CURL_SOCKET_BAD;
    }
    std::memcpy(peer.data(), &address->addr, address->addrlen);
    transfer->forbidden_ = !transfer->options_.allow_address(peer.address());
    if (transfer->forbidden_) {
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool Transfer::keep_body(std::string_view piece)
{
    too_large_ = piece.size() > request_.max_body - response_.body.size();
    if (!too_large_) {
        response_.body += piece;
    }
    return !too_large_;
}

// A status line begins a new head: of the final answer after an interim one or a redirect.
bool Transfer::keep_header(std::string_view line)
{
    if (line.starts_with("HTTP/")) {
        response_.headers = Headers();
        response_.body.clear();
        header_bytes_ = 0;
    }
    header_bytes_ += line.size();
    too_large_ = header_bytes_ > largest_head;
    line = line.substr(0, line.find_last_not_of("\r\n") + 1);
    const auto colon = line.find(':');
    if (!too_large_ && colon != std::string_view::npos && !line.starts_with("HTTP/")) {
        response_.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
    }
    return !too_large_;
}

base::Result<ClientResponse> Transfer::outcome(CURLcode result)
{
    if (too_large_) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("the answer of {} is larger than {} bytes",
                                                         request_.url, request_.max_body))
                .with_code("answer_too_large"));
    }
    if (result != CURLE_OK && forbidden_) {
        return base::fail(base::Error(base::Errc::invalid,
                                      fmt::format("{} is at an address that is not allowed", request_.url))
                              .with_code("address_forbidden"));
    }
    if (result != CURLE_OK) {
        return base::fail(failure(result));
    }
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
}

base::Error Transfer::failure(CURLcode result) const
{
    const std::string why = explanation_[0] != '\0' ? explanation_.data() : curl_easy_strerror(result);
    auto error = base::Error(kind_of(result), fmt::format("{}: {}", request_.url, why));
    if (result == CURLE_PEER_FAILED_VERIFICATION) {
        return std::move(error)
            .with_code("tls_untrusted")
            .with_fix("If this server has a private CA, give its root as trust file.");
    }
    if (result == CURLE_SSL_CACERT_BADFILE) {
        return std::move(error).with_fix("Check that the trust file exists and is PEM: " +
                                         options_.trust_file);
    }
    return error;
}

}  // namespace http
