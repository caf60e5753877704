// Console: the global options, where output goes, and how failures are told. One a run.
#pragma once

#include "cli/api_client.h"
#include "cli/paint.h"

#include <memory>
#include <ostream>
#include <string>

namespace cli {

struct Globals {
    std::string api = "http://127.0.0.1:8700";
    std::string token;
    std::string data = "/var/lib/certwright";
    std::string trust_file;
    bool json = false;
};

class Console {
public:
    // `columns` of the terminal behind `out`; 0: not known, or none.
    Console(std::ostream& out, std::ostream& err, bool out_is_terminal, bool err_is_terminal,
            std::size_t columns = 0);

    Globals globals;

    std::ostream& out() { return out_; }
    std::ostream& err() { return err_; }
    const Paint& paint() const { return paint_; }
    const Paint& error_paint() const { return error_paint_; }
    bool out_is_terminal() const { return out_is_terminal_; }
    bool err_is_terminal() const { return err_is_terminal_; }
    base::Time now() const;

    // Calls the API; tells what went wrong on standard error and sets the status. Empty then.
    std::optional<Reply> call(std::string method, std::string path,
                              std::optional<json::value> body = std::nullopt);
    // With --json: prints `body` and returns true.
    bool print_json(const json::value& body);

    void tell_problem(std::string_view detail, std::string_view code, std::string_view fix);
    // The "warnings" of an answer: done, but somebody has to act.
    void tell_warnings(const json::object& answer);
    // Whoever answers at the address is not certwright.
    void tell_stranger();

    int status = 0;
    std::string refusal;  // code of the last refusal by the API

private:
    base::Result<std::string> find_token() const;
    void tell_unreachable(const base::Error& error);

    std::ostream& out_;
    std::ostream& err_;
    bool out_is_terminal_;
    bool err_is_terminal_;
    Paint paint_;
    Paint error_paint_;
    std::unique_ptr<ApiClient> client_;
};

}  // namespace cli
