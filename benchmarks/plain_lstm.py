"""The peer of the process figures: an LSTM in plain PyTorch, as one would use it without the toolkit.

    python plain_lstm.py generate CHECKPOINT          print 50 characters
    python plain_lstm.py export CHECKPOINT FILE       write an .onnx file of one step, unchecked

It reads the same checkpoint as the toolkit does (which is a plain dict), and imports torch alone.
"""

import sys

import torch
from torch import Tensor, nn


class PlainLstm(nn.Module):
    """One step: ids [N], h and c [L, N, H] -> logits [N, V], next h and c."""

    def __init__(self, checkpoint: str) -> None:
        super().__init__()
        payload = torch.load(checkpoint, weights_only=True)["payload"]
        shape = payload["network"]
        self.vocab = payload["tokenizer"]["vocab"]
        self.embedding = nn.Embedding(len(self.vocab), shape["embedding_size"])
        self.rnn = nn.LSTM(shape["embedding_size"], shape["hidden_size"], shape["num_layers"])
        self.output = nn.Linear(shape["hidden_size"], len(self.vocab))
        self.load_state_dict(payload["weights"])

    def forward(self, ids: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        hidden, (h, c) = self.rnn(self.embedding(ids)[None], (h, c))
        return self.output(hidden[0]), h, c

    def init_state(self, batch_size: int) -> tuple[Tensor, Tensor]:
        """Zeros."""
        shape = (self.rnn.num_layers, batch_size, self.rnn.hidden_size)
        return torch.zeros(shape), torch.zeros(shape)


@torch.no_grad()
def generate(model: PlainLstm, prompt: str, length: int, *, temperature: float, top_k: int) -> str:
    """Sample one character after another."""
    torch.set_num_threads(1)  # fastest for one sequence, and what the toolkit uses
    text = prompt
    h, c = model.init_state(1)
    for character in prompt:
        logits, h, c = model(torch.tensor([model.vocab.index(character)]), h, c)
    for _ in range(length):
        best, ids = torch.topk(logits[0] / temperature, top_k)
        chosen = ids[torch.multinomial(torch.softmax(best, 0), 1)]
        text += model.vocab[chosen]
        logits, h, c = model(chosen, h, c)
    return text


def export(model: PlainLstm, path: str) -> None:
    """One call of the exporter; nothing is compared with anything."""
    batch = torch.export.Dim("N")
    torch.onnx.export(
        model,
        (torch.zeros(2, dtype=torch.int64), *model.init_state(2)),
        path,
        dynamo=True,
        input_names=["input_ids", "h0", "c0"],
        output_names=["logits", "next_h0", "next_c0"],
        dynamic_shapes={"ids": {0: batch}, "h": {1: batch}, "c": {1: batch}},
        external_data=False,
    )


if __name__ == "__main__":
    what, checkpoint, *rest = sys.argv[1:]
    lstm = PlainLstm(checkpoint).eval()
    if what == "generate":
        print(generate(lstm, "月光", 50, temperature=0.8, top_k=40))
    else:
        export(lstm, *rest)
