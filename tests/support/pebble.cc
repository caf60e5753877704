#include "support/pebble.h"

#include "crypto/certificate.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

namespace test {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* known_versions[] = {"2.6", "2.4", "2.10"};

fs::path from_environment()
{
    const char* path = std::getenv("CERTWRIGHT_PEBBLE");
    return path != nullptr ? fs::path(path) : fs::path();
}

template <class Map, class Value>
json::object object_of(const Map& map, Value value)
{
    json::object result;
    for (const auto& [name, item] : map) {
        result[name] = value(item);
    }
    return result;
}

}  // namespace

fs::path pebble_program(const std::string& version)
{
    if (version.empty()) {
        const auto given = from_environment();
        return !given.empty() || pebble_versions().empty() ? given
                                                           : pebble_program(pebble_versions().front());
    }
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(PEERS_DIR, ignored)) {
        const auto name = entry.path().filename().string();
        const auto program = entry.path() / "usr/bin/pebble";
        const auto wanted = "pebble-" + version;
        if ((name == wanted || name.starts_with(wanted + ".")) && fs::exists(program)) {
            return program;
        }
    }
    return {};
}

const std::vector<std::string>& pebble_versions()
{
    static const auto found = [] {
        std::vector<std::string> versions;
        for (const auto* version : known_versions) {
            if (!pebble_program(version).empty()) {
                versions.emplace_back(version);
            }
        }
        return versions;
    }();
    return found;
}

Pebble::Pebble(PebbleOptions options) : options_(std::move(options))
{
    const auto key = crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value();
    write_file(folder_.path() / "tls.key", key.to_pem());
    write_file(folder_.path() / "tls.pem", crypto::self_signed(key, {"localhost", "127.0.0.1"}, 7).value());
    // Somebody else may take the free ports between finding and binding them.
    constexpr int most_tries = 5;
    for (int i = 0; i < most_tries; ++i) {
        if (start()) {
            return;
        }
    }
    throw std::runtime_error("Pebble does not start: " + log());
}

bool Pebble::start()
{
    const auto program = pebble_program(options_.version);
    if (program.empty()) {
        throw std::runtime_error("Pebble " + options_.version + " is not installed; run tools/peers");
    }
    port_ = free_port();
    management_port_ = free_port();
    const auto file = folder_.path() / "pebble.json";
    write_file(file, configuration());
    std::vector<std::string> command{program.string(), "-strict", "-config", file.string()};
    if (!options_.dns_server.empty()) {
        command.insert(command.end(), {"-dnsserver", options_.dns_server});
    }
    process_ = std::make_unique<Child>(std::move(command), environment(), folder_.path() / "log");
    return wait_for_port(*process_, management_port_) && wait_for_port(*process_, port_);
}

std::string Pebble::configuration() const
{
    auto text = [](const std::string& value) { return json::value(value); };
    auto profile = [](std::chrono::seconds validity) {
        return json::value(json::object{{"description", "for tests"}, {"validityPeriod", validity.count()}});
    };
    json::object pebble{{"listenAddress", fmt::format("127.0.0.1:{}", port_)},
                        {"managementListenAddress", fmt::format("127.0.0.1:{}", management_port_)},
                        {"certificate", trust_file()},
                        {"privateKey", (folder_.path() / "tls.key").string()},
                        {"httpPort", options_.http_port},
                        {"tlsPort", options_.tls_port},
                        {"ocspResponderURL", ""},
                        {"externalAccountBindingRequired", !options_.external_accounts.empty()},
                        {"externalAccountMACKeys", object_of(options_.external_accounts, text)},
                        {"domainBlocklist", json::array(options_.blocked.begin(), options_.blocked.end())}};
    if (!options_.profiles.empty()) {
        pebble["profiles"] = object_of(options_.profiles, profile);
    }
    return json::serialize(json::object{{"pebble", std::move(pebble)}});
}

std::map<std::string, std::string> Pebble::environment() const
{
    std::map<std::string, std::string> variables{
        {"PEBBLE_WFE_NONCEREJECT", std::to_string(options_.nonce_reject)},
        {"PEBBLE_AUTHZREUSE", std::to_string(options_.authz_reuse)},
        {"PEBBLE_ALTERNATE_ROOTS", std::to_string(options_.alternate_roots)},
        {"PEBBLE_CHAIN_LENGTH", std::to_string(options_.chain_length)}};
    if (options_.sleep_seconds > 0) {
        variables["PEBBLE_VA_SLEEPTIME"] = std::to_string(options_.sleep_seconds);
    } else {
        variables["PEBBLE_VA_NOSLEEP"] = "1";
    }
    if (options_.always_valid) {
        variables["PEBBLE_VA_ALWAYS_VALID"] = "1";
    }
    return variables;
}

std::string Pebble::directory_url() const
{
    return fmt::format("https://127.0.0.1:{}/dir", port_);
}

std::string Pebble::management_url(const std::string& path) const
{
    return fmt::format("https://127.0.0.1:{}{}", management_port_, path);
}

}  // namespace test
