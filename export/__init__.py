"""From a checkpoint to TorchScript and ONNX, with the proof that both equal eager PyTorch."""
