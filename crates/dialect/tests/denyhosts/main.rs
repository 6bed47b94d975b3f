//! DenyHosts' configuration and lists, read from texts; the book's tables are made of the registries.

mod book;
mod findings;
mod support;
mod whole;
