// Whatever a CA, or somebody who answers for it, may send.
#include "acme/answer.h"
#include "acme/chain_choice.h"
#include "acme/parse.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(acme::parse_directory(text));
    static_cast<void>(acme::parse_account(text));
    static_cast<void>(acme::parse_order(text));
    static_cast<void>(acme::parse_authorization(text));
    static_cast<void>(acme::parse_challenge(text));
    static_cast<void>(acme::parse_renewal_info(text));
    http::ClientResponse answer;
    answer.status = 400 + static_cast<int>(size % 200);
    answer.body = text;
    answer.headers.add("Retry-After", text);
    answer.headers.add("Link", text);
    static_cast<void>(acme::to_error(answer, base::Time()));
    static_cast<void>(acme::links(answer.headers, "alternate"));
    static_cast<void>(acme::is_bad_nonce(answer));
    return 0;
}
