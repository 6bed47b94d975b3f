//! Admission: facts in, verdict out.
#![forbid(unsafe_code)]
