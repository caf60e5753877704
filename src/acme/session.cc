#include "acme/session.h"

#include "acme/answer.h"
#include "acme/parse.h"
#include "crypto/jose.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace acme {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::hours directory_life{24};
constexpr std::chrono::minutes refresh_pause{5};  // after a refresh that failed
// A CA that redirects is not followed: requests are signed for one URL.
constexpr int first_failure = 300;
constexpr std::size_t largest_answer = 1024 * 1024;
// Pebble refuses nonces at random; a CA that refuses this many is out of order.
constexpr int most_attempts = 20;
constexpr int quick_attempts = 5;
constexpr std::chrono::milliseconds nonce_pause{100};

std::string json_string(std::string_view text)
{
    return boost::json::serialize(boost::json::string(text));
}

// RFC 8555 6.2.
std::string protected_header(const crypto::PrivateKey& key, const std::string& account_url,
                             const std::string& nonce, const std::string& url)
{
    const auto signer =
        account_url.empty() ? "\"jwk\":" + crypto::to_jwk(key) : "\"kid\":" + json_string(account_url);
    return fmt::format(R"({{"alg":"{}",{},"nonce":{},"url":{}}})", crypto::jws_algorithm(key), signer,
                       json_string(nonce), json_string(url));
}

}  // namespace

Session::Session(http::Client& http, base::Clock& clock, std::string directory_url, crypto::PrivateKey key,
                 std::shared_ptr<Pacer> pacer)
    : http_(http),
      clock_(clock),
      directory_url_(std::move(directory_url)),
      key_(std::move(key)),
      pacer_(pacer ? std::move(pacer) : std::make_shared<Pacer>(directory_url_))
{
}

RequestKind Session::kind_of(const std::string& url) const
{
    if (url == directory_url_ || !directory_) {
        return RequestKind::directory;
    }
    if (!directory_->renewal_info.empty() && url.starts_with(directory_->renewal_info)) {
        return RequestKind::renewal_info;
    }
    for (const auto& [endpoint, kind] : {std::pair(&directory_->new_nonce, RequestKind::new_nonce),
                                         std::pair(&directory_->new_account, RequestKind::new_account),
                                         std::pair(&directory_->new_order, RequestKind::new_order),
                                         std::pair(&directory_->revoke_cert, RequestKind::revoke_cert)}) {
        if (url == *endpoint) {
            return kind;
        }
    }
    return RequestKind::resource;
}

// Everything that goes to the CA passes here, at the pace that it lets one address ask.
base::Task<http::ClientResponse> Session::send_paced(http::ClientRequest request)
{
    const auto kind = kind_of(request.url);
    CO_TRY(wait, pacer_->take(kind, now()));
    if (wait > std::chrono::milliseconds(0)) {
        co_await clock_.sleep(wait);
    }
    auto answer = co_await http_.send(std::move(request));
    if (answer && answer->status == 503) {
        pacer_->overloaded(kind, retry_after(answer->headers, now()), now());
    } else if (answer) {
        pacer_->answered(kind);
    }
    co_return answer;
}

base::Task<Directory> Session::directory()
{
    if (directory_ && now() < refresh_at_) {
        co_return *directory_;
    }
    auto fetch = [this](const auto&) { return fetch_directory(); };
    co_return co_await fetches_.once(directory_url_, std::move(fetch));
}

base::Task<Directory> Session::fetch_directory()
{
    auto answer = co_await get(directory_url_);
    auto parsed =
        answer ? parse_directory(answer->body) : base::Result<Directory>(base::fail(answer.error()));
    if (parsed) {
        directory_ = *parsed;
        refresh_at_ = now() + directory_life;
    } else if (directory_) {
        refresh_at_ = now() + refresh_pause;
        parsed = *directory_;
    } else if (answer) {  // An error of the request names its URL already.
        parsed = base::fail(std::move(parsed).error().with_context(directory_url_));
    }
    co_return parsed;
}

