#include "deploy/haproxy_target.h"

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace deploy {

namespace {

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        if (end > at) {
            lines.push_back(text.substr(at, end - at));
        }
        at = end + 1;
    }
    return lines;
}

// The value of "Pid: 12" in the answer to `show info`.
std::string info(const std::string& text, std::string_view field)
{
    for (const auto& line : lines_of(text)) {
        if (line.starts_with(field) && line.size() > field.size() && line[field.size()] == ':') {
            return line.substr(field.size() + 1);
        }
    }
    return {};
}

}  // namespace

std::string haproxy_file(const std::string& folder, const Item& item, const Bundle& bundle)
{
    // Two of one key type can be needed where an uploaded certificate covers only some names.
    const auto& first = bundle.names.empty() ? item.names.front() : bundle.names.front();
    return fmt::format("{}/{}{}.pem", folder, file_name(first),
                       bundle.key_type == model::KeyType::rsa_2048 ? ".rsa" : "");
}

std::string haproxy_line(const std::string& file, const Bundle& bundle)
{
    std::string line = file;
    for (const auto& name : bundle.names) {
        line += ' ' + name;
    }
    return line;
}

std::string haproxy_list(const std::string& folder)
{
    return folder + "/crt-list.txt";
}

base::Task<bool> HaproxyTarget::lost()
{
    CO_TRY(answer, co_await socket_.ask("show info"));
    const auto process = info(answer, "Pid") + info(answer, "Start_time_sec");
    const bool other = process != process_;
    process_ = process;
    co_return other;
}

base::Task<> HaproxyTarget::begin_all()
{
    const auto list = haproxy_list(folder_);
    files_.clear();
    of_endpoint_.clear();
    seen_.clear();
    CO_TRY(known, co_await socket_.ask("show ssl cert"));
    for (const auto& line : lines_of(known)) {
        if (line.starts_with('*')) {
            // Of one who died between set and commit; nobody else could set anything before it ends.
            CO_CHECKED(co_await ask("abort ssl cert " + line.substr(1), "", "aborted"));
        } else if (line.starts_with(folder_ + "/")) {
            files_[line];
        }
    }
    CO_TRY(listed, co_await socket_.ask("show ssl crt-list " + list));
    if (!listed.starts_with("# ")) {
        co_return base::fail(
            base::Error(base::Errc::unavailable, fmt::format("HAProxy has no crt-list {}", list))
                .with_code("haproxy_no_list")
                .with_fix(fmt::format("Write `bind :443 ssl crt-list {} strict-sni` into its configuration.",
                                      list)));
    }
    for (const auto& line : lines_of(listed)) {
        if (line.starts_with(folder_ + "/")) {
            files_[line.substr(0, line.find(' '))].line = line;
        }
    }
    co_return base::Result<>();
}

base::Task<> HaproxyTarget::end_all()
{
    std::vector<std::string> gone;
    for (const auto& [file, entry] : files_) {
        if (!seen_.contains(file)) {
            gone.push_back(file);
        }
    }
    for (const auto& file : gone) {
        CO_CHECKED(co_await drop(file));
    }
    co_return base::Result<>();
}

base::Task<> HaproxyTarget::put(Items items)
{
    for (const auto& item : *items) {
        CO_CHECKED(co_await put_item(item));
    }
    co_return base::Result<>();
}

base::Task<> HaproxyTarget::put_item(Item item)
{
    std::set<std::string> wanted;
    for (const auto& bundle : item.bundles) {
        const auto file = haproxy_file(folder_, item, bundle);
        wanted.insert(file);
        seen_.insert(file);
        of_endpoint_[item.endpoint].insert(file);
        CO_CHECKED(co_await put_file(
            file, Wanted{haproxy_line(file, bundle), bundle.certificate, bundle.combined()}));
    }
    const auto before = of_endpoint_[item.endpoint];
    for (const auto& file : before) {
        if (!wanted.contains(file)) {
            CO_CHECKED(co_await drop(file));
        }
    }
    if (wanted.empty()) {
        of_endpoint_.erase(item.endpoint);
    } else {
        of_endpoint_[item.endpoint] = std::move(wanted);
    }
    co_return base::Result<>();
}

base::Task<> HaproxyTarget::put_file(std::string file, Wanted wanted)
{
    const auto known = files_.find(file);
    const Entry before = known == files_.end() ? Entry() : known->second;
    if (known == files_.end()) {
        CO_CHECKED(co_await ask("new ssl cert " + file, "", "New empty certificate store"));
        files_[file];
    }
    if (before.certificate != wanted.certificate || before.certificate.empty()) {
        CO_CHECKED(co_await load(file, wanted.pem));
        files_[file].certificate = wanted.certificate;
    }
    if (!before.line.empty() && before.line != wanted.line) {
        CO_CHECKED(co_await unlist(file));
    }
    if (before.line != wanted.line) {
        CO_CHECKED(co_await list(file, wanted.line));
        files_[file].line = wanted.line;
    }
    co_return base::Result<>();
}

base::Task<> HaproxyTarget::load(std::string file, std::string pem)
{
    CO_CHECKED(co_await ask("set ssl cert " + file, std::move(pem), "Transaction "));
    auto committed = co_await ask("commit ssl cert " + file, "", "Success!");
    if (!committed) {
        static_cast<void>(co_await socket_.ask("abort ssl cert " + file));
    }
    co_return committed;
}

base::Task<> HaproxyTarget::list(std::string file, std::string line)
{
    co_return co_await ask("add ssl crt-list " + haproxy_list(folder_), line + "\n", "Success!");
}

base::Task<> HaproxyTarget::unlist(std::string file)
{
    CO_CHECKED(
        co_await ask(fmt::format("del ssl crt-list {} {}", haproxy_list(folder_), file), "", "' deleted"));
    files_[file].line.clear();
    co_return base::Result<>();
}

base::Task<> HaproxyTarget::drop(std::string file)
{
    const auto known = files_.find(file);
    if (known == files_.end()) {
        co_return base::Result<>();
    }
    if (!known->second.line.empty()) {
        CO_CHECKED(co_await unlist(file));
    }
    CO_CHECKED(co_await ask("del ssl cert " + file, "", "' deleted"));
    files_.erase(file);
    co_return base::Result<>();
}

base::Task<> HaproxyTarget::ask(std::string command, std::string payload, std::string expected)
{
    CO_TRY(answer, co_await socket_.ask(command, std::move(payload)));
    if (answer.contains(expected)) {
        co_return base::Result<>();
    }
    while (!answer.empty() && answer.back() == '\n') {
        answer.pop_back();
    }
    co_return base::fail(base::Error(base::Errc::unavailable, fmt::format("HAProxy answered to `{}`: {}",
                                                                          command, answer.substr(0, 300)))
                             .with_code("haproxy_refused")
                             .with_fix("See that its `stats socket` has `level admin`, and HAProxy's log."));
}

}  // namespace deploy
