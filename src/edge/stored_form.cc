#include "edge/stored_form.h"

namespace edge {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint64_t suspended_flag = 1;
constexpr std::uint64_t own_challenges_flag = 2;
// Strict-Transport-Security and the way to upstreams, where they are not as usual, in an octet behind the
// rest.
constexpr std::uint64_t hsts_subdomains_flag = 1;
constexpr std::uint64_t hsts_preload_flag = 2;
constexpr std::uint64_t proxy_protocol_flag = 4;

class Writer {
public:
    explicit Writer(std::uint64_t generation)
    {
        octets_.push_back(version);
        number(generation);
    }

    Writer& number(std::uint64_t value, unsigned octets = 8)
    {
        for (unsigned i = 0; i < octets; ++i) {
            octets_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
        }
        return *this;
    }
    Writer& bytes(base::ByteView value)
    {
        number(value.size(), 4);
        octets_.insert(octets_.end(), value.begin(), value.end());
        return *this;
    }
    Writer& text(std::string_view value) { return bytes(base::as_bytes(value)); }
    Writer& redirect(const model::Redirect& value)
    {
        return text(value.to)
            .number(static_cast<std::uint64_t>(value.status), 2)
            .number(value.keep_path ? 1U : 0U, 1);
    }
    Writer& texts(const std::vector<std::string>& values)
    {
        number(values.size(), 4);
        for (const auto& value : values) {
            text(value);
        }
        return *this;
    }

    base::Bytes take() { return std::move(octets_); }

private:
    base::Bytes octets_;
};

// After the first read beyond the end, every read gives nothing; one check at the end is enough.
class Reader {
public:
    explicit Reader(base::ByteView octets) : left_(octets)
    {
        good_ = number(1) == version;
        generation_ = number();
    }

    std::uint64_t generation() const { return generation_; }
    bool good() const { return good_; }
    bool at_end() const { return left_.empty(); }

    std::uint64_t number(unsigned octets = 8)
    {
        std::uint64_t value = 0;
        const auto piece = take(octets);
        for (std::size_t i = 0; i < piece.size(); ++i) {
            value |= std::uint64_t(piece[i]) << (8 * i);
        }
        return value;
    }
    base::Bytes bytes()
    {
        const auto piece = take(number(4));
        return {piece.begin(), piece.end()};
    }
    std::string text() { return std::string(base::as_text(take(number(4)))); }
    model::Redirect redirect()
    {
        model::Redirect value;
        value.to = text();
        value.status = static_cast<int>(number(2));
        value.keep_path = number(1) != 0;
        return value;
    }
    std::vector<std::string> texts()
    {
        std::vector<std::string> values;
        for (auto count = number(4); count > 0 && good_; --count) {
            values.push_back(text());
        }
        return values;
    }

private:
    base::ByteView take(std::uint64_t count)
    {
        if (!good_ || count > left_.size()) {
            good_ = false;
            return {};
        }
        const auto piece = left_.first(count);
        left_ = left_.subspan(count);
        return piece;
    }

    base::ByteView left_;
    std::uint64_t generation_ = 0;
    bool good_ = true;
};

template <class T>
base::Result<T> checked(const Reader& reader, T value)
{
    if (!reader.good()) {
        return base::fail(base::Error(base::Errc::invalid, "a record of the edge cache cannot be read")
                              .with_code("edge_cache_broken"));
    }
    return value;
}

CertificateFacts read_facts(Reader& reader)
{
    CertificateFacts facts;
    facts.certificate = reader.text();
    facts.identifiers = reader.texts();
    facts.key_type = static_cast<model::KeyType>(reader.number(1));
    facts.not_after = base::from_millis(static_cast<std::int64_t>(reader.number()));
    return facts;
}

// A million routes have none of this, so it costs them nothing.
bool has_details(const feed::RouteEntry& entry)
{
    return entry.hsts != model::Hsts() || entry.forwarding != model::Forwarding() ||
           entry.plain_http != model::PlainHttp::redirect;
}

void write_details(Writer& writer, const feed::RouteEntry& entry)
{
    const auto& forwarding = entry.forwarding;
    writer
        .number((entry.hsts.subdomains ? hsts_subdomains_flag : 0U) |
                    (entry.hsts.preload ? hsts_preload_flag : 0U) |
                    (forwarding.proxy_protocol ? proxy_protocol_flag : 0U),
                1)
        .number(static_cast<std::uint64_t>(entry.plain_http), 1)
        .number(static_cast<std::uint64_t>(entry.hsts.max_age))
        .texts(forwarding.more_upstreams)
        .number(static_cast<std::uint64_t>(forwarding.connect.count()), 4)
        .number(static_cast<std::uint64_t>(forwarding.answer.count()), 4)
        .number(static_cast<std::uint64_t>(forwarding.idle.count()), 4)
        .text(forwarding.health_path);
}

void read_details(Reader& reader, feed::RouteEntry& entry)
{
    const auto flags = reader.number(1);
    entry.hsts.subdomains = (flags & hsts_subdomains_flag) != 0;
    entry.hsts.preload = (flags & hsts_preload_flag) != 0;
    entry.plain_http = static_cast<model::PlainHttp>(reader.number(1));
    entry.hsts.max_age = static_cast<std::int64_t>(reader.number());
    auto& forwarding = entry.forwarding;
    forwarding.proxy_protocol = (flags & proxy_protocol_flag) != 0;
    forwarding.more_upstreams = reader.texts();
    forwarding.connect = std::chrono::seconds(reader.number(4));
    forwarding.answer = std::chrono::seconds(reader.number(4));
    forwarding.idle = std::chrono::seconds(reader.number(4));
    forwarding.health_path = reader.text();
}

}  // namespace

