// The options that text.cpp, generate.cpp and step.cpp share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct Options {
    std::optional<std::string> beginning; // without it each line of standard input is one
    std::vector<std::filesystem::path> folders; // where the .onnx files are looked for
    std::int64_t max_new_tokens = 100, top_k = 0, seed = 1;
    float temperature = 0.8F;
    bool stop_at_newline = false, ids = false;
};

struct WrongOption : std::runtime_error {
    using std::runtime_error::runtime_error;
};

constexpr std::int64_t MOST_TOKENS = 100'000; // of a text

constexpr const char *HELP = R"(
  [BEGINNING]            without it each line of standard input is one

  --max-new-tokens N     100 without it
  --temperature T        0 takes the best token; 0.8 without it
  --top-k K              choose among so many; 0 is all
  --seed S               the same seed writes the same text; 1 without it
  --stop-at-newline
  --ids                  print the ids of the tokens
  --model DIR            where the .onnx files are; without it beside this program, else where you are
  --help
)";

inline std::int64_t whole_number(const std::string &name, const std::string &value, std::int64_t most)
{
    std::size_t used = 0;
    std::int64_t number = -1;
    try {
        number = std::stoll(value, &used);
    } catch (const std::logic_error &) { // no number, or too large a one
    }
    if (used != value.size() || number < 0 || number > most)
        throw WrongOption("expected a whole number from 0 to " + std::to_string(most) + " after " + name + ", found '" +
                          value + "'");
    return number;
}

inline float temperature_of(const std::string &value)
{
    char *end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    const bool plain = value.find_first_not_of("+-.0123456789eE") == std::string::npos; // no hexadecimal, no "nan"
    if (value.empty() || end != value.c_str() + value.size() || !plain || number < 0 || number > 1e30)
        throw WrongOption("expected a temperature from 0 to 1e+30, found '" + value + "'");
    return number < 100 ? static_cast<float>(number) : 100; // as the graphs do, where all tokens are nearly alike
}

// The command line, from left to right.
class Arguments {
public:
    Arguments(int count, char **values) : rest_(values + (count > 0), values + count) {}

    Options options(const std::string &about)
    {
        Options found;
        while (place_ < rest_.size()) {
            const std::string argument = rest_[place_++];
            if (plain_ || argument.size() < 2 || argument[0] != '-')
                set_beginning(found, argument);
            else if (argument == "--")
                plain_ = true; // behind it, what begins with - is no option
            else if (argument == "--help" || argument == "-h")
                help(about);
            else if (argument == "--stop-at-newline")
                found.stop_at_newline = true;
            else if (argument == "--ids")
                found.ids = true;
            else
                take(found, argument.substr(0, argument.find('=')), argument.find('='), argument);
        }
        return found;
    }

private:
    static void set_beginning(Options &options, const std::string &text)
    {
        if (options.beginning)
            throw WrongOption("expected one beginning: put it between quotes");
        options.beginning = text;
    }

    [[noreturn]] static void help(const std::string &about)
    {
        std::cout << about << '\n' << HELP << std::flush;
        std::exit(0);
    }

    // Takes an option whose value stands behind = or is the next argument.
    void take(Options &options, const std::string &name, std::size_t equals, const std::string &argument)
    {
        const auto value = [&] {
            if (equals != std::string::npos)
                return argument.substr(equals + 1);
            if (place_ == rest_.size())
                throw WrongOption("expected a value after " + name);
            return rest_[place_++];
        };
        if (name == "--max-new-tokens")
            options.max_new_tokens = whole_number(name, value(), MOST_TOKENS);
        else if (name == "--temperature")
            options.temperature = temperature_of(value());
        else if (name == "--top-k")
            options.top_k = whole_number(name, value(), std::int64_t{1} << 31);
        else if (name == "--seed")
            options.seed = whole_number(name, value(), INT64_MAX);
        else if (name == "--model")
            options.folders = {value()};
        else
            throw WrongOption("there is no option " + name + "; --help tells which there are");
    }

    std::vector<std::string> rest_;
    std::size_t place_ = 0;
    bool plain_ = false;
};
