/* ONNX Runtime, found when the program runs: nothing has to be linked. C11 and C++17. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include "contract.h"
#include "ort.h"

typedef struct {
    const OrtApi *(ORT_CALL *GetApi)(uint32_t version);
    const char *(ORT_CALL *GetVersionString)(void);
} OrtApiBase;

/* The version is the first that reads the .onnx files; later ones have the same functions. */
enum { ORT_SILENT = 4, ORT_VERSION = 18, ORT_ARENA = 1, ORT_DEFAULT_MEMORY = 0 };

/* The function that gives the table, or NULL where the library is not there. */
static inline const OrtApiBase *ort_base(const char *library)
{
    const OrtApiBase *(ORT_CALL * base)(void) = NULL;
#ifdef _WIN32
    HMODULE handle = LoadLibraryA(library);
    FARPROC found = handle ? GetProcAddress(handle, "OrtGetApiBase") : NULL;
#else
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void *found = handle ? dlsym(handle, "OrtGetApiBase") : NULL;
#endif
    if (found)
        memcpy(&base, &found, sizeof base); /* C has no cast from a pointer to data to one to a function */
    return base ? base() : NULL;
}

/* The table of functions; where there is none NULL, and `reason` tells what to do. */
static inline const OrtApi *load_ort(char *reason, size_t room)
{
#ifdef _WIN32
    static const char *const names[] = {"onnxruntime.dll"};
    if (!getenv("ORT_DISABLE_TELEMETRY")) /* is read when the library is loaded */
        _putenv_s("ORT_DISABLE_TELEMETRY", "1");
#else
#ifdef __APPLE__
    static const char *const names[] = {"libonnxruntime.dylib", "libonnxruntime.1.dylib"};
#else
    static const char *const names[] = {"libonnxruntime.so.1", "libonnxruntime.so"};
#endif
    setenv("ORT_DISABLE_TELEMETRY", "1", 0); /* is read when the library is loaded */
#endif
    const char *named = getenv("ONNXRUNTIME");
    const OrtApiBase *base = NULL;
    const OrtApi *api;
    if (named && *named)
        base = ort_base(named);
    else
        for (size_t i = 0; !base && i < sizeof names / sizeof *names; i++)
            base = ort_base(names[i]);
    if (!base) {
        snprintf(reason, room,
                 "%s%s. Give the path of ONNX Runtime's library in the environment variable ONNXRUNTIME. The library is "
                 "in the release archives of ONNX Runtime (lib/), and in its packages for Python (pip download "
                 "onnxruntime; a wheel is a zip archive, see onnxruntime/capi/) and for Node (onnxruntime-node)",
                 named && *named ? "ONNX Runtime cannot be loaded from " : "no ONNX Runtime was found: there is no ",
                 named && *named ? named : names[0]);
        return NULL;
    }
    api = base->GetApi(ORT_VERSION);
    if (!api)
        snprintf(reason, room, "ONNX Runtime %s is too old: 1.%d or later is needed", base->GetVersionString(),
                 ORT_VERSION);
    return api;
}

/* Whether one input or output, whose dtype and shape `type` holds, is as a contract says. */
static inline bool is_as_told(const OrtApi *api, const OrtTypeInfo *type, const TensorSpec *spec)
{
    const OrtTensorInfo *tensor = NULL;
    const char *letters[MOST_AXES];
    int64_t sizes[MOST_AXES];
    size_t rank = 0;
    int dtype = 0;
    OrtStatus *failed = api->CastTypeInfoToTensorInfo(type, &tensor);
    if (!failed && tensor)
        failed = api->GetTensorElementType(tensor, &dtype);
    if (!failed && tensor)
        failed = api->GetDimensionsCount(tensor, &rank);
    if (!failed && (!tensor || dtype != (int)spec->dtype || rank != (size_t)spec->rank))
        return false;
    if (!failed)
        failed = api->GetDimensions(tensor, sizes, rank);
    if (!failed)
        failed = api->GetSymbolicDimensions(tensor, letters, rank);
    for (int i = 0; !failed && i < spec->rank; i++) {
        int64_t letter = letters[i][0] && !letters[i][1] ? -letters[i][0] : 0;
        if ((sizes[i] < 0 ? letter : sizes[i]) != spec->axes[i])
            return false;
    }
    api->ReleaseStatus(failed);
    return !failed;
}

/* Whether a graph has the inputs and outputs that a contract tells, in that order. */
static inline bool keeps(const OrtApi *api, const OrtSession *session, const Contract *contract)
{
    size_t inputs = 0, outputs = 0;
    OrtAllocator *allocator = NULL;
    OrtStatus *failed = api->SessionGetInputCount(session, &inputs);
    if (!failed)
        failed = api->SessionGetOutputCount(session, &outputs);
    if (!failed)
        failed = api->GetAllocatorWithDefaultOptions(&allocator);
    bool same = !failed && inputs == (size_t)contract->input_count && outputs == (size_t)contract->output_count;
    for (size_t i = 0; same && i < inputs + outputs; i++) {
        bool in = i < inputs;
        size_t place = in ? i : i - inputs;
        const TensorSpec *spec = in ? &contract->inputs[place] : &contract->outputs[place];
        OrtTypeInfo *type = NULL;
        char *name = NULL;
        failed = (in ? api->SessionGetInputName : api->SessionGetOutputName)(session, place, allocator, &name);
        if (!failed)
            failed = (in ? api->SessionGetInputTypeInfo : api->SessionGetOutputTypeInfo)(session, place, &type);
        same = !failed && strcmp(name, spec->name) == 0 && is_as_told(api, type, spec);
        if (type)
            api->ReleaseTypeInfo(type);
        if (name)
            api->ReleaseStatus(api->AllocatorFree(allocator, name));
    }
    api->ReleaseStatus(failed);
    return same;
}

#endif
