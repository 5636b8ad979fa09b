"""The edges of chapter sections 16 to 23, as the reference transcribes the figures."""

from __future__ import annotations

LOSS = "o -> L : -; y -> L : -; L -> loss : - @all"
DEEP = f"x -> e : U; e -> h : A; h -> m : W_m @1; m -> h : W; h -> q : Q; q -> o : V; {LOSS}"
LIQUID = (
    "x -> v : U; z -> v : W @1; v -> v : β @1; z -> v : - @1; v -> z : -; z -> r : -; r -> r : λ @1"
)
SECOND = "x -> g : U; e -> g : U; s -> g : W @1; g -> g : β @1; s -> g : - @1; g -> s : -; s -> q : -; q -> q : λ @1"
RESERVOIR = "x -> h : U; h -> h : W @1; h -> h : a @1"
LEAKY = "x -> u : U; h -> u : W @1"

TREE = "x -> h : V; h -> h : U @left; h -> h : W @right; h -> o : V_o @root; o -> loss : -; y -> loss : -"

DEPTH = {
    "recursive-net": TREE,
    "recursive-net/chain": TREE,
    "recursive-net/tensor": f"{TREE}; h -> h : T @left; h -> h : T @right",
    "deep-rnn": f"x -> h : U_1; h -> h : W_1 @1; h -> z : U_2; z -> z : W_2 @1; z -> o : V; {LOSS}",
    "deep-rnn/mlp": DEEP,
    "deep-rnn/skip": f"{DEEP}; h -> h : S @1",
    "long-term-dependencies": "h -> h : W @1; h -> n : -; h -> loss : - @end",
    "long-term-dependencies/eigen": "W -> h : -; h -> h : - @1; h -> a : -; q -> a : -",
    "long-term-dependencies/tanh": "h -> h : W @1; h -> n : -; h -> loss : - @end",
    "long-term-dependencies/independent": "w -> r : -; r -> r : - @1",
    "long-term-dependencies/figure": "h -> h : W @1; h -> o : v",
    "echo-state-network": f"{RESERVOIR}; h -> o : V; {LOSS}",
    "echo-state-network/copies": f"{RESERVOIR}; x -> g : U; g -> g : W @1; g -> g : a @1; h -> d : -; g -> d : -",
    "echo-state-network/transient": "h -> h : W @1; h -> d : -",
    "echo-state-network/apart": "h -> h : W @1; g -> g : W @1; q -> q : W @1",
    "liquid-state-machine": f"{LIQUID}; r -> o : V; {LOSS}",
    "liquid-state-machine/separation": f"{LIQUID}; {SECOND}; r -> d : -; q -> d : -",
    "time-skip-connections": (
        "x -> h : U; h -> h : W @1; h -> h : W_d @4; h -> o : V @end; o -> loss : -; y -> loss : -"
    ),
    "time-skip-connections/linear": "h -> h : w @1; h -> h : v @5; h -> loss : - @end",
    "leaky-units": f"{LEAKY}; h -> h : α @1; u -> h : α",
    "leaky-units/average": "μ -> μ : α @1; x -> μ : α",
    "leaky-units/spectrum": f"{LEAKY}; h -> h : α @1; u -> h : α",
    "leaky-units/learned": f"{LEAKY}; h -> h : - @1; u -> h : -; α -> h : -",
    "clockwork-rnn": f"{LEAKY}; k -> h : -; u -> h : -; h -> h : - @1; h -> o : V; {LOSS}",
    "clockwork-rnn/leaky": f"{LEAKY}; h -> h : α @1; u -> h : α; h -> o : V; {LOSS}",
}
