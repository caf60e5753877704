#include "relay/file_state.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <fstream>

namespace relay {

namespace {

namespace json = boost::json;

constexpr std::string_view tag(const Account&)
{
    return "account";
}
constexpr std::string_view tag(const Authorization&)
{
    return "authorization";
}
constexpr std::string_view tag(const Order&)
{
    return "order";
}
constexpr std::string_view tag(const Certificate&)
{
    return "certificate";
}

std::string authorization_key(const std::string& account, const Identifier& identifier, bool wildcard)
{
    return fmt::format("{} {} {} {}", account, identifier.type, wildcard ? "*" : "", identifier.value);
}

std::string names_key(const std::string& account, std::vector<Identifier> identifiers,
                      const std::string& profile)
{
    std::ranges::sort(identifiers);
    return fmt::format("{} {} {}", account, profile, fmt::join(texts_of(identifiers), ","));
}

template <class Record>
base::Result<Record> find(const std::map<std::string, Record>& table, const std::string& id,
                          std::string_view what)
{
    const auto found = table.find(id);
    if (found == table.end()) {
        return base::fail(base::Errc::not_found, fmt::format("No such {}", what));
    }
    return found->second;
}

base::Error unreadable(const std::filesystem::path& file, std::string_view why)
{
    return base::Error(base::Errc::invalid, fmt::format("{}: {}", file.string(), why))
        .with_code("state_unreadable")
        .with_fix("move the file away to begin with an empty CA, or use the version that wrote it");
}

}  // namespace

base::Result<std::unique_ptr<FileState>> FileState::open(const std::filesystem::path& file)
{
    auto state = std::make_unique<FileState>();
    CHECKED(state->read(file));
    CHECKED(state->rewrite(file));
    return state;
}

base::Result<> FileState::read(const std::filesystem::path& file)
{
    std::ifstream in(file);
    std::string line;
    std::size_t number = 0;
    base::Result<> last;
    while (std::getline(in, line)) {
        if (!last) {
            return base::fail(unreadable(file, fmt::format("line {}: {}", number, last.error().message())));
        }
        ++number;
        last = read_line(line);  // only the very last may be wrong: cut short when the machine stopped
    }
    return {};
}

base::Result<> FileState::read_line(std::string_view line)
{
    boost::system::error_code failure;
    const auto value = json::parse(line, failure);
    const auto* object = failure ? nullptr : value.if_object();
    if (object == nullptr || object->size() != 1) {
        return base::fail(base::Errc::invalid, "no record");
    }
    const auto& [name, record] = *object->begin();
    const auto load = [&, &content =
                              record]<class Record>(std::map<std::string, Record>& table) -> base::Result<> {
        auto parsed = json::try_value_to<Record>(content);
        if (!parsed) {
            return base::fail(base::Errc::invalid, parsed.error().message());
        }
        const bool known = table.contains(parsed->id);
        table[parsed->id] = *parsed;
        if (!known) {
            index(*parsed);
        }
        return {};
    };
    if (name == tag(Account())) {
        return load(accounts_);
    }
    if (name == tag(Authorization())) {
        return load(authorizations_);
    }
    if (name == tag(Order())) {
        return load(orders_);
    }
    return name == tag(Certificate()) ? load(certificates_)
                                      : base::fail(base::Errc::invalid, "unknown record");
}

base::Result<> FileState::rewrite(const std::filesystem::path& file)
{
    const auto part = file.string() + ".part";
    file_.reset(std::fopen(part.c_str(), "we"));
    if (!file_) {
        return base::fail(base::Errc::unavailable, fmt::format("cannot write {}", part));
    }
    const auto all = [this](const auto& table) -> base::Result<> {
        for (const auto& [id, record] : table) {
            CHECKED(append(record));
        }
        return {};
    };
    CHECKED(all(accounts_));
    CHECKED(all(authorizations_));
    for (const auto& [account, ids] : orders_by_account_) {  // in the order in which they came
        for (const auto& id : ids) {
            CHECKED(append(orders_.at(id)));
        }
    }
    for (const auto& id : certificates_in_order_) {
        CHECKED(append(certificates_.at(id)));
    }
    std::error_code failure;
    std::filesystem::rename(part, file, failure);
    return failure ? base::fail(base::Errc::unavailable, fmt::format("cannot write {}", file.string()))
                   : base::Result<>();
}

template <class Record>
base::Result<> FileState::append(const Record& record)
{
    if (!file_) {
        return {};
    }
    const auto line = json::serialize(json::object{{tag(record), json::value_from(record)}}) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() ||
        std::fflush(file_.get()) != 0) {
        return base::fail(base::Errc::unavailable, "the state file cannot be written");
    }
    return {};
}

