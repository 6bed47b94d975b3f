//! The crates from outside that are linked into the process that runs as root: a committed list.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cargo::{cargo, root};
use crate::cli::say;
use crate::program::output;

/// The package of that process.
const PACKAGE: &str = "portreeve-monitor";

/// The committed list.
const LIST: &str = "docs/root-dependencies.txt";

/// Most crates that may be linked in.
const MOST: usize = 40;

/// Compares what is with what was committed.
///
/// # Errors
/// When they differ, or there are too many.
pub(crate) fn check() -> Result<(), String> {
    let now = render(&Outside::ask()?);
    let path = path();
    let committed = std::fs::read_to_string(&path).map_err(|error| format!("{LIST}: {error}"))?;
    if now == committed {
        return Ok(());
    }
    let (now, committed) = (lines(&now), lines(&committed));
    for line in now.difference(&committed) {
        say(format_args!("+ {line}"));
    }
    for line in committed.difference(&now) {
        say(format_args!("- {line}"));
    }
    Err(format!("{LIST} is not what is linked; if it should be: cargo xtask deps --bless"))
}

/// Writes the list anew.
///
/// # Errors
/// When there are too many, or writing fails.
pub(crate) fn bless() -> Result<(), String> {
    let text = render(&Outside::ask()?);
    let path = path();
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(&path, text)).map_err(|error| format!("{LIST}: {error}"))
}

fn path() -> PathBuf {
    root().join(LIST)
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

/// Crates from outside, each as `name version`.
struct Outside {
    linked: BTreeSet<String>,
    /// Procedural macros and what they need: they run in the compiler.
    compiling: BTreeSet<String>,
}

impl Outside {
    fn ask() -> Result<Self, String> {
        let linked = tree("normal,no-proc-macro")?;
        let compiling = tree("normal")?.difference(&linked).cloned().collect();
        if linked.len() > MOST {
            let all: Vec<_> = linked.iter().map(String::as_str).collect();
            return Err(format!("{} of at most {MOST} crates: {}", all.len(), all.join(", ")));
        }
        Ok(Self { linked, compiling })
    }
}

fn tree(edges: &str) -> Result<BTreeSet<String>, String> {
    // One target, lest the list depend on the machine where it was written.
    let target = "x86_64-unknown-linux-gnu";
    let tree = ["tree", "--package", PACKAGE, "--edges", edges, "--target", target];
    let mut command = cargo(&tree);
    command.args(["--prefix", "none", "--format", "{p}"]);
    Ok(output(command)?.lines().filter_map(outside).collect())
}

/// `name v1.2.3`, with `(/a/path)` after crates of our own and other remarks after others.
fn outside(line: &str) -> Option<String> {
    let mut words = line.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    let own = words.any(|remark| remark.starts_with("(/"));
    (!own).then(|| format!("{name} {version}"))
}

fn render(outside: &Outside) -> String {
    let mut text = format!(
        "# Crates from outside in portreeved, the process that runs as root: {} of at most {MOST}.\n\
         # Written by `cargo xtask deps --bless`, compared by `cargo xtask deps`.\n",
        outside.linked.len()
    );
    for (heading, crates) in [
        ("linked", &outside.linked),
        ("only while compiling: procedural macros and what they need", &outside.compiling),
    ] {
        text += &format!("\n{heading}\n");
        crates.iter().for_each(|name| text += &format!("  {name}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_crates_and_remarks_are_left_out() {
        for (line, want) in [
            ("libc v0.2.191", Some("libc 0.2.191")),
            ("rustix v1.1.6 (*)", Some("rustix 1.1.6")),
            ("serde_derive v1.0.229 (proc-macro)", Some("serde_derive 1.0.229")),
            ("portreeve-sys v0.1.0 (/somewhere/crates/sys)", None),
            ("portreeve-sys v0.1.0 (/somewhere/crates/sys) (*)", None),
            ("", None),
        ] {
            assert_eq!(outside(line).as_deref(), want, "{line}");
        }
    }
}
