"""Sequence-to-sequence models on torch: a checkpoint run eagerly, and the two TorchScript files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.bundle import (
    DECODER_TORCHSCRIPT,
    ENCODER_TORCHSCRIPT,
    SEQ2SEQ,
    SOURCE,
    TARGET,
    Bundle,
    ModelInfo,
    network_signatures,
)
from toolkit.seq2seq import Encoded, Weights
from toolkit.signature import Signature
from toolkit.step_model import Ids, Logits, State
from toolkit.translator import Translator

from .checkpoint import Checkpoint
from .seq2seq_rnn import Seq2SeqRNN
from .torch_steps import checkpoint_of, open_torchscript, resolve_torch_device


def network_facts(network: Seq2SeqRNN) -> dict[str, Any]:
    """What model.json says of the network."""
    o = network.options
    sizes = {"memory_size": o.memory_size, "source_vocab_size": network.source_size, "vocab_size": network.target_size}
    return {**o.to_dict(), **sizes}


class EagerSeq2Seq:
    """A network as it was trained: torch's own fused modules, the decoder over sequences of length one.

    The arithmetic has the precision of the network's weights: float32, or float64 after ``.double()``.
    """

    def __init__(self, network: Seq2SeqRNN) -> None:
        self._network = network.eval()
        self.signatures: Mapping[str, Signature] = network_signatures(
            SEQ2SEQ, network_facts(network), network.target_size
        )

    @property
    def device(self) -> str:
        """Where the weights are."""
        return self._network.device.type

    @torch.no_grad()
    def encode(self, input_ids: Ids, lengths: Ids) -> Encoded:
        """Read sources; see `toolkit.seq2seq.Seq2SeqBackend.encode`."""
        device = self._network.device
        memory, state = self._network.encoder(torch.from_numpy(input_ids).to(device), torch.from_numpy(lengths))
        return Encoded(memory.cpu().numpy(), lengths, tuple(part.cpu().numpy() for part in state))

    @torch.no_grad()
    def step(self, input_ids: Ids, state: State, source: Encoded) -> tuple[Logits, State, Weights | None]:
        """One target token for each sequence; see `toolkit.seq2seq.Seq2SeqBackend.step`."""
        weight = self._network.decoder.output.weight
        memory, *states = (torch.from_numpy(part).to(weight.device, weight.dtype) for part in (source.memory, *state))
        ids, lengths = (torch.from_numpy(part).to(weight.device) for part in (input_ids, source.lengths))
        logits, after, weights = self._network.decoder(ids[:, None], tuple(states), memory, lengths)
        found = None if weights is None else weights[:, 0].cpu().numpy()
        return logits[:, 0].cpu().numpy(), tuple(part.cpu().numpy() for part in after), found


class TorchScriptSeq2Seq:
    """The two .ts.pt files of a bundle."""

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, signatures: Mapping[str, Signature], device: torch.device
    ) -> None:
        self._encoder, self._decoder = encoder, decoder
        self._device = device
        self.signatures = signatures
        self._attends = len(signatures["decoder"].inputs) > 1 + len(signatures["decoder"].states)

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._device.type

    @torch.no_grad()
    def encode(self, input_ids: Ids, lengths: Ids) -> Encoded:
        """Read sources; see `toolkit.seq2seq.Seq2SeqBackend.encode`."""
        outputs: tuple[Tensor, ...] = self._encoder(
            *(torch.from_numpy(p).to(self._device) for p in (input_ids, lengths))
        )
        memory, *state = (part.cpu().numpy() for part in outputs)
        return Encoded(memory, lengths, tuple(state))

    @torch.no_grad()
    def step(self, input_ids: Ids, state: State, source: Encoded) -> tuple[Logits, State, Weights | None]:
        """One target token for each sequence; see `toolkit.seq2seq.Seq2SeqBackend.step`."""
        extra = (source.memory, source.lengths) if self._attends else ()
        args = [torch.from_numpy(part).to(self._device) for part in (input_ids, *state, *extra)]
        outputs: tuple[Tensor, ...] = self._decoder(*args)
        logits, *after = (part.cpu().numpy() for part in outputs)
        return logits, tuple(after[: len(state)]), after[len(state)] if self._attends else None


def torchscript_seq2seq(encoder: bytes, decoder: bytes, info: ModelInfo, device: str) -> TorchScriptSeq2Seq:
    """The bytes of encoder.ts.pt and decoder.ts.pt."""
    where = resolve_torch_device(device)
    modules = (
        open_torchscript(encoder, ENCODER_TORCHSCRIPT, where),
        open_torchscript(decoder, DECODER_TORCHSCRIPT, where),
    )
    return TorchScriptSeq2Seq(*modules, info.signatures, where)


def load_torchscript_translator(bundle: Bundle, device: str) -> Translator:
    """The TorchScript files of a bundle; see `toolkit.load_translator`."""
    files, info = (bundle.read(ENCODER_TORCHSCRIPT), bundle.read(DECODER_TORCHSCRIPT)), bundle.info
    backend = torchscript_seq2seq(*files, info, device)
    return Translator(
        backend, info.tokenizers[SOURCE], info.tokenizers[TARGET], longest_source=info.network.get("longest_source")
    )


def load_eager_translator(path: Path, device: str) -> Translator:
    """A checkpoint; see `toolkit.load_translator`."""
    checkpoint = checkpoint_of(path, SEQ2SEQ)
    return eager_translator(checkpoint, checkpoint.build().to(resolve_torch_device(device)))


def eager_translator(checkpoint: Checkpoint, network: Seq2SeqRNN) -> Translator:
    """A checkpoint's network with its vocabularies."""
    reads, writes = checkpoint.tokenizers[SOURCE], checkpoint.tokenizers[TARGET]
    return Translator(EagerSeq2Seq(network), reads, writes, longest_source=checkpoint.corpus["longest_source"])
