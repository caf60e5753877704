#include "dns/resolver.h"

#include "dns/ask.h"
#include "dns/rdata.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>

#include <unbound.h>

#include <charconv>
#include <filesystem>
#include <optional>

namespace dns {

namespace asio = boost::asio;

namespace {

constexpr const char* root_anchor = "/usr/share/dns/root.key";  // Debian's dns-root-data

struct FreeContext {
    void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, FreeContext>;

base::Error resolver_error(std::string_view doing, int code)
{
    return base::Error(base::Errc::internal, fmt::format("DNS resolver: {}: {}", doing, ub_strerror(code)));
}

base::Result<> set_options(ub_ctx* context,
                           std::initializer_list<std::pair<const char*, const char*>> options)
{
    for (const auto& [name, value] : options) {
        if (const int code = ub_ctx_set_option(context, name, value); code != 0) {
            return base::fail(resolver_error(name, code));
        }
    }
    return {};
}

// libunbound answers for some special names by itself; a forwarder of a private network may know better.
// Ends the configuration: libunbound takes no other setting after it.
base::Result<> ask_forwarder_for_everything(ub_ctx* context)
{
    for (const char* zone : {"test.", "home.arpa.", "invalid."}) {
        if (const int code = ub_ctx_zone_add(context, zone, "transparent"); code != 0) {
            return base::fail(resolver_error(zone, code));
        }
    }
    return {};
}

// As Let's Encrypt's resolver is set up: nothing is cached longer than the look-up, so that what a customer
// has just changed is seen. 0x20 is for authoritative servers: some forwarders do not keep the case of a
// question.
base::Result<> configure(ub_ctx* context, const ResolverOptions& options)
{
    CHECKED(set_options(context, {{"cache-max-ttl:", "0"},
                                  {"cache-max-negative-ttl:", "0"},
                                  {"edns-buffer-size:", "1232"},
                                  {"qname-minimisation:", "no"},
                                  {"harden-dnssec-stripped:", "yes"},
                                  {"harden-below-nxdomain:", "yes"}}));
    if (!options.forward.empty()) {
        CHECKED(set_options(context, {{"do-not-query-localhost:", "no"}, {"unblock-lan-zones:", "yes"}}));
        if (const int code = ub_ctx_set_fwd(context, options.forward.c_str()); code != 0) {
            return base::fail(
                base::Errc::invalid,
                fmt::format("'{}' is not a resolver's address such as 192.0.2.1@53", options.forward));
        }
        return {};
    }
    CHECKED(set_options(context, {{"use-caps-for-id:", "yes"}}));
    if (std::error_code ignored; std::filesystem::exists(root_anchor, ignored)) {
        if (const int code = ub_ctx_add_ta_autr(context, root_anchor); code != 0) {
            return base::fail(resolver_error(root_anchor, code));
        }
    }
    return {};
}

std::string without_final_dot(std::string_view text)
{
    const auto name = Name::parse(text);
    return name ? name->lower().text() : std::string(text);
}

Lookup to_lookup(const ub_result& result, const std::string& asked)
{
    Lookup lookup;
    lookup.rcode = static_cast<Rcode>(result.rcode);
    lookup.canonical_name =
        without_final_dot(result.canonname != nullptr ? std::string_view(result.canonname) : asked);
    lookup.secure = result.secure != 0;
    lookup.bogus = result.bogus != 0;
    const auto type = static_cast<RecordType>(result.qtype);
    for (std::size_t i = 0; result.havedata != 0 && result.data[i] != nullptr; ++i) {
        const auto* octets = reinterpret_cast<const std::uint8_t*>(result.data[i]);
        lookup.records.push_back(plain_text(type, {octets, static_cast<std::size_t>(result.len[i])}));
    }
    if (lookup.bogus && result.why_bogus != nullptr) {
        lookup.why = result.why_bogus;
    } else if (lookup.rcode == Rcode::servfail) {
        lookup.why = "no server of the zone gave a usable answer";
    }
    return lookup;
}

// One question on its way. libunbound holds a plain pointer to it until it calls back or is told to forget
// the question.
struct Pending {
    explicit Pending(asio::any_io_executor executor)
        : answered(executor, asio::steady_timer::time_point::max())
    {
    }

    asio::steady_timer answered;
    std::optional<base::Result<Lookup>> outcome;
    std::string name;
    int async_id = 0;
};

void on_answer(void* argument, int code, ub_result* result)
{
    const std::unique_ptr<ub_result, decltype(&ub_resolve_free)> owned(result, &ub_resolve_free);
    auto& pending = *static_cast<Pending*>(argument);
    if (code != 0) {
        pending.outcome = base::fail(base::Errc::unavailable,
                                     fmt::format("DNS look-up of {}: {}", pending.name, ub_strerror(code)));
    } else {
        pending.outcome = to_lookup(*result, pending.name);
    }
    pending.answered.cancel();
}

// The libunbound context and the watch on its descriptor. Shared by the resolver and its look-ups, so that
// either may end first. The descriptor is watched only while a question is out: an idle resolver keeps no
// loop alive.
class Engine : public std::enable_shared_from_this<Engine> {
public:
    Engine(asio::any_io_executor executor, Context context)
        : context_(std::move(context)), descriptor_(executor, ub_fd(context_.get()))
    {
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine() { descriptor_.release(); }  // libunbound closes it

    base::Result<> start(Pending& pending, RecordType type)
    {
        const int code = ub_resolve_async(context_.get(), pending.name.c_str(), static_cast<int>(type),
                                          class_in_number, &pending, &on_answer, &pending.async_id);
        if (code != 0) {
            return base::fail(resolver_error(pending.name, code));
        }
        ++waiting_;
        watch();
        return {};
    }

    void end(Pending& pending)
    {
        if (!pending.outcome) {
            ub_cancel(context_.get(), pending.async_id);
        }
        if (--waiting_ == 0) {
            descriptor_.cancel();
        }
    }

private:
    static constexpr int class_in_number = 1;

    void watch()
    {
        if (watching_) {
            return;
        }
        watching_ = true;
        descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                               [weak = weak_from_this()](boost::system::error_code failure) {
                                   if (const auto self = weak.lock()) {
                                       self->readable(failure);
                                   }
                               });
    }

