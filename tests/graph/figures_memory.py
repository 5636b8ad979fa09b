"""The edges of chapter sections 30 and 31, memory outside the state, as the reference lists them."""

from __future__ import annotations


def address(key: str, content: str, gate: str, mixed: str, moved: str, turned: str, w: str) -> str:
    """{k, β}, M[t-1] -> w^c; w^c, g, w[t-1] -> w^g; w^g, s -> w~; w~, γ -> w."""
    return (
        f"{key} -> {content} : β; M -> {content} : β @1; {content} -> {mixed} : -; {gate} -> {mixed} : -; "
        f"{w} -> {mixed} : - @1; {mixed} -> {turned} : -; {moved} -> {turned} : -; {turned} -> {w} : -"
    )


WRITING = address("k", "c", "g", "m", "s", "z", "w")
READING = address("k_r", "c_r", "g_r", "m_r", "s_r", "z_r", "w_r")
WRITTEN = "M -> M : - @1; w -> M : -; e -> M : -; a -> M : -"
TASK = "x -> h : U; h -> h : W @1; r -> h : R @1; h -> o : V"
HEADS = """
    h -> k : W_k; h -> g : w_g; h -> s : W_s; h -> e : W_e; h -> a : W_a
    h -> k_r : V_k; h -> g_r : v_g; h -> s_r : V_s
"""

# a fact is a pair: x in the reference is n here, the sum of its two words
FACTS = (
    "x -> n : -; y -> n : -; n -> m : A; n -> c : C; q -> u : B; p -> o : - @all; c -> o : - @all"
)
SOFT = "u -> e : β; m -> e : β; e -> p : - @all"
SECOND = "n -> m_2 : A_2; n -> c_2 : C_2; v -> e_2 : β; m_2 -> e_2 : β; e_2 -> p_2 : - @all; p_2 -> o_2 : - @all; c_2 -> o_2 : - @all"
# the largest score so far, and the first one that is the largest of all
LARGEST = (
    "u -> e : -; m -> e : -; e -> d : -; d -> d : - @1; e -> p : -; d -> p : - @1; d -> p : - @end"
)

MEMORY = {
    "ntm": f"{TASK}; {HEADS}; {WRITING}; {WRITTEN}; {READING}; M -> r : -; w_r -> r : -",
    "ntm/copy": f"{WRITING}; {WRITTEN}; M -> r : -; w -> r : -",
    "memory-network": f"{FACTS}; {SOFT}; o -> a : W; u -> a : W",
    "memory-network/hops": f"{FACTS}; {SOFT}; u -> v : -; o -> v : -; {SECOND}; o_2 -> a : W; v -> a : W",
    "memory-network/hard": f"{FACTS}; {LARGEST}; o -> a : W; u -> a : W",
}
