//! Foreign configuration languages, read into the model.
#![forbid(unsafe_code)]
