//! End to end: real programs, ours and the ancestors' by the same script.
