#include "cli/console.h"

#include "cli/cli.h"
#include "cli/json_view.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace cli {

namespace {

// https://no-color.org: any value but the empty one.
bool colours_wanted()
{
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return (no_color == nullptr || *no_color == '\0') &&
           !(term != nullptr && std::string_view(term) == "dumb");
}

constexpr std::string_view fix_of_token =
    "Give a token that is valid by CERTWRIGHT_TOKEN or --token; the operator's is in operator.token in the "
    "data folder.";

}  // namespace

Console::Console(std::ostream& out, std::ostream& err, bool out_is_terminal, bool err_is_terminal,
                 std::size_t columns)
    : out_(out),
      err_(err),
      out_is_terminal_(out_is_terminal),
      err_is_terminal_(err_is_terminal),
      paint_(out_is_terminal && colours_wanted(), out_is_terminal ? columns : 0),
      error_paint_(err_is_terminal && colours_wanted())
{
}

base::Time Console::now() const
{
    return base::SystemClock().now();
}

base::Result<std::string> Console::find_token() const
{
    if (!globals.token.empty()) {
        return globals.token;
    }
    const auto file = std::filesystem::path(globals.data) / "operator.token";
    std::ifstream in(file);
    std::string token;
    if (!in || !(in >> token)) {
        return base::fail(base::Error(base::Errc::unauthorized,
                                      fmt::format("no token was given and {} cannot be read", file.string()))
                              .with_code("token_missing")
                              .with_fix("Set CERTWRIGHT_TOKEN, or point --data at the data folder of this "
                                        "machine's certwright."));
    }
    return token;
}

std::optional<Reply> Console::call(std::string method, std::string path, std::optional<json::value> body)
{
    if (!client_) {
        auto token = find_token();
        if (!token) {
            tell_problem(token.error().message(), token.error().code(), token.error().fix());
            status = unreachable;
            return std::nullopt;
        }
        client_ = std::make_unique<ApiClient>(globals.api, *token, globals.trust_file);
    }
    auto reply = client_->call(std::move(method), std::move(path), std::move(body));
    if (!reply) {
        tell_unreachable(reply.error());
        return std::nullopt;
    }
    if (reply->refusal) {
        const auto& refused = *reply->refusal;
        refusal = refused.code;
        if (globals.json && reply->body.is_object()) {
            out_ << json::serialize(reply->body) << "\n";
        }
        tell_problem(refused.detail, refused.code,
                     refused.code == "token_invalid" ? std::string(fix_of_token) : refused.fix);
        status = refused.about_access() ? unreachable : problem;
        return std::nullopt;
    }
    if (!reply->body.is_object() && reply->status != 204 && !reply->text.starts_with("-----BEGIN")) {
        tell_stranger();
        return std::nullopt;
    }
    return std::move(*reply);
}

void Console::tell_unreachable(const base::Error& error)
{
    // The client says the whole URL first.
    std::string_view why = error.message();
    if (const auto end = why.find(": "); why.starts_with(client_->url()) && end != std::string_view::npos) {
        why.remove_prefix(end + 2);
    }
    std::string fix = "Is `certwright serve` running? Another address is given by --api or CERTWRIGHT_API.";
    if (why.contains("wrong version number")) {
        fix = "It does not speak HTTPS there: write http:// in --api or CERTWRIGHT_API.";
    } else if (why.contains("certificate file")) {
        fix = "Check the file that --ca-file or CERTWRIGHT_CA_FILE names: it must be PEM and readable.";
    }
    tell_problem(fmt::format("cannot reach certwright at {}: {}", client_->url(), why), "unreachable", fix);
    status = unreachable;
}

void Console::tell_stranger()
{
    tell_problem(fmt::format("what answers at {} is not certwright", globals.api), "unreachable",
                 "Check the address that --api or CERTWRIGHT_API gives.");
    status = unreachable;
}

bool Console::print_json(const json::value& body)
{
    if (globals.json) {
        out_ << json::serialize(body) << "\n";
    }
    return globals.json;
}

void Console::tell_warnings(const json::object& answer)
{
    for (const auto& each : objects(answer, "warnings")) {
        err_ << error_paint_.warn("warning: ") << harmless(text(each, "message")) << "\n";
        if (const auto fix = text(each, "fix"); !fix.empty()) {
            err_ << error_paint_.bold("fix:     ") << harmless(fix) << "\n";
        }
    }
}

void Console::tell_problem(std::string_view detail, std::string_view code, std::string_view fix)
{
    err_ << error_paint_.bad("error: ") << harmless(detail);
    if (!code.empty()) {
        err_ << error_paint_.dim(fmt::format(" [{}]", code));
    }
    err_ << "\n";
    if (!fix.empty()) {
        err_ << error_paint_.bold("fix:   ") << harmless(fix) << "\n";
    }
}

}  // namespace cli
