//! Foreign configuration languages, read into the model.
