#include "deploy/files_target.h"

#include "base/command.h"
#include "base/log.h"
#include "base/secret_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

namespace deploy {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view versions = ".versions";

base::Error cannot(std::string_view doing, const fs::path& path, const std::error_code& why)
{
    return base::Error(base::Errc::unavailable,
                       fmt::format("cannot {} {}: {}", doing, path.string(), why.message()))
        .with_code("deploy_folder")
        .with_fix("Let the user of `certwright deploy` write there.");
}

base::Result<> make_folder(const fs::path& folder, unsigned mode)
{
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (!failure) {
        // Who may read the files may look into the folder.
        const unsigned search = 0700U | ((mode & 0044U) | ((mode & 0044U) >> 2));
        fs::permissions(folder, fs::perms(search), failure);
    }
    return failure ? base::Result<>(base::fail(cannot("make", folder, failure))) : base::Result<>();
}

std::string suffix(const Bundle& bundle, bool first)
{
    return first || bundle.key_type == model::KeyType::ecdsa_p256 ? ".pem" : ".rsa.pem";
}

// The certificates that serve `name`, the best first.
std::vector<const Bundle*> bundles_for(const std::string& name, const Item& item)
{
    std::vector<const Bundle*> found;
    for (const auto& each : item.bundles) {
        if (std::ranges::find(each.names, name) != each.names.end()) {
            found.push_back(&each);
        }
    }
    return found;
}

}  // namespace

base::Task<> FilesTarget::begin_all()
{
    gathering_ = true;
    of_endpoint_.clear();
    CO_CHECKED(make_folder(options_.folder, options_.mode));
    co_return make_folder(fs::path(options_.folder) / versions, options_.mode);
}

base::Task<> FilesTarget::put(Items items)
{
    auto work = [this, items]() -> base::Result<> {
        CHECKED(write(items));
        return gathering_ ? base::Result<>() : reload();
    };
    co_return co_await base::blocking(pool_, std::move(work));
}

base::Task<> FilesTarget::end_all()
{
    gathering_ = false;
    auto work = [this]() -> base::Result<> {
        CHECKED(remove_others());
        return reload();
    };
    co_return co_await base::blocking(pool_, std::move(work));
}

base::Result<> FilesTarget::write(const Items& items)
{
    for (const auto& item : *items) {
        std::vector<std::string> served;
        for (const auto& name : item.names) {
            if (!bundles_for(name, item).empty()) {
                CHECKED(write_name(name, item));
                served.push_back(name);
            }
        }
        for (const auto& name : of_endpoint_[item.endpoint]) {
            if (std::ranges::find(served, name) == served.end()) {
                CHECKED(remove_name(name));
            }
        }
        if (served.empty()) {
            of_endpoint_.erase(item.endpoint);
        } else {
            of_endpoint_[item.endpoint] = std::move(served);
        }
    }
    return {};
}

base::Result<> FilesTarget::write_name(const std::string& name, const Item& item)
{
    const auto bundles = bundles_for(name, item);
    std::string version = file_name(name);
    for (const auto* each : bundles) {
        version += '.' + each->certificate;
    }
    const auto target = fs::path(versions) / version;
    const auto before = link_target(name);
    const auto folder = fs::path(options_.folder) / target;
    std::error_code failure;
    if (before == target.string() && fs::exists(folder / "combined.pem", failure)) {
        return {};
    }
    CHECKED(make_folder(folder, options_.mode));
    for (std::size_t i = 0; i < bundles.size(); ++i) {
        const auto end = suffix(*bundles[i], i == 0);
        CHECKED(base::write_secret_file(folder / ("fullchain" + end), bundles[i]->chain_pem, options_.mode));
        CHECKED(base::write_secret_file(folder / ("privkey" + end), bundles[i]->key_pem, options_.mode));
        CHECKED(base::write_secret_file(folder / ("combined" + end), bundles[i]->combined(), options_.mode));
    }
    const auto link = fs::path(options_.folder) / file_name(name);
    const auto draft = fs::path(options_.folder) / versions / (file_name(name) + ".new");
    fs::remove(draft, failure);
    fs::create_symlink(target, draft, failure);
    if (!failure) {
        // The link is relative to where it will be, not to where it is made.
        fs::rename(draft, link, failure);
    }
    if (failure) {
        return base::fail(cannot("replace", link, failure));
    }
    reload_due_ = true;
    if (!before.empty() && before != target.string()) {
        fs::remove_all(fs::path(options_.folder) / before, failure);
    }
    return {};
}

base::Result<> FilesTarget::remove_name(const std::string& name)
{
    const auto before = link_target(name);
    std::error_code failure;
    fs::remove(fs::path(options_.folder) / file_name(name), failure);
    if (!before.empty()) {
        fs::remove_all(fs::path(options_.folder) / before, failure);
    }
    reload_due_ = true;
    return {};
}

base::Result<> FilesTarget::remove_others()
{
    std::set<std::string> kept;
    for (const auto& [endpoint, names] : of_endpoint_) {
        for (const auto& name : names) {
            kept.insert(file_name(name));
        }
    }
    std::vector<std::string> others;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(options_.folder, failure)) {
        const auto name = entry.path().filename().string();
        // Only links of our own making.
        if (entry.is_symlink() && !kept.contains(name) &&
            fs::read_symlink(entry.path(), failure).string().starts_with(versions)) {
            others.push_back(name);
        }
    }
    for (const auto& name : others) {
        CHECKED(remove_name(name));
    }
    return {};
}

std::string FilesTarget::link_target(const std::string& name) const
{
    std::error_code failure;
    const auto target = fs::read_symlink(fs::path(options_.folder) / file_name(name), failure);
    return failure || !target.string().starts_with(versions) ? std::string() : target.string();
}

base::Result<> FilesTarget::reload()
{
    if (!reload_due_ || options_.reload.empty()) {
        return {};
    }
    base::Command command;
    command.words = options_.reload;
    command.limit = options_.reload_limit;
    TRY(outcome, base::run_command(command));
    rest_ = options_.reload_every;
    if (outcome.status != 0) {
        return base::fail(base::Error(base::Errc::unavailable,
                                      fmt::format("{} ended with status {}: {}", options_.reload.front(),
                                                  outcome.status, outcome.output.substr(0, 300)))
                              .with_code("deploy_reload_failed")
                              .with_fix("Run the reload command by hand."));
    }
    reload_due_ = false;
    base::log::info("deploy_reloaded", {{"folder", options_.folder}});
    return {};
}

}  // namespace deploy
