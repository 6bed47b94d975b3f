//! The table itself. Arrows point down, or within a row where it says so.

/// What a crate may depend on, of the workspace.
pub(super) enum Allowed {
    /// These alone; for its tests, `testkit` too.
    These(&'static [&'static str]),
    /// Whatever it likes: it stands beside the others.
    Anything,
}

/// Names without `portreeve-`.
const TABLE: [(&str, &[&str]); 24] = [
    // words
    ("diag", &[]),
    ("model", &["diag"]),
    // decisions
    ("dialect", &["model", "diag"]),
    ("policy", &["model", "lists", "ucspi", "wire"]),
    ("wire", &["model"]),
    ("supervise", &["model"]),
    ("ucspi", &["model", "diag"]),
    ("lists", &["model"]),
    ("detect", &["model"]),
    ("judge", &["model", "detect", "wire"]),
    // edges
    ("sys", &[]),
    ("sandbox", &["sys"]),
    ("config", &["dialect", "lists", "ucspi", "wire", "model", "diag", "sys"]),
    ("ledger", &["model", "wire"]),
    // programs
    ("compile", &["config", "sandbox", "wire", "sys", "model", "diag"]),
    ("monitor", &["policy", "supervise", "ucspi", "wire", "model", "sys"]),
    ("clerk", &["detect", "judge", "ledger", "sandbox", "wire", "model", "sys"]),
    ("relay", &["sandbox", "wire", "model", "sys"]),
    ("firewall", &["sandbox", "wire", "model", "sys"]),
    ("enforce", &["sandbox", "wire", "model", "sys"]),
    ("tools", &["supervise", "ucspi", "dialect", "policy", "model", "diag", "sys"]),
    (
        "portreeve",
        &[
            "config",
            "detect",
            "judge",
            "ledger",
            "dialect",
            "ucspi",
            "policy",
            "supervise",
            "wire",
            "model",
            "diag",
            "sys",
        ],
    ),
    // beside
    ("testkit", &["model", "policy"]),
    ("xtask", &["sys", "testkit"]),
];

/// Stand beside the others and may use all of them.
const BESIDE: [&str; 3] = ["tests", "benches", "fuzz"];

/// Words and decisions.
const PURE: [&str; 10] = [
    "diag",
    "model",
    "dialect",
    "policy",
    "wire",
    "ucspi",
    "lists",
    "supervise",
    "detect",
    "judge",
];

/// Crates from outside that do what words and decisions must not do.
pub(super) const DOES_DEEDS: [&str; 8] =
    ["tokio", "rustix", "libc", "mio", "socket2", "rusqlite", "tempfile", "rayon"];

/// What a crate may depend on, or nothing when the table does not know it.
pub(super) fn allowed(name: &str) -> Option<Allowed> {
    let row = TABLE.iter().find(|(known, _)| *known == name);
    match row {
        Some((_, names)) => Some(Allowed::These(names)),
        None => BESIDE.contains(&name).then_some(Allowed::Anything),
    }
}

/// Whether a crate decides and does nothing.
pub(super) fn is_pure(name: &str) -> bool {
    PURE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_never_go_round() {
        for (name, names) in TABLE {
            let mut reached: Vec<&str> = names.to_vec();
            let mut next = 0;
            while let Some(at) = reached.get(next).copied() {
                if let Some(Allowed::These(more)) = allowed(at) {
                    reached
                        .extend(more.iter().filter(|m| !reached.contains(m)).collect::<Vec<_>>());
                }
                next += 1;
            }
            assert!(!reached.contains(&name), "{name} reaches itself");
        }
    }
}
