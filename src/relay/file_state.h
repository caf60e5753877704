// FileState: everything in memory, and each change as one line of JSON at the end of a file. For a test CA:
// as much as memory holds, and no more than the operating system's own promise that a written line survives
// our end.
#pragma once

#include "relay/state.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

namespace relay {

class FileState final : public State {
public:
    // Nothing is kept.
    FileState() = default;
    // Reads the file and rewrites it without what has been overwritten; makes it when it is missing. A last
    // line that is cut short is dropped. Errors: code state_unreadable.
    static base::Result<std::unique_ptr<FileState>> open(const std::filesystem::path& file);

    base::Task<Account> account(std::string id) override;
    base::Task<Account> account_of_key(std::string thumbprint) override;
    base::Task<> insert_account(Account account) override;
    base::Task<Account> change_account(std::string id, Change<Account> change) override;
    base::Task<bool> external_used(std::string key_id) override;
    base::Task<Authorization> authorization(std::string id) override;
    base::Task<Authorization> change_authorization(std::string id, Change<Authorization> change) override;
    base::Task<std::optional<Authorization>> valid_authorization(std::string account, Identifier identifier,
                                                                 bool wildcard, std::string profile) override;
    base::Task<> insert_order(NewOrderRecords records) override;
    base::Task<Order> order(std::string id) override;
    base::Task<Order> change_order(std::string id, Change<Order> change) override;
    base::Task<std::vector<Order>> orders_of(std::string account, std::size_t from,
                                             std::size_t most) override;
    base::Task<std::optional<Order>> open_order(std::string account, std::vector<Identifier> identifiers,
                                                std::string profile) override;
    base::Task<> insert_certificate(Certificate certificate) override;
    base::Task<Certificate> certificate(std::string id) override;
    base::Task<Certificate> certificate_by_ari(std::string ari_id) override;
    base::Task<Certificate> certificate_by_sha256(std::string sha256) override;
    base::Task<Certificate> change_certificate(std::string id, Change<Certificate> change) override;
    base::Task<std::vector<Certificate>> certificates(std::size_t from, std::size_t most) override;
    base::Task<std::vector<std::string>> unfinished_orders() override;
    base::Task<std::vector<std::string>> unfinished_authorizations() override;

private:
    struct CloseFile {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    base::Result<> read(const std::filesystem::path& file);
    base::Result<> read_line(std::string_view line);
    base::Result<> rewrite(const std::filesystem::path& file);
    template <class Record>
    base::Result<> append(const Record& record);
    template <class Record>
    base::Result<> keep(const Record& record);
    template <class Record>
    base::Result<Record> change(std::map<std::string, Record>& table, const std::string& id,
                                const Change<Record>& change);
    void index(const Account& account);
    void index(const Authorization& authorization);
    void index(const Order& order);
    void index(const Certificate& certificate);

    std::unique_ptr<std::FILE, CloseFile> file_;  // null: nothing is kept
    std::map<std::string, Account> accounts_;
    std::map<std::string, Authorization> authorizations_;
    std::map<std::string, Order> orders_;
    std::map<std::string, Certificate> certificates_;
    std::map<std::string, std::string> account_by_key_;
    std::map<std::string, std::vector<std::string>> orders_by_account_;
    std::multimap<std::string, std::string> authorizations_by_name_;
    std::multimap<std::string, std::string> orders_by_names_;
    std::map<std::string, std::string> certificate_by_ari_;
    std::map<std::string, std::string> certificate_by_sha256_;
    std::vector<std::string> certificates_in_order_;
};

}  // namespace relay
