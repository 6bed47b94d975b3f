//! Sources, spans and diagnostics: where the operator's text is wrong and how to mend it.
//!
//! A diagnostic is for text somebody wrote; an error (each crate's own enum) is for a deed that
//! failed. Diagnostics are collected, never thrown, so that one run names everything.
//! This crate opens no file: whoever reads a file adds its text to [`Sources`].
#![forbid(unsafe_code)]

mod diagnostic;
mod render;
mod source;

pub use diagnostic::{Code, Diagnostic, Diagnostics, Level};
pub use render::{JsonDiagnostic, Paint, render};
pub use source::{FileId, Place, Sources, Span};
