/* One .onnx file, called by the names of its inputs and outputs. */
#ifndef GRAPH_H
#define GRAPH_H

#include "session.h"

#include <math.h>

typedef struct {
    const Contract *contract;
    OrtSession *session;
    OrtValue **inputs, **outputs; /* in the contract's order; NULL: not given, or taken away */
    const char **input_names, **output_names;
} Graph;

static inline Graph open_graph(const Options *options, const char *name)
{
    Graph graph = {contract_of(name), NULL, NULL, NULL, NULL, NULL};
    if (!graph.contract)
        stop(FAULT, "this model has no graph %s", name);
    size_t inputs = (size_t)graph.contract->input_count, outputs = (size_t)graph.contract->output_count;
    graph.session = open_session(options, graph.contract);
    graph.inputs = reserve(inputs + outputs, sizeof *graph.inputs);
    graph.outputs = graph.inputs + inputs;
    graph.input_names = reserve(inputs + outputs, sizeof *graph.input_names);
    graph.output_names = graph.input_names + inputs;
    for (size_t i = 0; i < inputs; i++)
        graph.input_names[i] = graph.contract->inputs[i].name;
    for (size_t i = 0; i < outputs; i++)
        graph.output_names[i] = graph.contract->outputs[i].name;
    return graph;
}

/* The place of a name, or NONE. */
static inline int place_of(const char *const *names, int count, const char *name)
{
    while (count-- > 0 && strcmp(names[count], name) != 0)
        continue;
    return count;
}

static inline int input_of(const Graph *graph, const char *name)
{
    return place_of(graph->input_names, graph->contract->input_count, name);
}

static inline int output_of(const Graph *graph, const char *name)
{
    return place_of(graph->output_names, graph->contract->output_count, name);
}

/* Puts another tensor in the place of one. */
static inline void replace(OrtValue **place, OrtValue *tensor)
{
    if (*place)
        api->ReleaseValue(*place);
    *place = tensor;
}

/* Gives an input; a graph that has none of that name does without. The data are not copied: they have to stay where
   they are, and whoever changes them changes the input. `count` is the size of the axis that may have any. */
static inline void give(Graph *graph, const char *name, Dtype dtype, const void *data, size_t count)
{
    int i = input_of(graph, name);
    int64_t shape[MOST_AXES];
    OrtValue *tensor = NULL;
    if (i == NONE)
        return;
    const TensorSpec *spec = &graph->contract->inputs[i];
    if (spec->dtype != dtype)
        stop(FAULT, "%s: %s is of another type than this program was written for", graph->contract->file, name);
    size_t bytes = shape_of(spec, count, shape) * dtype_size(dtype);
    void *place = (void *)(data ? data : ""); /* is only read */
    check(api->CreateTensorWithDataAsOrtValue(memory, place, bytes, shape, (size_t)spec->rank, dtype, &tensor));
    replace(&graph->inputs[i], tensor);
}

/* The values of an output, and how many there are. They stay until the next call. */
static inline void *result(const Graph *graph, const char *name, Dtype dtype, size_t *count)
{
    int i = output_of(graph, name);
    void *data = NULL;
    OrtTensorInfo *info = NULL;
    if (i == NONE || !graph->outputs[i] || graph->contract->outputs[i].dtype != dtype)
        stop(FAULT, "%s gives no %s that this program was written for", graph->contract->file, name);
    check(api->GetTensorTypeAndShape(graph->outputs[i], &info));
    check(api->GetTensorShapeElementCount(info, count));
    api->ReleaseTensorTypeAndShapeInfo(info);
    check(api->GetTensorMutableData(graph->outputs[i], &data));
    return data;
}

/* Computes the outputs. */
static inline void run(Graph *graph)
{
    static const char *const numbers[] = {"logits", "log_probs"};
    const Contract *contract = graph->contract;
    for (int i = 0; i < contract->input_count; i++)
        if (!graph->inputs[i])
            stop(FAULT, "%s has an input %s, which this program does not know", contract->file, contract->inputs[i].name);
    for (int i = 0; i < contract->output_count; i++)
        replace(&graph->outputs[i], NULL);
    check(api->Run(graph->session, NULL, graph->input_names, (const OrtValue *const *)graph->inputs,
                   (size_t)contract->input_count, graph->output_names, (size_t)contract->output_count, graph->outputs));
    for (int n = 0; n < 2; n++) {
        size_t count = 0;
        const float *found = NULL;
        if (output_of(graph, numbers[n]) != NONE)
            found = result(graph, numbers[n], DTYPE_FLOAT32, &count);
        for (size_t i = 0; i < count; i++)
            if (!isfinite(found[i]))
                stop(FAULT, "the model is damaged: it computes no numbers");
    }
}

static inline void close_graph(Graph *graph)
{
    for (int i = 0; i < graph->contract->input_count + graph->contract->output_count; i++)
        replace(&graph->inputs[i], NULL); /* the outputs stand behind them */
    api->ReleaseSession(graph->session);
    free(graph->inputs);
    free(graph->input_names);
}

#endif
