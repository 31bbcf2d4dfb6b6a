// What comes in and goes out: beginnings, pieces of text or ids, and Ctrl-C.
#pragma once

#include <csignal>
#include <exception>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

#include "graph.hpp"
#include "options.hpp"
#include "vocabulary.h"

constexpr std::size_t MOST_BYTES = 60'000; // of a beginning; a longer one takes a minute to read

// While there is one, Ctrl-C is heard and ends no program: the text that is being written ends, and the next begins.
class Interrupts {
public:
    Interrupts()
    {
        heard_ = 0;
        before_ = std::signal(SIGINT, hear);
        if (before_ == SIG_IGN)
            std::signal(SIGINT, SIG_IGN); // whoever started the program wants it so
    }
    ~Interrupts() { std::signal(SIGINT, before_); }
    Interrupts(const Interrupts &) = delete;
    Interrupts &operator=(const Interrupts &) = delete;

    static bool heard() { return heard_ != 0; }

private:
    static void hear(int number)
    {
        heard_ = 1;
        std::signal(number, SIG_DFL); // a second one ends the program, where a long beginning is being read
    }

    static inline volatile std::sig_atomic_t heard_ = 0;
    void (*before_)(int) = SIG_DFL;
};

// Shows what is written, as it grows: text, or ids.
class Screen {
public:
    explicit Screen(const Options &options) : ids_(options.ids), up_to_newline_(options.stop_at_newline) {}

    void text(std::string_view piece) const
    {
        if (!ids_)
            std::cout << piece;
    }

    void id(std::int64_t token) const
    {
        if (ids_)
            std::cout << token << ' ';
    }

    // What a token adds to a text that ends with the token `before`; NONE at its start.
    void token(std::int64_t token, std::int64_t before) const
    {
        const Piece &piece = WRITES.pieces[token];
        const std::string_view whole(piece.text, piece.size);
        if (parted(token, before))
            text(" ");
        text(up_to_newline_ ? whole.substr(0, whole.find('\n')) : whole);
        id(token);
    }

    // Whoever reads sees what was written until now.
    void flush() const { std::cout.flush(); }

private:
    bool ids_, up_to_newline_;
};

// The ids that a model reads of some bytes.
inline std::vector<std::int64_t> ids_of(const std::string &octets)
{
    std::string text(3 * octets.size(), '\0'); // with U+FFFD for what is no UTF-8
    text.resize(readable(octets.data(), octets.size(), text.data()));
    std::vector<std::int64_t> ids(most_ids(text.size()));
    ids.resize(ids_of(text.data(), text.size(), ids.data()));
    return ids;
}

// Writes on after the beginning that was given, or after each line of standard input. A writer is made of the options,
// and is called with a beginning and a screen. Gives the program's exit code.
template <class Writer> int command(int argc, char **argv, const std::string &about)
{
    std::string program = argc > 0 ? argv[0] : "";
    const auto fault = [&](const std::string &sentence, int code) {
        std::cout.flush();
        std::cerr << program.substr(program.find_last_of("/\\") + 1) << ": " << sentence << std::endl;
        return code;
    };
    try {
#ifdef _WIN32
        _setmode(_fileno(stdin), _O_BINARY);
        _setmode(_fileno(stdout), _O_BINARY);
#endif
        std::ios::sync_with_stdio(false);
        Options options = Arguments(argc, argv).options(about);
        if (options.folders.empty())
            options.folders = {std::filesystem::path(program).parent_path(), "."};
        Writer writer(options);
        const auto go_on = [&](const std::string &beginning) {
            if (beginning.size() > MOST_BYTES) {
                std::cerr << "this beginning has " << beginning.size() << " bytes, " << MOST_BYTES
                          << " can be read: shorten it" << std::endl;
                return;
            }
            const Interrupts interrupts;
            writer.write(beginning, Screen(options));
            if (Interrupts::heard())
                std::cerr << "stopped" << std::endl;
            std::cout << std::endl;
        };
        if (options.beginning)
            go_on(*options.beginning);
        else
            for (std::string line; std::getline(std::cin, line);)
                go_on(line);
        return std::cout ? 0 : fault("what was written cannot be shown or saved", 1);
    } catch (const WrongOption &wrong) {
        return fault(wrong.what(), 2);
    } catch (const std::bad_alloc &) {
        return fault("there is not enough memory", 1);
    } catch (const std::exception &failed) {
        return fault(failed.what(), 1);
    }
}
