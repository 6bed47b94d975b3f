//! The entry by which xinetd or inetd came to a port: for the message only.

use portreeve_sys::file::read_bounded;
use std::fs;
use std::path::PathBuf;

/// The most files of a folder, and the most of each.
const MOST_FILES: usize = 256;
const MOST_BYTES: usize = 256 << 10;

/// The place of the first entry for this port, where the program is one of the two.
pub(super) fn entry(program: &str, port: u16) -> Option<String> {
    let is = match program {
        "xinetd" => xinetd_line,
        "inetd" | "inetutils-inetd" | "openbsd-inetd" => inetd_line,
        _ => return None,
    };
    let names = names_of(port);
    files(program).into_iter().find_map(|path| {
        let content = read_bounded(&path, MOST_BYTES).ok()?;
        let text = String::from_utf8_lossy(&content.bytes).into_owned();
        let line = text.lines().position(|line| is(line, port, &names))?;
        Some(format!("{}:{}", path.display(), line + 1))
    })
}

fn files(program: &str) -> Vec<PathBuf> {
    let (file, folder) = match program {
        "xinetd" => ("/etc/xinetd.conf", "/etc/xinetd.d"),
        _ => ("/etc/inetd.conf", "/etc/inetd.d"),
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.insert(0, file.into());
    files
}

/// The names that `/etc/services` has for a TCP port.
fn names_of(port: u16) -> Vec<String> {
    let content = read_bounded("/etc/services".as_ref(), 4 << 20);
    let text = content.map(|c| String::from_utf8_lossy(&c.bytes).into_owned()).unwrap_or_default();
    let wanted = format!("{port}/tcp");
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    words
        .filter(|words| words.get(1) == Some(&wanted.as_str()))
        .flat_map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// `service NAME`, or `port = N`, in xinetd's language.
fn xinetd_line(line: &str, port: u16, names: &[String]) -> bool {
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    match words.as_slice() {
        ["service", name, ..] => names.iter().any(|n| n == name.trim_end_matches('{')),
        ["port", "=", number, ..] => number.parse() == Ok(port),
        _ => false,
    }
}

/// `NAME stream tcp …` in inetd's, maybe with an address before the name.
fn inetd_line(line: &str, port: u16, names: &[String]) -> bool {
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let Some(name) = words.first().filter(|_| words.get(1) == Some(&"stream")) else {
        return false;
    };
    let name = name.rsplit(':').next().unwrap_or_default();
    name.parse() == Ok(port) || names.iter().any(|n| n == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_known_by_name_and_by_number() {
        let names = ["ssh".to_owned()];
        for (line, want) in [
            ("service ssh", true),
            ("  port = 22", true),
            ("service finger", false),
            ("# ssh", false),
        ] {
            assert_eq!(xinetd_line(line, 22, &names), want, "{line}");
        }
        for (line, want) in [
            ("ssh stream tcp nowait root /usr/sbin/sshd sshd -i", true),
            ("192.0.2.1:22\tstream tcp nowait root x", true),
            ("ssh dgram udp wait root x", false),
            ("#ssh stream tcp", false),
        ] {
            assert_eq!(inetd_line(line, 22, &names), want, "{line}");
        }
    }
}
