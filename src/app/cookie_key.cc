#include "app/cookie_key.h"

#include "base/random.h"

#include <algorithm>

namespace app {

namespace {

constexpr const char* cookie_setting = "dns_cookie_key";
constexpr std::string_view cookie_context = "setting/dns_cookie_key";

}  // namespace

base::Task<dns::CookieSecret> shared_cookie_key(store::Store& store, const crypto::Sealer& sealer)
{
    const auto fresh =
        base::to_base64(sealer.seal(base::random_bytes(sizeof(dns::CookieSecret)), cookie_context));
    auto find = [fresh](store::Transaction& tx) -> base::Result<std::string> {
        TRY(known, tx.settings.get(cookie_setting));
        if (known) {
            return *known;
        }
        CHECKED(tx.settings.put(cookie_setting, fresh));
        return fresh;
    };
    CO_TRY(text, co_await store.write(std::move(find)));
    CO_TRY(sealed, base::from_base64(text));
    CO_TRY(octets, sealer.open(sealed, cookie_context));
    dns::CookieSecret key{};
    std::ranges::copy(base::ByteView(octets).first(std::min(octets.size(), key.size())), key.begin());
    co_return key;
}

}  // namespace app
