// Text in, text out: text.onnx holds the vocabulary, the network, the choice of tokens and the random numbers.
//
// It takes UTF-8 and gives UTF-8. Beside the text a language model carries a state, everything that it remembers: some
// tensors that are zeros at first, come out of each call as next_..., and go into the next one.
#include "command.hpp"

namespace {

constexpr std::int64_t CHUNK = 32; // tokens a call: what is written can be shown while it grows

class Writer {
public:
    explicit Writer(const Options &options) : options_(options), graph_(options.folders, "text")
    {
        graph_.give("temperature", options.temperature);
        graph_.give("top_k", options.top_k);
        graph_.give("seed", options.seed);
        graph_.give("stop_at_newline", options.stop_at_newline);
        graph_.give("top_p", 1.0F); // this one and the next three change nothing
        graph_.give("min_p", 0.0F);
        graph_.give("repetition_penalty", 1.0F);
        graph_.give("min_new_tokens", std::int64_t{0});
    }

    // Shows what the model writes after a text, piece by piece.
    void write(const std::string &beginning, const Screen &screen)
    {
        graph_.forget();
        graph_.give("input_text", View<const char>{beginning.data(), beginning.size()});
        bool stopped = false;
        for (std::int64_t left = options_.max_new_tokens; left > 0 && !stopped && !Interrupts::heard();) {
            const auto count = graph_.has_states() ? std::min(left, CHUNK) : left; // without a state there is one call
            graph_.give("max_new_tokens", count);
            graph_.run();
            const auto text = graph_.result<char>("output_text");
            screen.text({text.data, text.size});
            for (const auto id : graph_.result<std::int64_t>("output_ids"))
                screen.id(id);
            screen.flush();
            stopped = graph_.has_states() && *graph_.result<bool>("stopped").data;
            graph_.feed_back();
            graph_.give("input_text", View<const char>{"", 0}); // the text has been read
            left -= count;
        }
    }

private:
    const Options &options_;
    Graph graph_;
};

} // namespace

int main(int argc, char **argv) { return command<Writer>(argc, argv, "Text in, text out, by text.onnx."); }
