//! Python's regular expressions, as fail2ban's filters are written in them.
//!
//! A pattern is read by the rules of Python's `re` for text into one tree. From it come two
//! programs. What a finite automaton can do goes to `regex-automata`, whose time is linear in the
//! line. Look-around, back references, conditionals and possessive repeats go to a backtracking
//! matcher that counts every step and gives up at a limit; before it runs, a finite automaton that
//! accepts at least as much is asked.

mod ast;
mod atom;
pub(super) mod backtrack;
mod class;
mod literal;
mod neighbour;
mod parse;
mod plain;

pub(super) use ast::{Assert, Greed, Node, Tree};
pub(super) use literal::needed;
pub(super) use parse::{Fault, Flags, parse};
pub(super) use plain::{Automaton, Shape};
