// ONNX Runtime and the .onnx files: found, compared with what model.h tells, and opened.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "library.h"
#include "model.h"
#include "sha256.h"

// ONNX Runtime's functions, found at first use.
inline const OrtApi &ort()
{
    static const OrtApi *const api = [] {
        std::array<char, 1024> reason{};
        const OrtApi *found = load_ort(reason.data(), reason.size());
        if (!found)
            throw std::runtime_error(reason.data());
        return found;
    }();
    return *api;
}

struct Release {
    void operator()(OrtStatus *owned) const { ort().ReleaseStatus(owned); }
    void operator()(OrtEnv *owned) const { ort().ReleaseEnv(owned); }
    void operator()(OrtSession *owned) const { ort().ReleaseSession(owned); }
    void operator()(OrtSessionOptions *owned) const { ort().ReleaseSessionOptions(owned); }
    void operator()(OrtValue *owned) const { ort().ReleaseValue(owned); }
    void operator()(OrtTensorInfo *owned) const { ort().ReleaseTensorTypeAndShapeInfo(owned); }
};

template <class T> using Owned = std::unique_ptr<T, Release>;

inline void check(OrtStatus *status)
{
    if (const Owned<OrtStatus> failed{status}) {
        const std::string message = ort().GetErrorMessage(failed.get());
        throw std::runtime_error("ONNX Runtime: " + message.substr(0, message.find('\n')));
    }
}

// Calls a function of ONNX Runtime whose last argument is where to put what it makes.
template <class T, class Function, class... Arguments> Owned<T> made(Function function, Arguments... arguments)
{
    T *found = nullptr;
    check(function(arguments..., &found));
    return Owned<T>(found);
}

// Some values that belong to somebody else.
template <class T> struct View {
    T *data;
    std::size_t size;
    T *begin() const { return data; }
    T *end() const { return data + size; }
};

template <class T> constexpr Dtype dtype_of();
template <> constexpr Dtype dtype_of<float>() { return DTYPE_FLOAT32; }
template <> constexpr Dtype dtype_of<std::int64_t>() { return DTYPE_INT64; }
template <> constexpr Dtype dtype_of<bool>() { return DTYPE_BOOL; }
template <> constexpr Dtype dtype_of<char>() { return DTYPE_UINT8; }

// What model.h tells of a graph, or nullptr: the model does not have it.
inline const Contract *find_contract(std::string_view graph)
{
    const auto found = std::find_if(std::begin(CONTRACTS), std::end(CONTRACTS),
                                    [=](const Contract &contract) { return contract.graph == graph; });
    return found == std::end(CONTRACTS) ? nullptr : found;
}

// The bytes of the .onnx file of a contract, from the first of some folders that has it.
inline std::vector<unsigned char> read_file(const std::vector<std::filesystem::path> &folders, const Contract &contract)
{
    const std::string name = contract.file;
    std::ifstream file;
    for (const auto &folder : folders)
        if (file.open(folder / name, std::ios::binary); file)
            break;
    if (!file)
        throw std::runtime_error(name + " is missing, or cannot be read; option --model names its folder");
    std::vector<unsigned char> data(contract.bytes + 1); // one more tells that the file is longer
    file.read(reinterpret_cast<char *>(data.data()), static_cast<std::streamsize>(data.size()));
    data.resize(static_cast<std::size_t>(file.gcount()));
    std::array<char, 65> hash{};
    sha256(data.data(), data.size(), hash.data());
    if (data.size() != contract.bytes || hash.data() != std::string_view(contract.sha256))
        throw std::runtime_error(name +
                                 " is not the file that this program was made for: it was altered, cut off or exchanged");
    return data;
}

// Opens the file of a graph.
inline Owned<OrtSession> open_session(const OrtEnv *environment, const std::vector<std::filesystem::path> &folders,
                                      const Contract &contract)
{
    const auto options = made<OrtSessionOptions>(ort().CreateSessionOptions);
    check(ort().SetIntraOpNumThreads(options.get(), 1)); // in a small model a second thread costs more than it gives
    check(ort().SetSessionLogSeverityLevel(options.get(), ORT_SILENT)); // faults come as exceptions
    const auto data = read_file(folders, contract);
    auto session = made<OrtSession>(ort().CreateSessionFromArray, environment, data.data(), data.size(), options.get());
    if (!keeps(&ort(), session.get(), &contract))
        throw std::runtime_error(std::string(contract.file) +
                                 " does not have the inputs and outputs that this program was made for");
    return session;
}