void FileState::index(const Account& account)
{
    account_by_key_[account.thumbprint] = account.id;
}

void FileState::index(const Authorization& one)
{
    authorizations_by_name_.emplace(authorization_key(one.account, one.identifier, one.wildcard), one.id);
}

void FileState::index(const Order& order)
{
    orders_by_account_[order.account].push_back(order.id);
    orders_by_names_.emplace(names_key(order.account, order.identifiers, order.profile), order.id);
}

void FileState::index(const Certificate& certificate)
{
    certificate_by_ari_[certificate.ari_id] = certificate.id;
    certificate_by_sha256_[certificate.sha256] = certificate.id;
    certificates_in_order_.push_back(certificate.id);
}

template <class Record>
base::Result<Record> FileState::change(std::map<std::string, Record>& table, const std::string& id,
                                       const Change<Record>& change)
{
    TRY(record, find(table, id, tag(Record())));
    CHECKED(change(record));
    CHECKED(append(record));
    table[id] = record;
    return std::move(record);
}

base::Task<Account> FileState::account(std::string id)
{
    co_return find(accounts_, id, "account");
}

base::Task<Account> FileState::account_of_key(std::string thumbprint)
{
    const auto found = account_by_key_.find(thumbprint);
    co_return find(accounts_, found == account_by_key_.end() ? "" : found->second, "account");
}

base::Task<> FileState::insert_account(Account account)
{
    if (account_by_key_.contains(account.thumbprint)) {
        co_return base::fail(base::Errc::conflict, "The key has an account already");
    }
    CO_CHECKED(append(account));
    index(account);
    accounts_[account.id] = std::move(account);
    co_return base::Result<>();
}

base::Task<Account> FileState::change_account(std::string id, Change<Account> wanted)
{
    CO_TRY(before, find(accounts_, id, "account"));
    auto guarded = [this, &wanted, &before](Account& account) -> base::Result<> {
        CHECKED(wanted(account));
        if (account.thumbprint != before.thumbprint && account_by_key_.contains(account.thumbprint)) {
            return base::fail(base::Errc::conflict, "The new key has an account already");
        }
        return {};
    };
    CO_TRY(after, change<Account>(accounts_, id, guarded));
    account_by_key_.erase(before.thumbprint);
    account_by_key_[after.thumbprint] = id;
    co_return std::move(after);
}

base::Task<bool> FileState::external_used(std::string key_id)
{
    co_return std::ranges::any_of(accounts_,
                                  [&](const auto& each) { return each.second.external == key_id; });
}

base::Task<Authorization> FileState::authorization(std::string id)
{
    co_return find(authorizations_, id, "authorization");
}

base::Task<Authorization> FileState::change_authorization(std::string id, Change<Authorization> wanted)
{
    co_return change(authorizations_, id, wanted);
}

base::Task<std::optional<Authorization>> FileState::valid_authorization(std::string account,
                                                                        Identifier identifier, bool wildcard,
                                                                        std::string profile)
{
    std::optional<Authorization> best;
    const auto [first, last] =
        authorizations_by_name_.equal_range(authorization_key(account, identifier, wildcard));
    for (auto at = first; at != last; ++at) {
        const auto& each = authorizations_.at(at->second);
        if (each.status == AuthorizationStatus::valid && each.profile == profile &&
            (!best || each.expires_at > best->expires_at)) {
            best = each;
        }
    }
    co_return best;
}

