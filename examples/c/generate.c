/* Ids in, ids out: the whole decode loop in one graph, with the vocabulary and the random numbers in your program.

   generate.onnx reads a prompt and writes tokens; a model from text to text has translate.onnx, which has no state. */
#include "console.h"
#include "states.h"

enum { CHUNK = 32 }; /* tokens a call: what is written can be shown while it grows */

/* What a text needs, made once. */
typedef struct {
    char text[3 * MOST_BYTES]; /* the beginning, with U+FFFD for what is no UTF-8 */
    int64_t *ids;
    float *uniforms;
} Room;

/* Writes what the model writes after a text, piece by piece. */
static void write_text(Graph *graph, const Options *options, const Beginning *beginning, Room *room)
{
    const float one = 1, zero = 0;
    const int64_t fewest = 0;
    const bool states = graph->contract->state_count > 0; /* without them there is one call, for a text of its own */
    size_t written, size = ids_of(room->text, readable(beginning->octets, beginning->size, room->text), room->ids);
    int64_t count, last = NONE, length, done = 0;
    bool stopped = false;
    if (states)
        last = room->ids[size - 1];
    length = (int64_t)size;
    give(graph, "input_ids", DTYPE_INT64, room->ids, size);
    give(graph, "lengths", DTYPE_INT64, &length, 1);
    give(graph, "max_new_tokens", DTYPE_INT64, &count, 1);
    give(graph, "temperature", DTYPE_FLOAT32, &options->temperature, 1);
    give(graph, "top_k", DTYPE_INT64, &options->top_k, 1);
    give(graph, "stop_ids", DTYPE_INT64, WRITES.stop_ids.ids, options->stop_at_newline ? WRITES.stop_ids.count : 0);
    give(graph, "top_p", DTYPE_FLOAT32, &one, 1); /* this one and the next three change nothing */
    give(graph, "min_p", DTYPE_FLOAT32, &zero, 1);
    give(graph, "repetition_penalty", DTYPE_FLOAT32, &one, 1);
    give(graph, "min_lengths", DTYPE_INT64, &fewest, 1);
    forget(graph);
    while (done < options->max_new_tokens && !stopped && !interrupted) {
        int64_t left = options->max_new_tokens - done;
        count = states && left > CHUNK ? CHUNK : left;
        for (int64_t t = 0; t < count; t++)
            room->uniforms[t] = uniform(options->seed, done + t);
        give(graph, "uniforms", DTYPE_FLOAT32, room->uniforms, (size_t)count);
        run(graph);
        const int64_t *found = result(graph, "output_ids", DTYPE_INT64, &written);
        for (size_t i = 0; i < written; i++) {
            show_token(options, found[i], last);
            last = found[i];
        }
        fflush(stdout);
        stopped = !states || *(bool *)result(graph, "next_stopped", DTYPE_BOOL, &written);
        done += count;
        feed_back(graph);
        room->ids[0] = last; /* was written, and has not been read yet */
        length = 1;
        give(graph, "input_ids", DTYPE_INT64, room->ids, 1);
    }
}

int main(int argc, char **argv)
{
    static Beginning beginning;
    static Room room;
    Options options = options_of(argc, argv, "Ids in, ids out, by generate.onnx or translate.onnx.");
    Graph graph = open_graph(&options, contract_of("generate") ? "generate" : "translate");
    size_t most = graph.contract->state_count ? CHUNK : (size_t)options.max_new_tokens;
    room.ids = reserve(most_ids(MOST_BYTES), sizeof *room.ids);
    room.uniforms = reserve(most, sizeof *room.uniforms);
    while (next_beginning(&options, &beginning)) {
        begin_text();
        write_text(&graph, &options, &beginning, &room);
        end_text();
    }
    close_graph(&graph);
    stop_library();
    free(room.ids);
    free(room.uniforms);
    return finished();
}
