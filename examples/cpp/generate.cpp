// Ids in, ids out: the whole decode loop in one graph, with the vocabulary and the random numbers in your program.
//
// generate.onnx reads a prompt and writes tokens; a model from text to text has translate.onnx, which has no state.
#include "command.hpp"

namespace {

constexpr std::int64_t CHUNK = 32; // tokens a call: what is written can be shown while it grows

class Writer {
public:
    explicit Writer(const Options &options)
        : options_(options), graph_(options.folders, find_contract("generate") ? "generate" : "translate")
    {
        graph_.give("temperature", options.temperature);
        graph_.give("top_k", options.top_k);
        graph_.give("stop_ids", View<const std::int64_t>{WRITES.stop_ids.ids,
                                                         options.stop_at_newline ? WRITES.stop_ids.count : 0});
        graph_.give("top_p", 1.0F); // this one and the next three change nothing
        graph_.give("min_p", 0.0F);
        graph_.give("repetition_penalty", 1.0F);
        graph_.give("min_lengths", std::int64_t{0});
    }

    // Shows what the model writes after a text, piece by piece.
    void write(const std::string &beginning, const Screen &screen)
    {
        auto ids = ids_of(beginning);
        auto last = graph_.has_states() ? ids.back() : NONE; // a target is a text of its own
        graph_.forget();
        bool stopped = false;
        for (std::int64_t done = 0; done < options_.max_new_tokens && !stopped && !Interrupts::heard();) {
            const auto left = options_.max_new_tokens - done;
            const auto count = graph_.has_states() ? std::min(left, CHUNK) : left;
            uniforms_.clear();
            for (std::int64_t t = done; t < done + count; t++)
                uniforms_.push_back(uniform(options_.seed, t));
            graph_.give("input_ids", View<const std::int64_t>{ids.data(), ids.size()});
            graph_.give("lengths", static_cast<std::int64_t>(ids.size()));
            graph_.give("max_new_tokens", count);
            graph_.give("uniforms", View<const float>{uniforms_.data(), uniforms_.size()});
            graph_.run();
            for (const auto id : graph_.result<std::int64_t>("output_ids")) {
                screen.token(id, last);
                last = id;
            }
            screen.flush();
            stopped = !graph_.has_states() || *graph_.result<bool>("next_stopped").data;
            graph_.feed_back();
            ids.assign(1, last); // was written, and has not been read yet
            done += count;
        }
    }

private:
    const Options &options_;
    Graph graph_;
    std::vector<float> uniforms_;
};

} // namespace

int main(int argc, char **argv)
{
    return command<Writer>(argc, argv, "Ids in, ids out, by generate.onnx or translate.onnx.");
}
