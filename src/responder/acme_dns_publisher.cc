// The HTTP API of acme-dns: POST /register and POST /update.
#include "base/log.h"
#include "base/secret_file.h"
#include "responder/publisher.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <optional>

namespace responder {

namespace {

namespace json = boost::json;

constexpr std::size_t values_kept = 2;
constexpr std::size_t longest_answer = 16 * 1024;
constexpr std::size_t longest_account = 16 * 1024;

struct Account {
    std::string username;
    std::string password;
    std::string subdomain;
    std::string fulldomain;
};

base::Result<Account> account_from(std::string_view text)
{
    boost::system::error_code error;
    const auto value = json::parse(text, error);
    const auto* object = error ? nullptr : value.if_object();
    Account account;
    const auto read = [&](const char* name, std::string& into) {
        const auto* member = object == nullptr ? nullptr : object->if_contains(name);
        if (member != nullptr && member->is_string()) {
            into = member->get_string();
        }
        return !into.empty();
    };
    if (!read("username", account.username) || !read("password", account.password) ||
        !read("subdomain", account.subdomain) || !read("fulldomain", account.fulldomain)) {
        return base::fail(
            base::Error(base::Errc::invalid,
                        "this is no acme-dns account (username, password, subdomain, "
                        "fulldomain)")
                .with_code("acme_dns_account_invalid")
                .with_fix("Keep what POST /register answered, or remove the file to register anew."));
    }
    return account;
}

class AcmeDnsPublisher final : public Publisher {
public:
    AcmeDnsPublisher(http::Client& client, AcmeDnsOptions options)
        : client_(client), options_(std::move(options))
    {
        while (options_.api.ends_with('/')) {
            options_.api.pop_back();
        }
    }

    base::Task<> add(std::string owner, std::string value) override
    {
        CO_CHECKED(co_await ensure_account());
        http::ClientRequest post("POST", options_.api + "/update");
        post.headers.add("X-Api-User", account_->username);
        post.headers.add("X-Api-Key", account_->password);
        post.headers.add("Content-Type", "application/json");
        post.body = json::serialize(json::object{{"subdomain", account_->subdomain}, {"txt", value}});
        post.max_body = longest_answer;
        CO_TRY(answer, co_await client_.send(std::move(post)));
        if (answer.status != 200) {
            co_return base::fail(refused(answer.status, owner));
        }
        co_return base::Result<>();
    }

    // acme-dns has no call for this: the next values push the old ones out.
    base::Task<> remove(std::string, std::string) override { co_return base::Result<>(); }

    std::size_t capacity() const override { return values_kept; }

private:
    base::Task<> ensure_account()
    {
        if (account_) {
            co_return base::Result<>();
        }
        if (std::filesystem::exists(options_.account_file)) {
            CO_TRY(text, base::read_small_file(options_.account_file, longest_account));
            auto account = account_from(text);
            if (!account) {
                co_return base::fail(std::move(account).error().with_context(options_.account_file.string()));
            }
            account_ = std::move(*account);
            co_return base::Result<>();
        }
        co_return co_await make_account();
    }

    base::Task<> make_account()
    {
        http::ClientRequest post("POST", options_.api + "/register");
        post.max_body = longest_answer;
        CO_TRY(answer, co_await client_.send(std::move(post)));
        if (answer.status != 201) {
            co_return base::fail(
                base::Error(base::Errc::unavailable,
                            fmt::format("acme-dns answered {} to /register", answer.status))
                    .with_code("acme_dns_refused")
                    .with_fix("Register by hand and put the answer into dns01.account_file."));
        }
        CO_TRY(account, account_from(answer.body));
        CO_CHECKED(base::write_secret_file(options_.account_file, answer.body));
        base::log::info(
            "acme_dns_registered",
            {{"file", options_.account_file.string()},
             {"create", fmt::format("*.{}. CNAME {}.", options_.challenge_zone, account.fulldomain)}});
        account_ = std::move(account);
        co_return base::Result<>();
    }

    static base::Error refused(int status, const std::string& owner)
    {
        return base::Error(status == 401 ? base::Errc::unauthorized : base::Errc::unavailable,
                           fmt::format("acme-dns answered {} to an update for {}", status, owner))
            .with_code("acme_dns_refused")
            .with_fix(status == 401
                          ? "See that the account file is of this server, and that its allowfrom has "
                            "our address."
                          : "See the log of the acme-dns server.");
    }

    http::Client& client_;
    AcmeDnsOptions options_;
    std::optional<Account> account_;
};

}  // namespace

std::unique_ptr<Publisher> make_acme_dns_publisher(http::Client& client, AcmeDnsOptions options)
{
    return std::make_unique<AcmeDnsPublisher>(client, std::move(options));
}

}  // namespace responder
