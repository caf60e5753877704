// What a customer has to create in DNS.
#include "model/endpoint.h"

#include <algorithm>

namespace model {

namespace {

RequiredRecord record(RecordPurpose purpose, std::string type, std::string name, std::string value)
{
    RequiredRecord made;
    made.purpose = purpose;
    made.type = std::move(type);
    made.name = std::move(name);
    const auto parsed = DomainName::parse(made.name);
    made.host = parsed ? parsed->host() : made.name;
    made.value = std::move(value);
    return made;
}

std::string address_type(const std::string& address)
{
    return address.contains(':') ? "AAAA" : "A";
}

// A CNAME, or at an apex, where it would break the zone's other records (RFC 1912 2.4), the addresses.
std::vector<RequiredRecord> routing_records(const Endpoint& endpoint, const DomainName& name,
                                            const Platform& platform,
                                            const std::vector<std::string>& addresses)
{
    const std::string target = endpoint.label + "." + platform.domain.text();
    // An internal endpoint may be reached by addresses that only its own network knows.
    const bool required = endpoint.kind == EndpointKind::external;
    std::vector<RequiredRecord> records;
    if (!name.is_apex() || addresses.empty()) {
        records.push_back(
            record(RecordPurpose::routing, name.is_apex() ? "ALIAS" : "CNAME", name.text(), target));
        records.back().required = required;
        return records;
    }
    for (const auto& address : addresses) {
        const auto type = address_type(address);
        records.push_back(record(RecordPurpose::routing, type, name.text(), address));
        // Whoever has both families is served over both; one is enough.
        records.back().required = required && type == address_type(addresses.front());
        records.back().alternatives = {{"ALIAS", target}};
    }
    return records;
}

// What proves whose the name is where no unguessable CNAME can: at an apex, before the name leads here, and
// when it changes hands.
RequiredRecord ownership_record(const Endpoint& endpoint, const DomainName& name)
{
    auto made = record(RecordPurpose::ownership, "TXT", ownership_owner(name),
                       std::string(ownership_prefix) + endpoint.label);
    made.required = name.is_apex();
    return made;
}

// "*.x" and "x" share what stands below x; one that has to be there has to be there once.
void add(std::vector<RequiredRecord>& records, RequiredRecord wanted)
{
    const auto same = std::ranges::find_if(records, [&](const RequiredRecord& each) {
        return each.type == wanted.type && each.name == wanted.name && each.value == wanted.value;
    });
    if (same == records.end()) {
        records.push_back(std::move(wanted));
    } else {
        same->required = same->required || wanted.required;
    }
}

}  // namespace

std::string ownership_owner(const DomainName& name)
{
    return "_certwright-ownership." + std::string(name.base());
}

std::vector<RequiredRecord> required_records(const Endpoint& endpoint, const Platform& platform,
                                             const std::vector<std::string>& addresses)
{
    std::vector<RequiredRecord> records;
    for (const auto& name : endpoint.names) {
        auto challenge =
            record(RecordPurpose::challenge, "CNAME", "_acme-challenge." + std::string(name.base()),
                   endpoint.label + "." + platform.challenge_zone.text());
        const bool external = endpoint.kind == EndpointKind::external;
        if (!external) {
            add(records, challenge);
        }
        for (auto& each : routing_records(endpoint, name, platform, addresses)) {
            add(records, std::move(each));
        }
        if (external) {
            add(records, std::move(challenge));
        }
        if (!endpoint.vouched) {
            add(records, ownership_record(endpoint, name));
        }
    }
    return records;
}

}  // namespace model