base::Task<> FileState::insert_order(NewOrderRecords records)
{
    if (!records.replaced.empty()) {
        auto succeed = [&records](Certificate& certificate) -> base::Result<> {
            if (certificate.successor != records.former_successor) {
                return base::fail(base::Errc::conflict, "The certificate has found another successor");
            }
            certificate.successor = records.order.id;
            return {};
        };
        CO_CHECKED(change<Certificate>(certificates_, records.replaced, succeed));
    }
    for (auto& each : records.authorizations) {
        CO_CHECKED(append(each));
        index(each);
        authorizations_[each.id] = std::move(each);
    }
    CO_CHECKED(append(records.order));
    index(records.order);
    orders_[records.order.id] = std::move(records.order);
    co_return base::Result<>();
}

base::Task<Order> FileState::order(std::string id)
{
    co_return find(orders_, id, "order");
}

base::Task<Order> FileState::change_order(std::string id, Change<Order> wanted)
{
    co_return change(orders_, id, wanted);
}

base::Task<std::vector<Order>> FileState::orders_of(std::string account, std::size_t from, std::size_t most)
{
    std::vector<Order> found;
    const auto& ids = orders_by_account_[account];
    for (std::size_t i = from; i < ids.size() && found.size() < most; ++i) {
        found.push_back(orders_.at(ids[i]));
    }
    co_return found;
}

base::Task<std::optional<Order>> FileState::open_order(std::string account,
                                                       std::vector<Identifier> identifiers,
                                                       std::string profile)
{
    std::optional<Order> newest;
    const auto [first, last] =
        orders_by_names_.equal_range(names_key(account, std::move(identifiers), profile));
    for (auto at = first; at != last; ++at) {
        const auto& each = orders_.at(at->second);
        const bool open = each.status == OrderStatus::pending || each.status == OrderStatus::ready;
        if (open && (!newest || each.created_at >= newest->created_at)) {
            newest = each;
        }
    }
    co_return newest;
}

base::Task<> FileState::insert_certificate(Certificate certificate)
{
    CO_CHECKED(append(certificate));
    index(certificate);
    certificates_[certificate.id] = std::move(certificate);
    co_return base::Result<>();
}

base::Task<Certificate> FileState::certificate(std::string id)
{
    co_return find(certificates_, id, "certificate");
}

base::Task<Certificate> FileState::certificate_by_ari(std::string ari_id)
{
    const auto found = certificate_by_ari_.find(ari_id);
    co_return find(certificates_, found == certificate_by_ari_.end() ? "" : found->second, "certificate");
}

base::Task<Certificate> FileState::certificate_by_sha256(std::string sha256)
{
    const auto found = certificate_by_sha256_.find(sha256);
    co_return find(certificates_, found == certificate_by_sha256_.end() ? "" : found->second, "certificate");
}

base::Task<Certificate> FileState::change_certificate(std::string id, Change<Certificate> wanted)
{
    co_return change(certificates_, id, wanted);
}

base::Task<std::vector<Certificate>> FileState::certificates(std::size_t from, std::size_t most)
{
    std::vector<Certificate> found;
    for (std::size_t i = from; i < certificates_in_order_.size() && found.size() < most; ++i) {
        found.push_back(certificates_.at(certificates_in_order_[i]));
    }
    co_return found;
}

base::Task<std::vector<std::string>> FileState::unfinished_orders()
{
    std::vector<std::string> found;
    for (const auto& [id, order] : orders_) {
        if (order.status == OrderStatus::processing) {
            found.push_back(id);
        }
    }
    co_return found;
}

base::Task<std::vector<std::string>> FileState::unfinished_authorizations()
{
    std::vector<std::string> found;
    for (const auto& [id, authorization] : authorizations_) {
        if (std::ranges::find(authorization.challenges, ChallengeStatus::processing, &Challenge::status) !=
            authorization.challenges.end()) {
            found.push_back(id);
        }
    }
    co_return found;
}

}  // namespace relay