base::Task<http::ClientResponse> Session::get(std::string url)
{
    http::ClientRequest request("GET", std::move(url));
    request.max_body = largest_answer;
    CO_TRY(answer, co_await send_paced(std::move(request)));
    if (answer.status >= first_failure) {
        co_return base::fail(to_error(answer, now()));
    }
    co_return std::move(answer);
}

base::Task<http::ClientResponse> Session::post(std::string url, std::string payload)
{
    Message message(std::move(url), std::move(payload));
    return signed_post(std::move(message));
}

base::Task<http::ClientResponse> Session::download(std::string url)
{
    Message message(std::move(url), "");
    message.accept = "application/pem-certificate-chain";
    return signed_post(std::move(message));
}

base::Task<http::ClientResponse> Session::post_with_key(std::string url, std::string payload)
{
    Message message(std::move(url), std::move(payload));
    message.with_key = true;
    return signed_post(std::move(message));
}

// Every attempt has a nonce and a signature of its own: a nonce is never sent twice, whatever came of the
// first time.
base::Task<http::ClientResponse> Session::signed_post(Message message)
{
    if (!message.with_key && account_url_.empty()) {
        co_return base::fail(base::Error(base::Errc::unauthorized, "the CA account is not registered yet")
                                 .with_code("acme:accountDoesNotExist")
                                 .with_fix("Register the account at this CA."));
    }
    bool retried = false;
    std::string next_nonce;
    for (int attempt = 1; attempt <= most_attempts; ++attempt) {
        if (next_nonce.empty()) {
            CO_TRY(fresh, co_await nonce());
            next_nonce = fresh;
        }
        auto answer = co_await send_signed(message, std::exchange(next_nonce, ""));
        if (!answer) {
            const bool harmless = message.payload.empty() && answer.error().kind() == base::Errc::unavailable;
            if (!harmless || std::exchange(retried, true)) {
                co_return base::fail(std::move(answer).error());
            }
            continue;
        }
        if (!is_bad_nonce(*answer)) {
            keep_nonce(answer->headers);
            if (answer->status >= first_failure) {
                co_return base::fail(to_error(*answer, now()));
            }
            co_return std::move(*answer);
        }
        nonces_.clear();
        next_nonce = answer->headers.find("Replay-Nonce").value_or("");
        if (attempt >= quick_attempts) {
            co_await clock_.sleep(nonce_pause);
        }
    }
    co_return base::fail(
        base::Error(base::Errc::unavailable,
                    fmt::format("the CA refused {} nonces in a row that it had given", most_attempts))
            .with_code("acme:badNonce"));
}

base::Task<http::ClientResponse> Session::send_signed(const Message& message, std::string nonce)
{
    const auto header = protected_header(key_, message.with_key ? "" : account_url_, nonce, message.url);
    CO_TRY(body, crypto::sign_jws(key_, header, message.payload));
    http::ClientRequest request("POST", message.url);
    request.headers.add("Content-Type", "application/jose+json");
    if (!message.accept.empty()) {
        request.headers.add("Accept", message.accept);
    }
    request.body = std::move(body);
    request.max_body = largest_answer;
    co_return co_await send_paced(std::move(request));
}

base::Task<std::string> Session::nonce()
{
    auto pooled = nonces_.take(now());
    if (pooled) {
        co_return std::move(*pooled);
    }
    co_return co_await new_nonce();
}

base::Task<std::string> Session::new_nonce()
{
    CO_TRY(directory, co_await this->directory());
    http::ClientRequest request("HEAD", directory.new_nonce);
    CO_TRY(answer, co_await send_paced(std::move(request)));
    if (answer.status >= first_failure) {
        co_return base::fail(to_error(answer, now()));
    }
    const auto found = answer.headers.find("Replay-Nonce");
    if (!found || found->empty()) {
        co_return base::fail(
            base::Error(base::Errc::unavailable, "the CA gave no nonce").with_code("acme:badNonce"));
    }
    co_return std::string(*found);
}

void Session::keep_nonce(const http::Headers& headers)
{
    if (const auto found = headers.find("Replay-Nonce")) {
        nonces_.add(std::string(*found), now());
    }
}

}  // namespace acme
