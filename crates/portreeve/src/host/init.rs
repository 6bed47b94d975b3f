//! Which script of `/etc/init.d` started a process: the one that names a pid file with its number.

use portreeve_sys::file::read_bounded;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The most scripts, and the most of each.
const MOST_SCRIPTS: usize = 512;
const MOST_BYTES: usize = 256 << 10;

/// The most of a pid file.
const MOST_PID: usize = 64;

/// The script that started this process, if one names a pid file that says so.
pub(super) fn script_of(pid: u32) -> Option<String> {
    let entries = fs::read_dir("/etc/init.d").ok()?.flatten().take(MOST_SCRIPTS);
    let mut scripts: Vec<_> = entries.map(|entry| entry.path()).collect();
    scripts.sort();
    scripts.into_iter().find_map(|path| {
        let content = read_bounded(&path, MOST_BYTES).ok()?;
        let executable = content.mode & 0o111 != 0;
        let files = pid_files(&String::from_utf8_lossy(&content.bytes));
        let named = files.iter().any(|file| pid_in(Path::new(file)) == Some(pid));
        (executable && named).then(|| path.to_str().map(str::to_owned))?
    })
}

fn pid_in(file: &Path) -> Option<u32> {
    let content = read_bounded(file, MOST_PID).ok()?;
    String::from_utf8_lossy(&content.bytes).trim().parse().ok()
}

/// The pid files that a shell script names, its own plain variables filled in.
fn pid_files(script: &str) -> Vec<String> {
    let mut variables: BTreeMap<&str, String> = BTreeMap::new();
    for line in script.lines() {
        if let Some((name, value)) = line.split_once('=')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            let value = value.split([' ', ';', '\t']).next().unwrap_or_default();
            let value = filled(value.trim_matches(['"', '\'']), &variables);
            variables.insert(name, value);
        }
    }
    let ends = |c: char| c.is_ascii_whitespace() || "\"'=;|&<>()`".contains(c);
    let words = script.split(ends).filter(|word| word.contains(".pid") || word.contains('$'));
    let mut files: Vec<String> = words
        .map(|word| filled(word, &variables))
        .filter(|word| word.starts_with('/') && word.ends_with(".pid"))
        .collect();
    files.sort();
    files.dedup();
    files
}

/// A word with `$NAME` and `${NAME}` replaced, as far as they are known.
fn filled(word: &str, variables: &BTreeMap<&str, String>) -> String {
    let mut parts = word.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = match part.strip_prefix('{').and_then(|part| part.split_once('}')) {
            Some(split) => split,
            None => {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                part.split_at(part.find(|c| !is_name(c)).unwrap_or(part.len()))
            }
        };
        out.push_str(variables.get(name).map(String::as_str).unwrap_or_default());
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_files_are_found_whether_written_out_or_put_together() {
        for (script, want) in [
            ("start-stop-daemon --pidfile /run/sshd.pid --exec /usr/sbin/sshd", "/run/sshd.pid"),
            ("NAME=xinetd\nPIDFILE=/var/run/$NAME.pid # here\n", "/var/run/xinetd.pid"),
            ("N=\"a\"\nstart --pidfile=\"/run/${N}d/${N}.pid\"", "/run/ad/a.pid"),
        ] {
            assert_eq!(pid_files(script), [want], "{script}");
        }
        assert!(pid_files("echo $UNKNOWN.pid; rm -f x.pid").is_empty());
    }
}
