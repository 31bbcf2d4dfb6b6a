/* What is used of ONNX Runtime's C interface, so that its header need not be there.

   The library gives a table of functions that only ever grows at its end, so a place in it never changes. Functions
   return NULL, or a status that has to be released. C11 and C++17. */
#ifndef ORT_H
#define ORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define ORT_CALL __stdcall
#else
#define ORT_CALL
#endif

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue; /* a tensor */
typedef struct OrtAllocator OrtAllocator;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtTypeInfo OrtTypeInfo;
typedef struct OrtTensorInfo OrtTensorInfo; /* dtype and shape of a tensor */

typedef void(ORT_CALL *OrtUnused)(void);

/* The number behind a line is the function's place in the table; dtypes are those of contract.h. */
typedef struct {
    OrtUnused unused_0[2];
    const char *(ORT_CALL *GetErrorMessage)(const OrtStatus *);            /* 2 */
    OrtStatus *(ORT_CALL *CreateEnv)(int severity, const char *, OrtEnv **); /* 3 */
    OrtUnused unused_4[4];
    OrtStatus *(ORT_CALL *CreateSessionFromArray)(const OrtEnv *, const void *, size_t, const OrtSessionOptions *,
                                                  OrtSession **); /* 8 */
    OrtStatus *(ORT_CALL *Run)(OrtSession *, const OrtRunOptions *, const char *const *, const OrtValue *const *,
                               size_t, const char *const *, size_t, OrtValue **); /* 9 */
    OrtStatus *(ORT_CALL *CreateSessionOptions)(OrtSessionOptions **);            /* 10 */
    OrtUnused unused_11[11];
    OrtStatus *(ORT_CALL *SetSessionLogSeverityLevel)(OrtSessionOptions *, int); /* 22 */
    OrtUnused unused_23[1];
    OrtStatus *(ORT_CALL *SetIntraOpNumThreads)(OrtSessionOptions *, int); /* 24 */
    OrtUnused unused_25[5];
    OrtStatus *(ORT_CALL *SessionGetInputCount)(const OrtSession *, size_t *);  /* 30 */
    OrtStatus *(ORT_CALL *SessionGetOutputCount)(const OrtSession *, size_t *); /* 31 */
    OrtUnused unused_32[1];
    OrtStatus *(ORT_CALL *SessionGetInputTypeInfo)(const OrtSession *, size_t, OrtTypeInfo **);  /* 33 */
    OrtStatus *(ORT_CALL *SessionGetOutputTypeInfo)(const OrtSession *, size_t, OrtTypeInfo **); /* 34 */
    OrtUnused unused_35[1];
    OrtStatus *(ORT_CALL *SessionGetInputName)(const OrtSession *, size_t, OrtAllocator *, char **);  /* 36 */
    OrtStatus *(ORT_CALL *SessionGetOutputName)(const OrtSession *, size_t, OrtAllocator *, char **); /* 37 */
    OrtUnused unused_38[10];
    OrtStatus *(ORT_CALL *CreateTensorAsOrtValue)(OrtAllocator *, const int64_t *shape, size_t rank, int dtype,
                                                  OrtValue **); /* 48 */
    OrtStatus *(ORT_CALL *CreateTensorWithDataAsOrtValue)(const OrtMemoryInfo *, void *, size_t bytes,
                                                          const int64_t *shape, size_t rank, int dtype,
                                                          OrtValue **); /* 49 */
    OrtUnused unused_50[1];
    OrtStatus *(ORT_CALL *GetTensorMutableData)(OrtValue *, void **); /* 51 */
    OrtUnused unused_52[3];
    OrtStatus *(ORT_CALL *CastTypeInfoToTensorInfo)(const OrtTypeInfo *, const OrtTensorInfo **); /* 55 */
    OrtUnused unused_56[4];
    OrtStatus *(ORT_CALL *GetTensorElementType)(const OrtTensorInfo *, int *);                     /* 60 */
    OrtStatus *(ORT_CALL *GetDimensionsCount)(const OrtTensorInfo *, size_t *);                    /* 61 */
    OrtStatus *(ORT_CALL *GetDimensions)(const OrtTensorInfo *, int64_t *, size_t);                /* 62 */
    OrtStatus *(ORT_CALL *GetSymbolicDimensions)(const OrtTensorInfo *, const char **, size_t);    /* 63 */
    OrtStatus *(ORT_CALL *GetTensorShapeElementCount)(const OrtTensorInfo *, size_t *);            /* 64 */
    OrtStatus *(ORT_CALL *GetTensorTypeAndShape)(const OrtValue *, OrtTensorInfo **);              /* 65 */
    OrtUnused unused_66[3];
    OrtStatus *(ORT_CALL *CreateCpuMemoryInfo)(int allocator, int memory, OrtMemoryInfo **); /* 69 */
    OrtUnused unused_70[6];
    OrtStatus *(ORT_CALL *AllocatorFree)(OrtAllocator *, void *); /* 76 */
    OrtUnused unused_77[1];
    OrtStatus *(ORT_CALL *GetAllocatorWithDefaultOptions)(OrtAllocator **); /* 78 */
    OrtUnused unused_79[13];
    void(ORT_CALL *ReleaseEnv)(OrtEnv *);               /* 92 */
    void(ORT_CALL *ReleaseStatus)(OrtStatus *);         /* 93 */
    void(ORT_CALL *ReleaseMemoryInfo)(OrtMemoryInfo *); /* 94 */
    void(ORT_CALL *ReleaseSession)(OrtSession *);       /* 95 */
    void(ORT_CALL *ReleaseValue)(OrtValue *);           /* 96 */
    OrtUnused unused_97[1];
    void(ORT_CALL *ReleaseTypeInfo)(OrtTypeInfo *);                /* 98 */
    void(ORT_CALL *ReleaseTensorTypeAndShapeInfo)(OrtTensorInfo *); /* 99 */
    void(ORT_CALL *ReleaseSessionOptions)(OrtSessionOptions *);    /* 100 */
} OrtApi;

#ifdef __cplusplus
static_assert(offsetof(OrtApi, ReleaseSessionOptions) == 100 * sizeof(OrtUnused), "the places in the table");
#else
_Static_assert(offsetof(OrtApi, ReleaseSessionOptions) == 100 * sizeof(OrtUnused), "the places in the table");
#endif

#endif
