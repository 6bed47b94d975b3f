//! The native detectors on lines in the programs' own words, and on what strangers make of them.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "tests read corpora")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod corpus;
mod support;
