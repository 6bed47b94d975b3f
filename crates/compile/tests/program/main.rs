//! The program from outside.

#[cfg(test)]
mod one_shot;
