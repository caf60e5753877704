// Whatever path a client sends, an answer holds only a token of the allowed alphabet and our own thumbprint.
#include "edge/http_01.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view path(reinterpret_cast<const char*>(data), size);
    const auto token = edge::challenge_token(path);
    if (!token) {
        return 0;
    }
    const auto answer = edge::key_authorization(*token, "thumbprint");
    const bool sound =
        edge::is_challenge_path(path) && !token->empty() && token->size() <= 128 &&
        token->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
            std::string::npos &&
        path == std::string(edge::challenge_prefix) + *token && answer == *token + ".thumbprint";
    if (!sound) {
        std::abort();
    }
    return 0;
}
