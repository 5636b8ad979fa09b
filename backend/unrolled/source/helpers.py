"""Functions that torch has no name for, as they stand at the top of a module that uses them."""

from __future__ import annotations

HELPERS: dict[str, str] = {
    "with_spectral_radius": '''\
def with_spectral_radius(matrix: Tensor, radius: float) -> Tensor:
    """The matrix, scaled so that its largest eigenvalue has this absolute value."""
    return matrix * (radius / torch.linalg.eigvals(matrix).abs().max())
''',
    "argmax": '''\
def argmax(scores: Tensor) -> Tensor:
    """The one-hot vector of the largest unit."""
    best = scores.argmax(dim=-1)
    return functional.one_hot(best, scores.shape[-1]).to(scores.dtype)
''',
    "sample": '''\
def sample(p: Tensor, generator: torch.Generator | None) -> Tensor:
    """One class of every distribution of a batch, as a one-hot vector."""
    drawn = torch.multinomial(p.detach(), 1, generator=generator)[:, 0]
    return functional.one_hot(drawn, p.shape[-1]).to(p.dtype)
''',
    "bernoulli": '''\
def bernoulli(q: Tensor, generator: torch.Generator | None) -> Tensor:
    """1 with probability q, else 0."""
    return torch.bernoulli(q.detach(), generator=generator)
''',
    "normal": '''\
def normal(
    mean: Tensor, deviation: Tensor, generator: torch.Generator | None
) -> Tensor:
    """A number from a normal distribution for every mean."""
    noise = torch.empty_like(mean).normal_(generator=generator)
    return mean + deviation * noise
''',
    "force": '''\
def force(
    target: Tensor,
    prediction: Tensor,
    forcing: float,
    generator: torch.Generator | None,
) -> Tensor:
    """Teacher forcing: the target with probability `forcing`, else the prediction."""
    size = (len(target),) + (1,) * (target.dim() - 1)
    chosen = torch.rand(size, generator=generator) < forcing
    return torch.where(chosen, target, prediction)
''',
    "spike": '''\
class Spike(torch.autograd.Function):
    """A step at 0; backward it has the slope of a fast sigmoid (Zenke & Ganguli 2018)."""

    @staticmethod
    def forward(ctx, u):
        ctx.save_for_backward(u)
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (u,) = ctx.saved_tensors
        return gradient / (1 + 10 * u.abs()) ** 2


def spike(u: Tensor) -> Tensor:
    """1 where u is not negative, else 0."""
    return Spike.apply(u)
''',
    "circular_convolve": '''\
def circular_convolve(w: Tensor, s: Tensor) -> Tensor:
    """Shift w around a circle by the distribution s over the shifts 0, 1, …"""
    shifted = [s[..., k, None] * w.roll(k, dims=-1) for k in range(w.shape[-1])]
    return torch.stack(shifted).sum(dim=0)
''',
    "sharpen": '''\
def sharpen(w: Tensor, power: Tensor) -> Tensor:
    """The weights to a power, made to sum to 1."""
    sharp = w**power
    return sharp / sharp.sum(dim=-1, keepdim=True)
''',
}
