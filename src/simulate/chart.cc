#include "simulate/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace simulate {

namespace {

constexpr double width = 960;
constexpr double height = 640;
constexpr double left_edge = 80;
constexpr double right_edge = 24;

// One of three diagrams below one another.
struct Panel {
    double top = 0;
    double tall = 0;
    double most = 1;  // of the upright axis
    std::size_t days = 1;

    double x(double day) const
    {
        return left_edge + day / static_cast<double>(days) * (width - left_edge - right_edge);
    }
    double y(double value) const { return top + tall - std::min(value / most, 1.0) * tall; }
};

// 1, 2 or 5 times a power of ten, not less.
double rounded(double most)
{
    const double unit = std::pow(10.0, std::floor(std::log10(std::max(most, 1.0))));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * unit >= most) {
            return factor * unit;
        }
    }
    return 10 * unit;
}

std::string axes(const Panel& panel, const std::string& title)
{
    auto svg = fmt::format("<text x='{}' y='{}' class='title'>{}</text>\n", left_edge, panel.top - 8, title);
    for (const double share : {0.0, 0.5, 1.0}) {
        const double y = panel.y(share * panel.most);
        svg += fmt::format("<line x1='{}' y1='{:.1f}' x2='{}' y2='{:.1f}' class='grid'/>\n", left_edge, y,
                           width - right_edge, y);
        svg += fmt::format("<text x='{}' y='{:.1f}' class='upright'>{:.0f}</text>\n", left_edge - 8, y + 4,
                           share * panel.most);
    }
    for (std::size_t day = 0; day <= panel.days; day += std::max<std::size_t>(panel.days / 8, 1)) {
        svg += fmt::format("<text x='{:.1f}' y='{:.1f}' class='day'>{}</text>\n",
                           panel.x(static_cast<double>(day)), panel.top + panel.tall + 16, day);
    }
    return svg;
}

std::string line(const Panel& panel, const std::vector<double>& values, const char* colour)
{
    auto points = fmt::format("{:.1f},{:.1f} ", panel.x(0), panel.y(0));
    for (std::size_t i = 0; i < values.size(); ++i) {
        points += fmt::format("{:.1f},{:.1f} ", panel.x(static_cast<double>(i + 1)), panel.y(values[i]));
    }
    return fmt::format("<polyline points='{}' fill='none' stroke='{}' stroke-width='2'/>\n", points, colour);
}

std::string legend(const Panel& panel, double x, const char* colour, const char* text)
{
    return fmt::format("<text x='{}' y='{}' style='fill:{}' class='legend'>{}</text>\n", x, panel.top - 8,
                       colour, text);
}

std::vector<double> series(const Forecast& forecast, const std::function<double(const Day&)>& value)
{
    std::vector<double> values;
    for (const auto& each : forecast.days) {
        values.push_back(value(each));
    }
    return values;
}

double most_of(const std::vector<double>& values)
{
    return values.empty() ? 1 : *std::ranges::max_element(values);
}

constexpr const char* style =
    "<style>text{font:12px sans-serif;fill:#333}.title{font-weight:bold}"
    ".upright{text-anchor:end}.day{text-anchor:middle}.grid{stroke:#ddd}"
    ".legend{text-anchor:end}</style>\n";

}  // namespace

std::string to_svg(const Fleet& fleet, const Forecast& forecast)
{
    constexpr const char* blue = "#1f5fa8";
    constexpr const char* orange = "#b35900";
    const auto total = static_cast<double>(fleet.devices);
    const auto days = std::max<std::size_t>(forecast.days.size(), 1);
    const auto ready =
        series(forecast, [&](const Day& day) { return total - static_cast<double>(day.waiting); });
    const auto first = series(forecast, [](const Day& day) { return static_cast<double>(day.first); });
    const auto renewed = series(forecast, [](const Day& day) { return static_cast<double>(day.renewed); });
    const auto used = series(forecast, [](const Day& day) { return 100 * day.budget_used; });
    const Panel devices{40, 150, rounded(total), days};
    const Panel daily{250, 150, rounded(std::max(most_of(first), most_of(renewed))), days};
    const Panel budget{460, 130, rounded(std::max(most_of(used), 100.0)), days};

    auto svg = fmt::format(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' height='{1}' "
        "role='img' aria-label='Forecast for {2} devices'>\n<rect width='{0}' height='{1}' "
        "fill='white'/>\n",
        width, height, fleet.devices);
    svg += style;
    svg += axes(devices, "Devices with a certificate") + line(devices, ready, blue);
    svg += axes(daily, "Certificates a day") + line(daily, first, blue) + line(daily, renewed, orange);
    svg += legend(daily, width - 120, blue, "first") + legend(daily, width - right_edge, orange, "renewals");
    svg += axes(budget, "Order budget used, % of a day's") + line(budget, used, blue);
    svg += fmt::format("<text x='{}' y='{}' class='day'>day</text>\n</svg>\n", width / 2, height - 10);
    return svg;
}

}  // namespace simulate
