// One .onnx file, called by the names of its inputs and outputs, with the states that it carries from call to call.
#pragma once

#include <cmath>
#include <cstring>

#include "session.hpp"

class Graph {
public:
    Graph(const std::vector<std::filesystem::path> &folders, std::string_view name)
        : contract_(known(name)), environment_(made<OrtEnv>(ort().CreateEnv, ORT_SILENT, "model")),
          session_(open_session(environment_.get(), folders, contract_)),
          inputs_(static_cast<std::size_t>(contract_.input_count)),
          outputs_(static_cast<std::size_t>(contract_.output_count))
    {
        for (int i = 0; i < contract_.input_count; i++)
            input_names_.push_back(contract_.inputs[i].name);
        for (int i = 0; i < contract_.output_count; i++)
            output_names_.push_back(contract_.outputs[i].name);
        check(ort().GetAllocatorWithDefaultOptions(&allocator_));
    }

    bool has_states() const { return contract_.state_count > 0; }

    // Gives an input some values, which are copied; a graph that has none of that name does without. The axis that may
    // have any size has theirs.
    template <class T> void give(std::string_view name, View<const T> values)
    {
        const auto i = place_of(input_names_, name);
        if (i == input_names_.size())
            return;
        if (contract_.inputs[i].dtype != dtype_of<T>())
            throw std::runtime_error(std::string(name) + " is of another type than this program was written for");
        inputs_[i] = tensor(contract_.inputs[i], values.size, values.data);
    }
    template <class T> void give(std::string_view name, T value) { give(name, View<const T>{&value, 1}); }

    // The values of an output; they stay until the next call.
    template <class T> View<T> result(std::string_view name) const
    {
        const auto i = place_of(output_names_, name);
        if (i == output_names_.size() || !outputs_[i] || contract_.outputs[i].dtype != dtype_of<T>())
            throw std::runtime_error("there is no " + std::string(name) + " that this program was written for");
        const auto info = made<OrtTensorInfo>(ort().GetTensorTypeAndShape, outputs_[i].get());
        std::size_t size = 0;
        check(ort().GetTensorShapeElementCount(info.get(), &size));
        return {static_cast<T *>(data_of(outputs_[i])), size};
    }

    // Computes the outputs.
    void run()
    {
        std::vector<const OrtValue *> given;
        std::vector<OrtValue *> found(outputs_.size());
        for (const auto &input : inputs_)
            given.push_back(input.get());
        if (std::count(given.begin(), given.end(), nullptr))
            throw std::runtime_error(std::string(contract_.file) + " has an input that this program does not know");
        check(ort().Run(session_.get(), nullptr, input_names_.data(), given.data(), given.size(), output_names_.data(),
                        found.size(), found.data()));
        for (std::size_t i = 0; i < found.size(); i++)
            outputs_[i].reset(found[i]);
        for (const char *name : {"logits", "log_probs"})
            if (place_of(output_names_, name) < output_names_.size())
                for (const float number : result<float>(name))
                    if (!std::isfinite(number))
                        throw std::runtime_error("the model is damaged: it computes no numbers");
    }

    // The states before anything was read: zeros.
    void forget()
    {
        for (const StatePair &pair : states()) {
            const auto i = place_of(input_names_, pair.state);
            inputs_[i] = tensor(contract_.inputs[i], 1, nullptr);
        }
    }

    // What came out as the next states goes in at the next call.
    void feed_back()
    {
        for (const StatePair &pair : states())
            inputs_[place_of(input_names_, pair.state)] = std::move(outputs_[place_of(output_names_, pair.next)]);
    }

    // What came out of this graph goes into another one under the same name.
    void hand_over(Graph &to)
    {
        for (std::size_t i = 0; i < output_names_.size(); i++)
            if (const auto place = place_of(to.input_names_, output_names_[i]); place < to.input_names_.size())
                to.inputs_[place] = std::move(outputs_[i]);
    }

private:
    static std::size_t place_of(const std::vector<const char *> &names, std::string_view name)
    {
        return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    }

    static const Contract &known(std::string_view name)
    {
        if (const Contract *found = find_contract(name))
            return *found;
        throw std::runtime_error("this model has no graph " + std::string(name));
    }

    View<const StatePair> states() const { return {contract_.states, static_cast<std::size_t>(contract_.state_count)}; }

    static void *data_of(const Owned<OrtValue> &tensor)
    {
        void *data = nullptr;
        check(ort().GetTensorMutableData(tensor.get(), &data));
        return data;
    }

    // A tensor of some values, or of zeros.
    Owned<OrtValue> tensor(const TensorSpec &spec, std::size_t count, const void *values) const
    {
        std::array<std::int64_t, MOST_AXES> shape{};
        const auto bytes = shape_of(&spec, count, shape.data()) * dtype_size(spec.dtype);
        const auto rank = static_cast<std::size_t>(spec.rank);
        auto found = made<OrtValue>(ort().CreateTensorAsOrtValue, allocator_, shape.data(), rank, spec.dtype);
        if (values && bytes)
            std::memcpy(data_of(found), values, bytes);
        else if (bytes)
            std::memset(data_of(found), 0, bytes);
        return found;
    }

    const Contract &contract_;
    Owned<OrtEnv> environment_; // is released after the session
    Owned<OrtSession> session_;
    OrtAllocator *allocator_ = nullptr;
    std::vector<Owned<OrtValue>> inputs_, outputs_; // in the contract's order
    std::vector<const char *> input_names_, output_names_;
};
