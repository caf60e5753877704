#include "relay/jws.h"

#include "relay/fields.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace relay {

namespace {

namespace json = boost::json;

base::Error bad(std::string message)
{
    return base::Error(base::Errc::invalid, std::move(message));
}

base::Result<std::string> text(const json::object& object, std::string_view name, bool needed)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr && !needed) {
        return std::string();
    }
    if (value == nullptr || !value->is_string()) {
        return base::fail(
            bad(fmt::format("\"{}\" is {}", name, value == nullptr ? "missing" : "not a string")));
    }
    return std::string(value->get_string());
}

// RFC 8555 6.1: without padding.
base::Result<base::Bytes> decode(const std::string& encoded, std::string_view what)
{
    auto octets = base::from_base64url(encoded);
    if (!octets || encoded.contains('=')) {
        return base::fail(bad(fmt::format("\"{}\" is not base64url without padding", what)));
    }
    return octets;
}

base::Result<> read_header(std::string_view decoded, Jws& jws)
{
    TRY(header, parse_object(decoded, "the protected header"));
    if (header.contains("crit") || header.contains("b64")) {
        return base::fail(bad("the protected header has critical extensions, and none is known"));
    }
    TRY(algorithm, text(header, "alg", true));
    TRY(nonce, text(header, "nonce", false));
    TRY(url, text(header, "url", true));
    TRY(key_id, text(header, "kid", false));
    const auto* jwk = header.if_contains("jwk");
    if ((jwk != nullptr) == !key_id.empty()) {
        return base::fail(bad("the protected header has not exactly one of \"jwk\" and \"kid\""));
    }
    jws.algorithm = algorithm;
    jws.nonce = nonce;
    jws.url = url;
    jws.key_id = key_id;
    if (jwk != nullptr) {
        jws.jwk = json::serialize(*jwk);
    }
    return {};
}

}  // namespace

base::Result<Jws> parse_jws(std::string_view body)
{
    TRY(object, parse_object(body, "the body"));
    for (const auto& [name, value] : object) {
        if (name != "protected" && name != "payload" && name != "signature") {
            return base::fail(bad(fmt::format("a flattened JWS has no \"{}\" here", std::string_view(name))));
        }
    }
    TRY(header, text(object, "protected", true));
    TRY(payload, text(object, "payload", true));
    TRY(signature, text(object, "signature", true));
    TRY(header_octets, decode(header, "protected"));
    TRY(payload_octets, decode(payload, "payload"));
    TRY(signature_octets, decode(signature, "signature"));
    Jws jws;
    CHECKED(read_header(base::as_text(header_octets), jws));
    jws.payload = base::as_text(payload_octets);
    jws.signature = std::move(signature_octets);
    jws.signing_input = header + "." + payload;
    return jws;
}

}  // namespace relay
