// /v1/sessions, /v1/session, /v1/sign-in-codes: the dashboard's way in and out.
#include "api/field_reader.h"
#include "api/session_access.h"
#include "api/views.h"
#include "base/log.h"
#include "base/random.h"

#include <array>

namespace api {

namespace {

json::object session_view(const Access& access)
{
    constexpr std::array<std::string_view, 4> words{"none", "read", "write", "admin"};
    json::object made;
    made["tenant"] = access.caller.is_operator() ? json::value(nullptr) : json::value(access.caller.tenant);
    made["scope"] = words.at(static_cast<std::size_t>(access.scope));
    made["token"] = access.token;
    made["token_name"] = access.token_name;
    made["session"] = !access.session.empty();
    made["expires_at"] = time_or_null(access.ends_at);
    return made;
}

base::Error foreign_request()
{
    return base::Error(base::Errc::unauthorized, "only the dashboard's own page signs in")
        .with_code("request_foreign")
        .with_fix("Programs need no session: they send Authorization: Bearer <token>.");
}

base::Error code_invalid()
{
    return base::Error(base::Errc::unauthorized, "the link was used already, or is too old")
        .with_code("sign_in_code_invalid")
        .with_fix("Get a new one: certwright dashboard");
}

// Who may sign in, by a token's secret or by a code, which is used up.
base::Task<Access> who_signs_in(Parts parts, std::string token, std::string code)
{
    if (!token.empty()) {
        co_return co_await authenticate_bearer(parts, "Bearer " + token);
    }
    const auto hash = hash_secret(code);
    const auto now = parts.clock.now();
    // Anybody may send codes: only one that there is becomes a job of the writer.
    auto find = [hash, now](store::Transaction& tx) { return tx.sessions.find_code(hash, now); };
    auto found = co_await parts.store.read(std::move(find));
    if (found) {
        auto take = [hash, now](store::Transaction& tx) { return tx.sessions.take_code(hash, now); };
        found = co_await parts.store.write(std::move(take));
    }
    if (!found && found.error().kind() == base::Errc::not_found) {
        co_return base::fail(code_invalid());
    }
    if (!found) {
        co_return base::fail(std::move(found).error());
    }
    co_return access_of(*found);
}

base::Task<Answer> sign_in(Parts parts, Call call)
{
    if (!call.dashboard) {
        co_return base::fail(foreign_request());
    }
    FieldReader reader(call.body);
    auto token = reader.text("token").value_or("");
    auto code = reader.text("code").value_or("");
    if (token.empty() == code.empty()) {
        reader.add_problem("token", "is needed, or a code from certwright dashboard");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(access, co_await who_signs_in(parts, std::move(token), std::move(code)));
    CO_CHECKED(authorize(access, Operation{"POST", "/v1/sessions"}));
    const auto now = parts.clock.now();
    const auto secret = base::random_secret();
    model::Session session{hash_secret(secret), access.token, now, now + parts.sessions.life};
    session.expires_at = std::min(session.expires_at, access.ends_at.value_or(session.expires_at));
    auto put = [session](store::Transaction& tx) { return tx.sessions.put(session); };
    CO_CHECKED(co_await parts.store.write(std::move(put)));
    base::log::info("signed_in", {{"token", access.token}, {"tenant", access.caller.tenant}});
    access.session = session.secret_hash;
    access.ends_at = session.expires_at;
    Answer answer(201, session_view(access));
    const auto life = std::chrono::duration_cast<std::chrono::seconds>(session.expires_at - now);
    answer.headers.add("Set-Cookie", session_cookie(secret, life, call.secure));
    co_return answer;
}

base::Task<Answer> show_session(Parts, Call call)
{
    co_return Answer(200, session_view(call.access));
}

base::Task<Answer> sign_out(Parts parts, Call call)
{
    auto remove = [hash = call.access.session](store::Transaction& tx) { return tx.sessions.remove(hash); };
    CO_CHECKED(co_await parts.store.write(std::move(remove)));
    Answer answer(204, nullptr);
    answer.headers.add("Set-Cookie", no_session_cookie(call.secure));
    co_return answer;
}

base::Task<Answer> create_code(Parts parts, Call call)
{
    if (!call.access.session.empty()) {
        co_return base::fail(base::Error(base::Errc::unauthorized, "a session makes no further sessions")
                                 .with_code("token_required")
                                 .with_fix("Run certwright dashboard, which uses the token itself."));
    }
    const auto secret = base::random_secret();
    const model::SignInCode code{hash_secret(secret), call.access.token,
                                 parts.clock.now() + parts.sessions.code_life};
    auto put = [code](store::Transaction& tx) { return tx.sessions.put_code(code); };
    CO_CHECKED(co_await parts.store.write(std::move(put)));
    json::object made;
    made["code"] = secret;
    made["path"] = "/sign-in#" + secret;
    made["expires_at"] = base::to_rfc3339(code.expires_at);
    co_return Answer(201, std::move(made));
}

}  // namespace

std::vector<Operation> session_operations()
{
    return {
        {"POST", "/v1/sessions", Scope::none, false, sign_in},
        {"GET", "/v1/session", Scope::read, false, show_session},
        {"DELETE", "/v1/session", Scope::read, false, sign_out},
        {"POST", "/v1/sign-in-codes", Scope::read, false, create_code},
    };
}

}  // namespace api
