"""The edges of chapter sections 25 and 27 to 29, where the graph is the one of another section
and what is added is computed beside it."""

from __future__ import annotations

from graph.figures_patterns import LOSS

GATES_LSTM = """
    x -> f : U_f; h -> f : W_f @1; x -> g : U_g; h -> g : W_g @1; x -> q : U_o; h -> q : W_o @1
    f -> s : -; s -> s : - @1; g -> s : -; x -> s : U; h -> s : W @1; s -> h : -; q -> h : -
"""
# section 25: the LSTM, unchanged; k is the product of its forget gates; x[1] is what is recalled
RECALL = (
    f"{GATES_LSTM}; f -> k : -; k -> k : - @1; h -> o : V @end; o -> loss : -; x -> loss : - @1"
)

# section 27: d and k are the first and second derivative of h by w, by the rule of products
ERROR = "h -> E : -; h -> g : -; d -> g : -; h -> H : -; d -> H : -; k -> H : -"
NEWTON = "g -> r : -; H -> r : -; r -> n : -; g -> l : -; H -> m : -"
CROSSING = "h -> d : - @1; d -> k : - @1"

# section 28: r and p are the derivatives of x by w and by b; k is w σ'(x); a is dE/dx[end]
CLIFF = "x -> u : - @1; u -> k : -; k -> r : -; u -> r : -; r -> r : - @1; k -> p : -; p -> p : - @1; x -> z : - @end; z -> E : -; z -> a : -"
CLIPPED = (
    "g -> G : -; g -> c : -; G -> c : -; g -> e : -; c -> q : -; g -> q : -; e -> s : -; g -> s : -"
)

# section 29: δ[t], h[t] and W -> ω[t] by k, the product with the Jacobian; ω -> Ω -> J
FLOW = """
    x -> h : U; h -> h : W @1; k -> δ : - @-1; δ -> k : W; h -> k : W
    δ -> n : -; n -> l : -; n -> r : -; k -> r : -; r -> ω : -; ω -> Ω : - @all; Ω -> J : λ; loss -> J : -
"""

TRAINING = {
    "forget-bias": RECALL,
    "forget-bias/fan": RECALL,
    "optimization-long-term": f"h -> h : w @1; d -> d : w @1; k -> k : w @1; {CROSSING}; {ERROR}; {NEWTON}",
    "optimization-long-term/gate": (
        f"h -> h : - @1; d -> d : - @1; k -> k : - @1; {CROSSING}; {ERROR}; {NEWTON}; "
        "w -> h : -; w -> d : -; w -> k : -; w -> g : -; w -> H : -"
    ),
    "gradient-clipping": f"{CLIFF}; u -> x : w; u -> k : w; a -> g : -; r -> g : - @end; p -> g : - @end; {CLIPPED}",
    "gradient-clipping/descent": f"""
        {CLIFF}; u -> x : -; w -> x : -; b -> x : -; w -> k : -
        a -> G : -; r -> G : - @end; p -> G : - @end; G -> γ : -
        w -> w : - @1; γ -> w : ε @1; a -> w : - @1; r -> w : - @1 @end
        b -> b : - @1; γ -> b : ε @1; a -> b : - @1; p -> b : - @1 @end
    """,
    "gradient-clipping/vectors": f"{CLIPPED}; c -> n : - @all; g -> m : - @all; m -> a : -",
    "information-flow-regularizer": (
        f"{FLOW}; h -> o : V @end; o -> p : -; o -> loss : -; y -> loss : -; "
        "p -> k : V into end+1; y -> k : V into end+1"
    ),
    "information-flow-regularizer/every": f"{FLOW}; h -> o : V; o -> p : -; {LOSS}; p -> δ : V; y -> δ : V",
}
