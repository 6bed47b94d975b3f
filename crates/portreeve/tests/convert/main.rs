//! What is converted decides as what it was converted from.
#![forbid(unsafe_code)]

#[cfg(test)]
mod hosts;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod rules;