    void readable(boost::system::error_code failure)
    {
        watching_ = false;
        if (!failure) {
            ub_process(context_.get());
        }
        if (waiting_ > 0) {
            watch();
        }
    }

    Context context_;
    asio::posix::stream_descriptor descriptor_;
    std::size_t waiting_ = 0;
    bool watching_ = false;
};

// Tells the engine when the look-up ends, however it ends.
class Turn {
public:
    Turn(Engine& engine, Pending& pending) : engine_(engine), pending_(pending) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { engine_.end(pending_); }

private:
    Engine& engine_;
    Pending& pending_;
};

base::Task<Lookup> look_up(std::shared_ptr<Engine> engine, std::string name, RecordType type)
{
    Pending pending(co_await asio::this_coro::executor);
    pending.name = std::move(name);
    CO_CHECKED(engine->start(pending, type));
    const Turn turn(*engine, pending);
    while (!pending.outcome) {
        boost::system::error_code woken;
        co_await pending.answered.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    co_return std::move(*pending.outcome);
}

// "192.0.2.1@53", as libunbound takes it.
std::optional<asio::ip::tcp::endpoint> forwarder(const std::string& text)
{
    const auto at = text.find('@');
    boost::system::error_code bad;
    const auto address = asio::ip::make_address(text.substr(0, at), bad);
    int port = 53;
    if (at != std::string::npos) {
        const auto* begin = text.data() + at + 1;
        std::from_chars(begin, text.data() + text.size(), port);
    }
    if (bad || port < 1 || port > 65'535) {
        return std::nullopt;
    }
    return asio::ip::tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

// A validating forwarder says SERVFAIL for what does not verify. That it answers when it need not verify (CD)
// tells this from name servers that fail.
base::Task<bool> answers_unchecked(asio::ip::tcp::endpoint server, std::string name, RecordType type)
{
    Query query;
    CO_TRY(parsed, Name::parse(name));
    query.name = parsed;
    query.type = type;
    query.recursion_desired = true;
    query.checking_disabled = true;
    CO_TRY(reply, co_await ask(server, std::move(query)));
    co_return reply.rcode == Rcode::noerror || reply.rcode == Rcode::nxdomain;
}

// Runs on one executor: no locks. libunbound's own thread does the work and wakes us through its descriptor.
class UnboundResolver final : public Resolver {
public:
    UnboundResolver(std::shared_ptr<Engine> engine, const ResolverOptions& options)
        : engine_(std::move(engine)), forwarder_(forwarder(options.forward)), limit_(options.limit)
    {
    }

    base::Task<Lookup> lookup(std::string name, RecordType type) override
    {
        return bounded(engine_, std::move(name), type, forwarder_, limit_);
    }

private:
    using Forwarder = std::optional<asio::ip::tcp::endpoint>;

    static base::Task<Lookup> bounded(std::shared_ptr<Engine> engine, std::string name, RecordType type,
                                      Forwarder forwarder, std::chrono::milliseconds limit)
    {
        const std::string context = fmt::format("DNS look-up of {} {}", name, to_string(type));
        auto asked = look_up(std::move(engine), name, type);
        auto outcome = co_await base::with_timeout(limit, std::move(asked));
        if (!outcome) {
            co_return base::fail(std::move(outcome).error().with_context(context));
        }
        if (forwarder && outcome->rcode == Rcode::servfail && !outcome->bogus) {
            const auto unchecked = co_await answers_unchecked(*forwarder, std::move(name), type);
            if (unchecked && *unchecked) {
                outcome->bogus = true;
                outcome->why = "the resolver gives an answer only without validating it";
            }
        }
        co_return outcome;
    }

    std::shared_ptr<Engine> engine_;
    Forwarder forwarder_;
    std::chrono::milliseconds limit_;
};

}  // namespace

base::Result<std::unique_ptr<Resolver>> make_resolver(asio::any_io_executor executor, ResolverOptions options)
{
    Context context(ub_ctx_create());
    if (!context) {
        return base::fail(base::Errc::internal, "DNS resolver: out of memory");
    }
    CHECKED(configure(context.get(), options));
    if (const int code = ub_ctx_async(context.get(), 1); code != 0) {
        return base::fail(resolver_error("thread", code));
    }
    if (!options.forward.empty()) {
        CHECKED(ask_forwarder_for_everything(context.get()));
    }
    auto engine = std::make_shared<Engine>(std::move(executor), std::move(context));
    return std::make_unique<UnboundResolver>(std::move(engine), options);
}

}  // namespace dns
