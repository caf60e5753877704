#include "dns/update.h"

#include "base/random.h"
#include "dns/ask.h"

#include <fmt/format.h>

namespace dns {

namespace asio = boost::asio;

namespace {

constexpr std::uint16_t class_none = 254;
constexpr unsigned rcode_notauth = 9;
constexpr unsigned rcode_notzone = 10;

base::Error refused(const Message& reply, const Name& zone)
{
    const auto rcode = static_cast<unsigned>(reply.rcode);
    if (reply.rcode == Rcode::refused) {
        return base::Error(base::Errc::unauthorized,
                           fmt::format("the name server refuses updates of {}", zone.text()))
            .with_code("dns_update_refused")
            .with_fix(
                "Let the key update TXT records below this zone, in the server's policy (update-policy, "
                "acl).");
    }
    if (rcode == rcode_notauth || rcode == rcode_notzone) {
        return base::Error(base::Errc::invalid,
                           fmt::format("the name server is not the primary of {}, or does not know the key",
                                       zone.text()))
            .with_code("dns_update_zone")
            .with_fix("Name the primary server of the zone, and a key that it knows.");
    }
    return base::Error(base::Errc::unavailable, fmt::format("the name server answered {} to an update of {}",
                                                            to_string(reply.rcode), zone.text()))
        .with_code("dns_update_failed")
        .with_fix("See the log of that name server.");
}

base::Result<> judge(base::ByteView wire, const UpdateOptions& options, const Message& sent, base::Time now,
                     base::ByteView mac)
{
    TRY(reply, Message::parse(wire));
    if (!reply.response || reply.id != sent.id || reply.opcode != Opcode::update) {
        return base::fail(base::Errc::unavailable, "the reply is for another message");
    }
    if (options.key) {
        auto verified = verify(wire, *options.key, now, mac);
        // A server that does not know the key, or has no policy for it, cannot or need not sign its refusal.
        const bool bare = !verified && verified.error().code() == "tsig_missing";
        if (!verified && !(bare && reply.rcode != Rcode::noerror)) {
            return base::fail(std::move(verified).error());
        }
    }
    if (reply.rcode != Rcode::noerror) {
        return base::fail(refused(reply, sent.questions.front().name));
    }
    return {};
}

}  // namespace

Record added(const Name& name, RecordType type, std::uint32_t ttl, base::Bytes data)
{
    return {name, type, class_in, ttl, std::move(data)};
}

Record removed(const Name& name, RecordType type, base::Bytes data)
{
    return {name, type, class_none, 0, std::move(data)};
}

Message make_update(const Name& zone, std::vector<Record> changes)
{
    Message message;
    message.id = static_cast<std::uint16_t>(base::random_below(65'536));
    message.opcode = Opcode::update;
    message.questions.push_back({zone, RecordType::soa, class_in});
    message.authorities = std::move(changes);
    return message;
}

base::Task<> send_update(UpdateOptions options, Message update, base::Time now)
{
    CO_TRY(wire, update.serialize());
    base::Bytes mac;
    if (options.key) {
        CO_TRY(with_signature, sign(wire, *options.key, now));
        wire = std::move(with_signature.wire);
        mac = std::move(with_signature.mac);
    }
    auto reply = co_await exchange(options.server, std::move(wire), options.limit);
    if (!reply) {
        co_return base::fail(std::move(reply).error().with_context(fmt::format(
            "update {} at {}", update.questions.front().name.text(), options.server.address().to_string())));
    }
    co_return judge(*reply, options, update, now, mac);
}

base::Task<Name> find_zone(asio::ip::tcp::endpoint server, Name name, std::chrono::milliseconds limit)
{
    const auto wanted = name.text();
    for (; !name.is_root(); name = name.parent()) {
        Query query;
        query.name = name;
        query.type = RecordType::soa;
        query.transport = Transport::tcp;
        query.limit = limit;
        CO_TRY(reply, co_await ask(server, std::move(query)));
        for (const auto* section : {&reply.answers, &reply.authorities}) {
            for (const auto& record : *section) {
                if (record.type == RecordType::soa && name.is_within(record.name)) {
                    co_return record.name;
                }
            }
        }
        if (reply.rcode == Rcode::refused) {
            break;
        }
    }
    co_return base::fail(base::Error(base::Errc::invalid, fmt::format("the name server {} has no zone for {}",
                                                                      server.address().to_string(), wanted))
                             .with_code("dns_update_zone")
                             .with_fix("Name the primary server of the zone that holds the challenge zone."));
}

}  // namespace dns
