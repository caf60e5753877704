#include "cli/api_client.h"

#include "cli/json_view.h"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

namespace {

// A check of DNS may take its time; nothing else does.
constexpr std::chrono::milliseconds call_limit{60'000};

// What is wrong with each field, named as people know them and not by a JSON pointer.
std::string fields_text(const json::object& document)
{
    std::string made;
    for (const auto& each : objects(document, "errors")) {
        auto field = text(each, "pointer");
        field.erase(0, field.find_first_not_of('/'));
        std::ranges::replace(field, '/', '.');
        made += fmt::format("{}{}: {}", made.empty() ? "" : "; ", field, text(each, "detail"));
    }
    return made;
}

Refusal read_refusal(const Reply& reply)
{
    Refusal made;
    made.status = reply.status;
    if (reply.body.is_object()) {
        made.code = text(reply.object(), "code");
        made.detail = text(reply.object(), "detail");
        if (const auto fields = fields_text(reply.object()); !fields.empty()) {
            made.detail = fields;
        }
        made.fix = text(reply.object(), "fix");
    }
    if (made.detail.empty()) {
        made.detail = fmt::format("the API answered with status {}", reply.status);
    }
    return made;
}

}  // namespace

bool Refusal::about_access() const
{
    return status == 401 || code == "scope_missing" || code == "operator_required";
}

const json::object& Reply::object() const
{
    static const json::object empty;
    return body.is_object() ? body.as_object() : empty;
}

ApiClient::ApiClient(std::string url, std::string token, std::string trust_file)
    : url_(std::move(url)), token_(std::move(token))
{
    while (url_.ends_with('/')) {
        url_.pop_back();
    }
    http::ClientOptions options;
    options.user_agent = "certwright-cli";
    options.trust_file = std::move(trust_file);
    client_ = http::make_client(loop_.get_executor(), std::move(options));
}

base::Result<Reply> ApiClient::call(std::string method, std::string path, std::optional<json::value> body)
{
    http::ClientRequest request(std::move(method), url_ + path);
    request.limit = call_limit;
    request.max_body = 64 * 1024 * 1024;
    request.headers.add("Accept", "application/json");
    if (!token_.empty()) {
        request.headers.add("Authorization", "Bearer " + token_);
    }
    if (body) {
        request.headers.add("Content-Type", "application/json");
        request.body = json::serialize(*body);
    }
    std::optional<base::Result<http::ClientResponse>> response;
    boost::asio::co_spawn(loop_, client_->send(std::move(request)),
                          [&](std::exception_ptr failure, base::Result<http::ClientResponse> result) {
                              response =
                                  failure ? base::Result<http::ClientResponse>(base::fail(
                                                base::Errc::internal, "the request ended without an answer"))
                                          : std::move(result);
                          });
    loop_.restart();
    while (!response && loop_.run_one() > 0) {}
    if (!response) {
        return base::fail(base::Errc::internal, "the request ended without an answer");
    }
    if (!*response) {
        return std::unexpected(std::move(*response).error());
    }
    Reply reply;
    reply.status = (*response)->status;
    reply.text = std::move((*response)->body);
    boost::system::error_code error;
    auto value = json::parse(reply.text, error);
    if (!error) {
        reply.body = std::move(value);
    }
    if (reply.status >= 400) {
        reply.refusal = read_refusal(reply);
    }
    return reply;
}

}  // namespace cli
