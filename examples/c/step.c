/* One token at a time: the loop, the state, the choice of tokens and the random numbers in your program.

   step.onnx takes one id and the state, and gives the scores of all tokens and the next state. A model from text to
   text has encoder.onnx, which reads the source, and decoder.onnx, which is the step and may look at what that gave. */
#include "console.h"
#include "states.h"

/* What a text needs, made once. */
typedef struct {
    Graph step, encoder;
    bool from_text_to_text;
    char text[3 * MOST_BYTES]; /* the beginning, with U+FFFD for what is no UTF-8 */
    int64_t *ids, length;
    int64_t token;  /* what the step reads next */
    float *scratch; /* a number for each token */
} Writer;

/* Reads a text: the state after it is in the step, and the token that has to be read next in `token`. */
static void begin(Writer *writer, const Beginning *beginning)
{
    Graph *step = &writer->step;
    int64_t *ids = writer->ids;
    size_t count = ids_of(writer->text, readable(beginning->octets, beginning->size, writer->text), writer->ids);
    give(step, "input_ids", DTYPE_INT64, &writer->token, 1);
    if (writer->from_text_to_text) {
        writer->length = (int64_t)count;
        give(&writer->encoder, "input_ids", DTYPE_INT64, ids, count);
        give(&writer->encoder, "lengths", DTYPE_INT64, &writer->length, 1);
        run(&writer->encoder);
        hand_over(&writer->encoder, step);
        give(step, "lengths", DTYPE_INT64, &writer->length, 1);
        writer->token = WRITES.bos_id;
        return;
    }
    forget(step);
    for (size_t i = 0; i + 1 < count && !interrupted; i++) { /* the scores in between are of no use */
        writer->token = ids[i];
        run(step);
        feed_back(step);
    }
    writer->token = ids[count - 1];
}

/* The k-th largest of some numbers, which are put in another order; k counts from 1 (Hoare, "Find", CACM 1961). */
static float kth_largest(float *numbers, int64_t count, int64_t k)
{
    for (int64_t low = 0, high = count - 1; low < high;) {
        float pivot = numbers[low + (high - low) / 2];
        int64_t i = low, j = high;
        while (i <= j) {
            while (numbers[i] > pivot)
                i++;
            while (numbers[j] < pivot)
                j--;
            if (i <= j) {
                float other = numbers[i];
                numbers[i++] = numbers[j];
                numbers[j--] = other;
            }
        }
        low = k - 1 > j ? i : low; /* what lies between j and i equals the pivot */
        high = k - 1 < i ? j : high;
    }
    return numbers[k - 1];
}

/* The next token, from the scores of all of them and a random number in [0, 1). */
static int64_t choose(float *scores, float *scratch, const Options *options, float u)
{
    const int64_t count = (int64_t)WRITES.count;
    int64_t best = 0;
    double whole = 0, sum = 0;
    for (size_t i = 0; i < WRITES.banned.count; i++)
        scores[WRITES.banned.ids[i]] = -INFINITY;
    for (int64_t i = 1; i < count; i++)
        if (scores[i] > scores[best])
            best = i;
    if (options->temperature == 0)
        return best;
    if (options->top_k && options->top_k < count) { /* of equals the first stay */
        memcpy(scratch, scores, WRITES.count * sizeof *scores);
        float least = kth_largest(scratch, count, options->top_k);
        int64_t equals = options->top_k;
        for (int64_t i = 0; i < count; i++)
            equals -= scores[i] > least;
        for (int64_t i = 0; i < count; i++)
            if (scores[i] < least || (scores[i] == least && equals-- <= 0))
                scores[i] = -INFINITY;
    }
    for (int64_t i = 0; i < count; i++) {
        scratch[i] = expf((scores[i] - scores[best]) / options->temperature);
        whole += scratch[i];
    }
    for (int64_t i = 0; i < count; i++) /* the first whose sum exceeds that share of all */
        if ((sum += scratch[i]) > u * whole)
            return i;
    return best; /* is never reached: u is below 1 */
}

/* Writes what the model writes after a text, token by token. */
static void write_text(Writer *writer, const Options *options, const Beginning *beginning)
{
    size_t size;
    bool stopped = false;
    begin(writer, beginning);
    int64_t before = writer->from_text_to_text ? NONE : writer->token;
    for (int64_t t = 0; t < options->max_new_tokens && !stopped && !interrupted; t++) {
        run(&writer->step);
        float *scores = result(&writer->step, "logits", DTYPE_FLOAT32, &size);
        writer->token = choose(scores, writer->scratch, options, uniform(options->seed, t));
        feed_back(&writer->step); /* what the encoder gave stays */
        show_token(options, writer->token, before);
        fflush(stdout);
        for (size_t i = 0; options->stop_at_newline && i < WRITES.stop_ids.count; i++)
            stopped |= writer->token == WRITES.stop_ids.ids[i];
        stopped |= writer->token == WRITES.eos_id;
        before = writer->token;
    }
}

int main(int argc, char **argv)
{
    static Beginning beginning;
    static Writer writer;
    Options options = options_of(argc, argv, "One token at a time, by step.onnx, or encoder.onnx and decoder.onnx.");
    writer.from_text_to_text = contract_of("encoder") != NULL;
    if (writer.from_text_to_text)
        writer.encoder = open_graph(&options, "encoder");
    writer.step = open_graph(&options, writer.from_text_to_text ? "decoder" : "step");
    writer.ids = reserve(most_ids(MOST_BYTES), sizeof *writer.ids);
    writer.scratch = reserve(WRITES.count, sizeof *writer.scratch);
    while (next_beginning(&options, &beginning)) {
        begin_text();
        write_text(&writer, &options, &beginning);
        end_text();
    }
    if (writer.from_text_to_text)
        close_graph(&writer.encoder);
    close_graph(&writer.step);
    stop_library();
    free(writer.ids);
    free(writer.scratch);
    return finished();
}
