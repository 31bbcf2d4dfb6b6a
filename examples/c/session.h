/* ONNX Runtime and the .onnx files: found, compared with what model.h tells, and opened. */
#ifndef SESSION_H
#define SESSION_H

#include "options.h"

#include "library.h"
#include "model.h"
#include "sha256.h"

static const OrtApi *api;     /* the functions of ONNX Runtime */
static OrtEnv *environment;   /* what its sessions share */
static OrtMemoryInfo *memory; /* where tensors are: in the memory of this program */
static OrtAllocator *allocator;

/* Ends the program if a function of ONNX Runtime failed. */
static inline void check(OrtStatus *status)
{
    if (status) {
        const char *message = api->GetErrorMessage(status);
        stop(FAULT, "ONNX Runtime: %.*s", (int)strcspn(message, "\n"), message); /* its first line */
    }
}

static inline void *reserve(size_t count, size_t size)
{
    void *found = calloc(count ? count : 1, size);
    if (!found)
        stop(FAULT, "there is not enough memory");
    return found;
}

/* What model.h tells of a graph, or NULL: the model does not have it. */
static inline const Contract *contract_of(const char *graph)
{
    for (size_t i = 0; i < sizeof CONTRACTS / sizeof *CONTRACTS; i++)
        if (strcmp(CONTRACTS[i].graph, graph) == 0)
            return &CONTRACTS[i];
    return NULL;
}

/* Opens a file in the folder of the options, else beside the program, else where the program was started. */
static inline FILE *open_file(const Options *options, const char *name)
{
    size_t folder = strlen(program), room = folder + strlen(name) + (options->folder ? strlen(options->folder) : 0) + 2;
    char *path = reserve(room, 1);
    FILE *file;
    while (folder && program[folder - 1] != '/' && program[folder - 1] != '\\')
        folder--;
    if (options->folder)
        snprintf(path, room, "%s/%s", options->folder, name);
    else
        snprintf(path, room, "%.*s%s", (int)folder, program, name);
    file = fopen(path, "rb");
    if (!file && !options->folder)
        file = fopen(name, "rb");
    if (!file)
        stop(FAULT, "%s is missing, or cannot be read; option --model names its folder", name);
    free(path);
    return file;
}

/* The bytes of an .onnx file, which are those that the program was made for. */
static inline unsigned char *read_file(const Options *options, const Contract *contract)
{
    unsigned char *data = reserve(contract->bytes + 1, 1); /* one more tells that the file is longer */
    FILE *file = open_file(options, contract->file);
    size_t size = fread(data, 1, contract->bytes + 1, file);
    char hash[65];
    fclose(file);
    sha256(data, size, hash);
    if (size != contract->bytes || strcmp(hash, contract->sha256) != 0)
        stop(FAULT, "%s is not the file that this program was made for: it was altered, cut off or exchanged",
             contract->file);
    return data;
}

/* Finds ONNX Runtime; once for all sessions. */
static inline void start_library(void)
{
    static char reason[1024];
    if (api)
        return;
    api = load_ort(reason, sizeof reason);
    if (!api)
        stop(FAULT, "%s", reason);
    check(api->CreateEnv(ORT_SILENT, "model", &environment)); /* faults come as sentences of this program */
    check(api->CreateCpuMemoryInfo(ORT_ARENA, ORT_DEFAULT_MEMORY, &memory));
    check(api->GetAllocatorWithDefaultOptions(&allocator));
}

/* Opens the file of a graph. */
static inline OrtSession *open_session(const Options *options, const Contract *contract)
{
    OrtSession *session = NULL;
    OrtSessionOptions *how = NULL;
    unsigned char *data = read_file(options, contract);
    start_library();
    check(api->CreateSessionOptions(&how));
    check(api->SetIntraOpNumThreads(how, 1)); /* in a small model a second thread costs more than it gives */
    check(api->SetSessionLogSeverityLevel(how, ORT_SILENT));
    check(api->CreateSessionFromArray(environment, data, contract->bytes, how, &session));
    api->ReleaseSessionOptions(how);
    free(data);
    if (!keeps(api, session, contract))
        stop(FAULT, "%s does not have the inputs and outputs that this program was made for", contract->file);
    return session;
}

/* Gives back what `start_library` took. */
static inline void stop_library(void)
{
    api->ReleaseMemoryInfo(memory);
    api->ReleaseEnv(environment);
}

#endif
