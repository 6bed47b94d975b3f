//! Finds the deeds in a source text: paths such as `std::fs::read`, however they are imported.
//!
//! This is a reader of paths, not of Rust: comments and literals are skipped, `use` trees are
//! unfolded, and what follows `#[cfg(test)]` (tests stand at the foot of a file) is left out.

/// Paths of the standard library that pure crates have no use for.
const DEEDS: [&[&str]; 12] = [
    &["std", "fs"],
    &["std", "net", "TcpStream"],
    &["std", "net", "TcpListener"],
    &["std", "net", "UdpSocket"],
    &["std", "net", "ToSocketAddrs"],
    &["std", "os", "unix", "net"],
    &["std", "thread"],
    &["std", "process"],
    &["std", "env"],
    &["std", "time", "SystemTime"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
];

/// Methods that read a clock, whatever their type was imported from.
const CLOCKS: [[&str; 2]; 3] = [["Instant", "now"], ["Timestamp", "now"], ["Zoned", "now"]];

/// Each deed with its line.
pub(super) fn deeds(source: &str) -> Vec<(usize, String)> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at].1.starts_with(is_word) {
            at += 1;
            continue;
        }
        let line = tokens[at].0;
        let mut paths = Vec::new();
        at = unfold(&tokens, at, &[], &mut paths);
        let deeds = paths.into_iter().filter(|path| is_deed(path));
        found.extend(deeds.map(|path| (line, path.join("::"))));
    }
    found
}

fn is_deed(path: &[String]) -> bool {
    let starts = |deed: &&[&str]| path.len() >= deed.len() && path.iter().zip(*deed).all(same);
    DEEDS.iter().any(starts)
        || path.windows(2).any(|pair| CLOCKS.iter().any(|clock| pair.iter().zip(clock).all(same)))
}

fn same((one, other): (&String, &&str)) -> bool {
    one == other
}

/// Reads the path, or tree of paths, that starts at a token; returns where it ends.
fn unfold(
    tokens: &[(usize, &str)],
    mut at: usize,
    above: &[String],
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let token = |at: usize| tokens.get(at).map_or("", |(_, token)| token);
    let mut path = above.to_vec();
    loop {
        match token(at) {
            "{" => {
                at += 1;
                while at < tokens.len() && token(at) != "}" {
                    at = match token(at) {
                        word if word == "{" || word.starts_with(is_word) => {
                            unfold(tokens, at, &path, paths)
                        }
                        _ => at + 1,
                    };
                }
                return at + 1;
            }
            word if word.starts_with(is_word) => {
                // `use std::fs::{self}` names `std::fs`.
                if word != "self" || path.is_empty() {
                    path.push(word.to_owned());
                }
                at += 1;
            }
            _ => break,
        }
        let joined =
            token(at) == "::" && (token(at + 1).starts_with(is_word) || token(at + 1) == "{");
        if !joined {
            break;
        }
        at += 1;
    }
    paths.push(path);
    at
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Words, `::` and single characters with their lines; no blanks, comments or literals, and
/// nothing from the tests on.
fn tokens(source: &str) -> Vec<(usize, &str)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => 1 + quoted(&rest[1..]),
            '\'' => character(rest),
            ':' if rest.starts_with("::") => 2,
            'r' if rest.starts_with("r\"") || rest.starts_with("r#") => raw(rest),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if !token.starts_with(['"', '\'', ' ', '\n', '\t'])
            && !token.starts_with("//")
            && !token.starts_with("/*")
        {
            found.push((line, token));
        }
        line += token.matches('\n').count();
        rest = after;
    }
    found
}

/// Length of a literal's content with its closing quote.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

/// Length of a character literal, or of the tick of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((from, escaped))) => {
            let from = from + escaped.len_utf8();
            text[from..].find('\'').map_or(text.len(), |end| from + end + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

/// Length of a raw literal, or of a raw identifier's mark.
fn raw(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 1 + hashes;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let from = 2 + hashes;
    text[from..].find(&close).map_or(text.len(), |end| from + end + close.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_are_found_however_they_are_imported() {
        for (source, want) in [
            ("use std::fs;", vec!["std::fs"]),
            ("fn f() { std::fs::read(p); }", vec!["std::fs::read"]),
            ("use std::{fs::{self, File}, fmt};", vec!["std::fs", "std::fs::File"]),
            ("use std::net::{IpAddr, TcpStream};", vec!["std::net::TcpStream"]),
            ("use std::time::{Duration, SystemTime as Now};", vec!["std::time::SystemTime"]),
            ("let t = Instant::now();", vec!["Instant::now"]),
            ("let t = jiff::Timestamp::now();", vec!["jiff::Timestamp::now"]),
            ("use std::{collections::{BTreeMap}, thread};", vec!["std::thread"]),
        ] {
            let found: Vec<_> = deeds(source).into_iter().map(|(_, path)| path).collect();
            assert_eq!(found, want, "{source}");
        }
    }

    #[test]
    fn what_is_no_deed_is_left_alone() {
        for source in [
            "use std::net::{IpAddr, Ipv4Addr}; use std::io::Write;",
            "// std::fs::read\n/* std::thread */ let a = \"std::fs\"; let b = r#\"std::fs\"\"#;",
            "let c = 'x'; let d = '\\''; let e: &'static str = \"\\\" std::env\";",
            "fn f(now: Instant) {} mod fs { fn now() {} }",
            "fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }",
        ] {
            assert_eq!(deeds(source), [], "{source}");
        }
    }

    #[test]
    fn the_line_is_told() {
        assert_eq!(deeds("//\n\"\n\"\nstd::env::var"), [(4, "std::env::var".to_owned())]);
    }
}
