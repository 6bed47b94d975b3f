//! The checked vocabulary of portreeve and the compiled configuration.
