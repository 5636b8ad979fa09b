"""The edges of chapter sections 1, 2 and 7 to 15, as the reference transcribes the figures.

Where the book draws an edge from y to y, the catalogue writes the way it takes: through the
unnormalised o and the distribution p that y is drawn from. `z` is what is fed back: the truth
while the forcing is 1.
"""

from __future__ import annotations

CHAIN = "x -> h : U; h -> h : W @1"
LOSS = "o -> L : -; y -> L : -; L -> loss : - @all"
READ = f"o -> p : -; {LOSS}"
READ_OUT = f"h -> o : V; {READ}"
TRUTH = "y -> z : -"
DRAWN = "p -> y : -"

UNFOLDING = {
    "unfolding": CHAIN,
    "unfolding/system": "s -> s : W @1",
    # section 2: θ is one node when folded, shared or not; a convolution reads a few neighbours
    "parameter-sharing": "x -> h : u; h -> h : w @1; h -> d : -",
    "parameter-sharing/unshared": "x -> h : K; h -> h : w @1; h -> d : -",
    "parameter-sharing/convolution": "x -> h : u; x -> h : u_1 @1; x -> h : u_2 @2; x -> h : u_3 @3; h -> d : -",
    "bptt": f"{CHAIN}; {READ_OUT}",
    "bptt/last": f"{CHAIN}; h -> o : V; o -> p : -; o -> L : -; y -> L : -; L -> loss : - @end",
}
# figure 10.6: one text for training and test; side by side, two chains without an edge between them
FORCING = f"x -> h : U; z -> h : W @1; h -> o : V; {TRUTH}; {LOSS}"
TEACHER = {
    "teacher-forcing/free-running": FORCING,
    "teacher-forcing/scheduled-sampling": FORCING,
    "teacher-forcing/together": (
        "x -> h : U; y -> h : W @1; h -> o : V; o -> L : -; y -> L : -; L -> gap : - @all; "
        "x -> g : U; r -> g : W @1; g -> r : V; r -> D : -; y -> D : -; D -> gap : - @all"
    ),
}
GRAPHICAL = {
    # figure 10.8: y -> h, h -> h @1, h -> y @1; figure 10.7 without h, for four steps
    "rnn-graphical-model": f"y -> h : U; h -> h : W @1; h -> o : V @1; {DRAWN}; {READ}",
    "rnn-graphical-model/observed": f"y -> h : U; h -> h : W @1; h -> o : V @1; {READ}",
    "rnn-graphical-model/markov": f"y -> o : V @1; {DRAWN}; {READ}",
    "rnn-graphical-model/complete": f"y -> o : V_1 @1; y -> o : V_2 @2; y -> o : V_3 @3; {DRAWN}; {READ}",
    # φ(t) is no node with values of its own, so section 3's edges stay: u reads the step's number
    "time-as-input": f"{CHAIN}; {READ_OUT}",
    "time-as-input/without": f"{CHAIN}; {READ_OUT}",
    "time-as-input/steps": f"{CHAIN}; {READ_OUT}",
}
CLOCK = "h -> h : W @1; q -> S : -; S -> S : - @1; q -> d : -; S -> d : - @1"
WRITTEN = "h -> h : W @1; h -> o : V; o -> p : -; p -> z : -"
LENGTH = {
    # section 10: the end symbol is one of p; the halt unit reads h; τ reaches h by the remaining steps, or not at all
    "sequence-length": f"{CLOCK}; {WRITTEN}; z -> h : U @1; p -> q : E",
    "sequence-length/halt": f"{CLOCK}; h -> y : V; h -> q : v; q -> m : -",
    "sequence-length/predicted": f"{WRITTEN}; d -> τ : K; τ -> r : -; r -> h : u",
    "sequence-length/cut": f"{WRITTEN}; d -> τ : K; τ -> r : -",
}
GENERATED = f"z -> h : U @1; h -> h : W @1; {TRUTH}; {READ_OUT}"
CONDITIONED = {
    # figure 10.9: R from x, without a time index, into every step, into h[0], or into both
    "vector-to-sequence": f"x -> h : R; {GENERATED}",
    "vector-to-sequence/initial": f"x -> h : R_0 into start+0; {GENERATED}",
    "vector-to-sequence/both": f"x -> h : R; x -> h : R_0 into start+0; {GENERATED}",
    "conditional-rnn": f"{CHAIN}; z -> h : R @1; {TRUTH}; {READ_OUT}",
    "conditional-rnn/independent": f"{CHAIN}; {TRUTH}; {READ_OUT}",
    "conditional-rnn/expectation": f"{CHAIN}; z -> h : R @1; {TRUTH}; {READ_OUT}",
    "bidirectional-rnn": f"{CHAIN}; x -> g : U_g; g -> g : W_g @-1; g -> o : V_g; {READ_OUT}",
    "bidirectional-rnn/forward": f"{CHAIN}; {READ_OUT}",
}
DECODER = f"s -> s : W_s @1; z -> s : U_s @1; {TRUTH}; s -> o : V; {READ}"
SCORES = "s -> e : W_a @1; e -> α : - @all; α -> r : - @all; r -> s : C_s; r -> o : Q"
ANNOTATION = "h -> e : U_a; h -> r : - @all"
TRANSLATION = {
    # figure 10.12 has C in all three places; s[0] of attention reads the backward state of x[1]
    "encoder-decoder": f"{CHAIN}; h -> C : - @end; C -> s : W_0 into start+0; C -> s : C_s; C -> o : Q; {DECODER}",
    "encoder-decoder/initial": f"{CHAIN}; h -> C : - @end; C -> s : W_0 into start+0; {DECODER}",
    "attention": (
        f"{CHAIN}; x -> g : U_g; g -> g : W_g @-1; {ANNOTATION}; g -> e : U_a; g -> r : - @all; "
        f"{SCORES}; g -> s : W_0 @1 into start+0; {DECODER}"
    ),
    "attention/forward": f"{CHAIN}; {ANNOTATION}; {SCORES}; h -> s : W_0 @1 into start+0; {DECODER}",
}
PATTERNS = {**UNFOLDING, **TEACHER, **GRAPHICAL, **LENGTH, **CONDITIONED, **TRANSLATION}
