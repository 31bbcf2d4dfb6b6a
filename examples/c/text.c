/* Text in, text out: text.onnx holds the vocabulary, the network, the choice of tokens and the random numbers.

   It takes UTF-8 and gives UTF-8. Beside the text a language model carries a state, everything that it remembers: some
   tensors that are zeros at first, come out of each call as next_..., and go into the next one. */
#include "console.h"
#include "states.h"

enum { CHUNK = 32 }; /* tokens a call: what is written can be shown while it grows */

/* Writes what the model writes after a text, piece by piece. */
static void write_text(Graph *graph, const Options *options, const Beginning *beginning)
{
    const float one = 1, zero = 0;
    const int64_t fewest = 0;
    bool done = options->max_new_tokens == 0;
    int64_t count, left = options->max_new_tokens;
    size_t size;
    give(graph, "input_text", DTYPE_UINT8, beginning->octets, beginning->size);
    give(graph, "max_new_tokens", DTYPE_INT64, &count, 1);
    give(graph, "temperature", DTYPE_FLOAT32, &options->temperature, 1);
    give(graph, "top_k", DTYPE_INT64, &options->top_k, 1);
    give(graph, "seed", DTYPE_INT64, &options->seed, 1);
    give(graph, "stop_at_newline", DTYPE_BOOL, &options->stop_at_newline, 1);
    give(graph, "top_p", DTYPE_FLOAT32, &one, 1); /* this one and the next three change nothing */
    give(graph, "min_p", DTYPE_FLOAT32, &zero, 1);
    give(graph, "repetition_penalty", DTYPE_FLOAT32, &one, 1);
    give(graph, "min_new_tokens", DTYPE_INT64, &fewest, 1);
    forget(graph);
    while (!done && !interrupted) {
        count = graph->contract->state_count && left > CHUNK ? CHUNK : left; /* without a state there is one call */
        run(graph);
        const char *text = result(graph, "output_text", DTYPE_UINT8, &size);
        show_text(options, text, size);
        const int64_t *ids = result(graph, "output_ids", DTYPE_INT64, &size);
        show_ids(options, ids, size);
        fflush(stdout);
        left -= count;
        done = !graph->contract->state_count || left == 0 || *(bool *)result(graph, "stopped", DTYPE_BOOL, &size);
        feed_back(graph);
        give(graph, "input_text", DTYPE_UINT8, "", 0); /* the text has been read */
    }
}

int main(int argc, char **argv)
{
    static Beginning beginning;
    Options options = options_of(argc, argv, "Text in, text out, by text.onnx.");
    Graph graph = open_graph(&options, "text");
    while (next_beginning(&options, &beginning)) {
        begin_text();
        write_text(&graph, &options, &beginning);
        end_text();
    }
    close_graph(&graph);
    stop_library();
    return finished();
}
