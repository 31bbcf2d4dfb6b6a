"""The decode loop in TorchScript: the contract of generate.onnx for programs that load the .ts.pt with libtorch."""

import math

import torch
from torch import Tensor, nn


def _draw(weights: Tensor, u: Tensor) -> Tensor:
    """The first place [N, 1] whose cumulative weight exceeds u times the whole; weights [N, K] and u [N] float64."""
    cdf = weights.cumsum(1)
    return (cdf <= u[:, None] * cdf[:, -1:]).sum(1, keepdim=True)


def _sample(logits: Tensor, u: Tensor, temperature: float, top_k: int, top_p: float, min_p: float) -> Tensor:
    """`toolkit.sampling.choose` for a temperature above 0: ids [N, 1] from logits [N, V] and u float64 [N]."""
    log_min_p = math.log(min(min_p, 1.0)) if min_p > 0 else -math.inf
    best = logits.amax(1, keepdim=True)
    if top_k <= 0 and not top_p < 1:
        warped = (logits - best) / temperature
        weights = warped.exp()
        if min_p > 0:
            weights = weights * (warped >= log_min_p)
        return _draw(weights.double(), u)
    ranked, where = torch.sort(logits, dim=1, descending=True, stable=True)  # ties by id
    if top_k > 0:
        ranked, where = ranked[:, :top_k], where[:, :top_k]
    ranked = (ranked - best) / temperature
    weights = ranked.exp().double()
    keep = ranked >= log_min_p
    if top_p < 1:
        reached = weights.cumsum(1)
        before = torch.cat([torch.zeros_like(reached[:, :1]), reached[:, :-1]], 1)
        share = float(torch.tensor(top_p, dtype=torch.float32).double())
        keep = keep & ((before == 0) | (before < share * reached[:, -1:]))
    ids, order = where.sort(dim=1)
    return ids.gather(1, _draw((weights * keep).gather(1, order), u))


class DecodeLoop(nn.Module):
    """`generate` for a step module; subclasses give it the states one by one, as they do for `forward`.

    Args:
        output: hidden [N, H] -> logits [N, V].
        banned: bool [V], true for ids that are never written.
    """

    banned: Tensor

    def __init__(self, output: nn.Module, banned: Tensor) -> None:
        super().__init__()
        self.output = output
        self.register_buffer("banned", banned)

    def advance(self, input_ids: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read ids [N]: the hidden value [N, H] that the logits come from, and the next states [L, N, H]."""
        raise NotImplementedError

    def loop(
        self,
        input_ids: Tensor,
        lengths: Tensor,
        states: list[Tensor],
        used: Tensor,
        stopped: Tensor,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        min_p: float,
        repetition_penalty: float,
        stop_ids: Tensor,
        uniforms: Tensor,
    ) -> tuple[Tensor, Tensor, list[Tensor], Tensor, Tensor]:
        """See `toolkit.signature.generate_signature`; single numbers are plain numbers here."""
        vocab_size = self.banned.size(0)
        ids = torch.where((input_ids >= 0) & (input_ids < vocab_size), input_ids, 0)
        ids = torch.cat([torch.zeros_like(lengths)[:, None], ids], 1)  # an empty prompt starts from id 0
        lengths = lengths.clamp(0, input_ids.size(1))
        last = ids.gather(1, lengths[:, None])
        for row in range(1, int(lengths.max())):
            _, after = self.advance(ids[:, row], states)
            reads = (row < lengths)[:, None]
            states = [torch.where(reads, new, old) for new, old in zip(after, states)]  # noqa: B905 - TorchScript
        places = torch.arange(ids.size(1), device=ids.device)
        in_prompt = (places > 0) & (places <= lengths[:, None])
        used = used.scatter(1, torch.where(in_prompt, ids, last), torch.ones_like(ids, dtype=torch.bool))

        goes_on = torch.ones_like(self.banned)
        goes_on[stop_ids[(stop_ids >= 0) & (stop_ids < vocab_size)]] = False
        penalty = min(max(repetition_penalty, 0.01), 100.0) if not math.isnan(repetition_penalty) else 1.0
        numbers = torch.where(uniforms >= 0, uniforms.clamp(max=1 - 2.0**-24), 0.0).double()
        alive = ~stopped
        ids = last
        written: list[Tensor] = []
        log_probs: list[Tensor] = []
        for t in range(min(max_new_tokens, uniforms.size(0))):
            if not bool(alive.any()):
                break
            hidden, states = self.advance(ids[:, 0], states)
            logits = self.output(hidden).masked_fill(self.banned, -math.inf)
            penal = logits
            if penalty != 1.0:
                used = used.scatter(1, ids, torch.ones_like(ids, dtype=torch.bool))
                penal = torch.where(used, torch.where(logits > 0, logits / penalty, logits * penalty), logits)
            if temperature > 0:
                chosen = _sample(penal, numbers[t], min(temperature, 100.0), top_k, top_p, min_p)
            else:
                chosen = penal.argmax(1, keepdim=True)
            log_prob = logits.log_softmax(1).gather(1, chosen)
            ids = torch.where(alive[:, None], chosen, ids)
            written.append(ids)
            log_probs.append(torch.where(alive[:, None], log_prob, 0.0))
            alive = alive & goes_on[ids[:, 0]]
        none = last[:, :0]
        output_ids = torch.cat(written, 1) if len(written) > 0 else none
        used = used.scatter(1, output_ids, torch.ones_like(output_ids, dtype=torch.bool))
        return output_ids, torch.cat(log_probs, 1) if len(log_probs) > 0 else none.float(), states, used, ~alive
