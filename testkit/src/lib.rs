//! Private hosts, ancestors and a naive evaluator, for tests alone.
