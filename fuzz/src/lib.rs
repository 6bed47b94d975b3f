//! Mutated texts and messages for every reader, with what must hold of each.
//!
//! A [`targets::Target`] is an entry function and its invariants: the reader of native TOML, that
//! of xinetd.conf, those of what root's process is sent. [`engine`] feeds it with mutations of the
//! tests' own corpora, seeded, on any toolchain; [`cli`] does so in a process that it watches, so
//! that a hang, an abort or a hunger for memory is a finding too. The folder `libfuzzer` beside
//! this one hands the same targets to cargo-fuzz.
//!
//! It knows nothing of coverage: an input that leads to findings in a new combination is kept and
//! gone on from, which is as good a guide for readers that name everything they dislike.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "a tool for developers: it reads the tree, starts itself and measures time"
)]

pub mod cli;
mod corpus;
pub mod engine;
mod minimise;
mod mutate;
mod random;
mod readings;
mod supervise;
pub mod targets;
mod twin;
mod world;
