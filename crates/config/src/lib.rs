//! Reads native TOML and imported dialects into one checked configuration.
#![forbid(unsafe_code)]