base::Bytes to_stored(const feed::RouteEntry& entry, std::uint64_t generation)
{
    Writer writer(generation);
    writer.text(entry.endpoint)
        .text(entry.tenant)
        .texts(entry.names)
        .text(entry.upstream)
        .texts(entry.ip_filter)
        .number(static_cast<std::uint64_t>(entry.filter_at), 1)
        .texts(entry.certificates)
        .number((entry.suspended ? suspended_flag : 0U) | (entry.own_challenges ? own_challenges_flag : 0U),
                1)
        .redirect(entry.redirect);
    if (has_details(entry)) {
        write_details(writer, entry);
    }
    return writer.take();
}

base::Bytes to_stored(const CertificateRecord& record, std::uint64_t generation)
{
    Writer writer(generation);
    writer.text(record.facts.certificate)
        .texts(record.facts.identifiers)
        .number(static_cast<std::uint64_t>(record.facts.key_type), 1)
        .number(static_cast<std::uint64_t>(base::to_millis(record.facts.not_after)))
        .text(record.endpoint)
        .number(record.issuer_hashes.size(), 4);
    for (const auto& hash : record.issuer_hashes) {
        writer.bytes(hash);
    }
    return writer.bytes(record.leaf_der).bytes(record.sealed_key).take();
}

base::Bytes to_stored(const model::EdgeGroup& entry, std::uint64_t generation)
{
    return Writer(generation)
        .text(entry.name)
        .texts(entry.addresses)
        .text(entry.default_certificate)
        .text(entry.thumbprint)
        .redirect(entry.pool.redirect)
        .number(static_cast<std::uint64_t>(entry.pool.labels), 1)
        .take();
}

base::Bytes to_stored(const feed::TokenEntry& entry, std::uint64_t generation)
{
    return Writer(generation).text(entry.thumbprint).text(entry.identifier).take();
}

base::Result<std::uint64_t> generation_of(base::ByteView stored)
{
    const Reader reader(stored);
    return checked(reader, reader.generation());
}

base::Result<feed::RouteEntry> route_from(base::ByteView stored)
{
    Reader reader(stored);
    feed::RouteEntry entry;
    entry.endpoint = reader.text();
    entry.tenant = reader.text();
    entry.names = reader.texts();
    entry.upstream = reader.text();
    entry.ip_filter = reader.texts();
    entry.filter_at = static_cast<model::FilterAt>(reader.number(1));
    entry.certificates = reader.texts();
    const auto flags = reader.number(1);
    entry.suspended = (flags & suspended_flag) != 0;
    entry.own_challenges = (flags & own_challenges_flag) != 0;
    if (!reader.at_end()) {  // Versions before redirects wrote none.
        entry.redirect = reader.redirect();
    }
    if (!reader.at_end()) {
        read_details(reader, entry);
    }
    return checked(reader, std::move(entry));
}

base::Result<CertificateFacts> facts_from(base::ByteView stored)
{
    Reader reader(stored);
    auto facts = read_facts(reader);
    return checked(reader, std::move(facts));
}

base::Result<CertificateRecord> certificate_from(base::ByteView stored)
{
    Reader reader(stored);
    CertificateRecord record;
    record.facts = read_facts(reader);
    record.endpoint = reader.text();
    for (auto count = reader.number(4); count > 0 && reader.good(); --count) {
        record.issuer_hashes.push_back(reader.bytes());
    }
    record.leaf_der = reader.bytes();
    record.sealed_key = reader.bytes();
    return checked(reader, std::move(record));
}

base::Result<model::EdgeGroup> group_from(base::ByteView stored)
{
    Reader reader(stored);
    model::EdgeGroup entry;
    entry.name = reader.text();
    entry.addresses = reader.texts();
    entry.default_certificate = reader.text();
    entry.thumbprint = reader.text();
    if (!reader.at_end()) {  // Versions before pools wrote none.
        entry.pool.redirect = reader.redirect();
        entry.pool.labels = static_cast<int>(reader.number(1));
    }
    return checked(reader, std::move(entry));
}

base::Result<feed::TokenEntry> token_from(base::ByteView stored)
{
    Reader reader(stored);
    feed::TokenEntry entry;
    entry.thumbprint = reader.text();
    if (!reader.at_end()) {  // Versions before TLS-ALPN-01 wrote no name.
        entry.identifier = reader.text();
    }
    return checked(reader, std::move(entry));
}

}  // namespace edge
