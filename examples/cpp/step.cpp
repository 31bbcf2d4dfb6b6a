// One token at a time: the loop, the state, the choice of tokens and the random numbers in your program.
//
// step.onnx takes one id and the state, and gives the scores of all tokens and the next state. A model from text to
// text has encoder.onnx, which reads the source, and decoder.onnx, which is the step and may look at what that gave.
#include <functional>
#include <limits>

#include "command.hpp"

namespace {

constexpr float NEVER = -std::numeric_limits<float>::infinity();

bool holds(const Ids &ids, std::int64_t id) { return std::find(ids.ids, ids.ids + ids.count, id) != ids.ids + ids.count; }

class Writer {
public:
    explicit Writer(const Options &options)
        : options_(options), step_(options.folders, find_contract("encoder") ? "decoder" : "step")
    {
        if (find_contract("encoder"))
            encoder_.emplace(options.folders, "encoder");
    }

    // Shows what the model writes after a text, token by token.
    void write(const std::string &beginning, const Screen &screen)
    {
        std::int64_t last = begin(ids_of(beginning)), before = encoder_ ? NONE : last;
        bool stopped = false;
        for (std::int64_t t = 0; t < options_.max_new_tokens && !stopped && !Interrupts::heard(); t++) {
            step_.give("input_ids", last);
            step_.run();
            last = choose(step_.result<float>("logits"), uniform(options_.seed, t));
            step_.feed_back(); // what the encoder gave stays
            screen.token(last, before);
            screen.flush();
            stopped = last == WRITES.eos_id || (options_.stop_at_newline && holds(WRITES.stop_ids, last));
            before = last;
        }
    }

private:
    // Reads a text, so that the step holds the state after it. Gives the token that has to be read next.
    std::int64_t begin(std::vector<std::int64_t> ids)
    {
        if (encoder_) {
            encoder_->give("input_ids", View<const std::int64_t>{ids.data(), ids.size()});
            encoder_->give("lengths", static_cast<std::int64_t>(ids.size()));
            encoder_->run();
            encoder_->hand_over(step_);
            step_.give("lengths", static_cast<std::int64_t>(ids.size()));
            return WRITES.bos_id;
        }
        const auto last = ids.back();
        ids.pop_back();
        step_.forget();
        for (const auto id : ids) { // the scores in between are of no use
            if (Interrupts::heard())
                break;
            step_.give("input_ids", id);
            step_.run();
            step_.feed_back();
        }
        return last;
    }

    // The next token, from the scores of all of them and a random number in [0, 1).
    std::int64_t choose(View<float> scores, float u)
    {
        for (std::size_t i = 0; i < WRITES.banned.count; i++)
            scores.data[WRITES.banned.ids[i]] = NEVER;
        const float *const best = std::max_element(scores.begin(), scores.end()); // of equals the first
        if (options_.temperature == 0)
            return best - scores.begin();
        const float most = *best;
        if (options_.top_k && options_.top_k < static_cast<std::int64_t>(scores.size))
            keep_largest(scores, options_.top_k);
        sums_.clear(); // of weights in float32, added up in float64
        double sum = 0;
        for (const float score : scores)
            sums_.push_back(sum += std::exp((score - most) / options_.temperature));
        // The first whose sum exceeds that share of all.
        return std::upper_bound(sums_.begin(), sums_.end(), u * sum) - sums_.begin();
    }

    // Leaves the k largest scores, of equals the first.
    void keep_largest(View<float> scores, std::int64_t k)
    {
        ranked_.assign(scores.begin(), scores.end());
        std::nth_element(ranked_.begin(), ranked_.begin() + (k - 1), ranked_.end(), std::greater<>());
        const float least = ranked_[static_cast<std::size_t>(k - 1)];
        auto equals = k - std::count_if(scores.begin(), scores.end(), [=](float score) { return score > least; });
        for (float &score : scores)
            if (score < least || (score == least && equals-- <= 0))
                score = NEVER;
    }

    const Options &options_;
    Graph step_;
    std::optional<Graph> encoder_;
    std::vector<double> sums_;
    std::vector<float> ranked_;
};

} // namespace

int main(int argc, char **argv)
{
    return command<Writer>(argc, argv, "One token at a time, by step.onnx, or encoder.onnx and decoder.onnx.");
}
