#include "issuance/ca_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace issuance {

namespace {

// Also environments that are not offered by name.
constexpr std::array<std::string_view, 5> staging_hosts{
    "acme-staging-v02.api.letsencrypt.org", "dv.acme-v02.test-api.pki.goog",
    "acme-staging.api.letsencrypt.org", "api.test4.buypass.no", "acme-try.ssl.com"};

std::string host_of(std::string_view url)
{
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos) {
        url.remove_prefix(scheme + 3);
    }
    if (url.starts_with('[')) {
        return std::string(url.substr(0, url.find(']') + 1));
    }
    return std::string(url.substr(0, url.find_first_of(":/?")));
}

}  // namespace

const std::map<std::string, std::string>& known_directories()
{
    static const std::map<std::string, std::string> directories{
        {"letsencrypt", "https://acme-v02.api.letsencrypt.org/directory"},
        {"letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"},
        {"google", "https://dv.acme-v02.api.pki.goog/directory"},
        {"google-staging", "https://dv.acme-v02.test-api.pki.goog/directory"},
        {"zerossl", "https://acme.zerossl.com/v2/DV90"},
    };
    return directories;
}

base::Result<std::string> directory_url(const std::string& text)
{
    const auto known = known_directories().find(text);
    if (known != known_directories().end()) {
        return known->second;
    }
    if (text.starts_with("https://")) {
        return text;
    }
    std::string names;
    for (const auto& [name, url] : known_directories()) {
        names += (names.empty() ? "" : ", ") + name;
    }
    return base::fail(base::Error(base::Errc::invalid,
                                  fmt::format("'{}' is neither an https:// directory URL nor one of: {}",
                                              text.substr(0, 200), names))
                          .with_code("ca_directory_invalid")
                          .with_fix("Give the URL of the CA's ACME directory."));
}

bool is_staging(std::string_view url)
{
    return std::ranges::find(staging_hosts, host_of(url)) != staging_hosts.end();
}

std::string short_name(const std::string& url)
{
    const auto found = std::ranges::find(known_directories(), url,
                                         [](const auto& each) -> const std::string& { return each.second; });
    return found == known_directories().end() ? host_of(url) : found->first;
}

}  // namespace issuance
