/* What a model remembers of a text: tensors that come out of a call and go into the next one. */
#ifndef STATES_H
#define STATES_H

#include "graph.h"

/* The states before anything was read: zeros. */
static inline void forget(Graph *graph)
{
    for (int i = 0; i < graph->contract->state_count; i++) {
        int place = input_of(graph, graph->contract->states[i].state);
        const TensorSpec *spec = &graph->contract->inputs[place];
        int64_t shape[MOST_AXES];
        size_t bytes = shape_of(spec, 1, shape) * dtype_size(spec->dtype);
        OrtValue *tensor = NULL;
        void *data = NULL;
        check(api->CreateTensorAsOrtValue(allocator, shape, (size_t)spec->rank, (int)spec->dtype, &tensor));
        check(api->GetTensorMutableData(tensor, &data));
        memset(data, 0, bytes);
        replace(&graph->inputs[place], tensor);
    }
}

/* What came out as the next states goes in at the next call. */
static inline void feed_back(Graph *graph)
{
    for (int i = 0; i < graph->contract->state_count; i++) {
        const StatePair *pair = &graph->contract->states[i];
        OrtValue **next = &graph->outputs[output_of(graph, pair->next)];
        replace(&graph->inputs[input_of(graph, pair->state)], *next);
        *next = NULL; /* it was handed over */
    }
}

/* What came out of one graph goes into another under the same name. */
static inline void hand_over(Graph *from, Graph *to)
{
    for (int i = 0; i < from->contract->output_count; i++) {
        int place = input_of(to, from->output_names[i]);
        if (place != NONE) {
            replace(&to->inputs[place], from->outputs[i]);
            from->outputs[i] = NULL;
        }
    }
}

#endif
