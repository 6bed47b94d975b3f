//! Whether a daemon list concerns a daemon.

use super::Why;

/// A three-valued answer: what depends on addresses is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    No,
    Open,
    Yes,
}

/// Whether a list concerns a daemon of this name on these ports, and how surely.
pub(super) fn concerns(list: &[String], name: &str, ports: &[u16]) -> Option<Why> {
    match matches(list, name, ports) {
        Match::No => None,
        Match::Open => Some(Why::MayMatch),
        Match::Yes => Some(Why::Matches),
    }
}

/// `a EXCEPT b EXCEPT c` is a except (b except c). An exception that is open excepts nobody.
fn matches(list: &[String], name: &str, ports: &[u16]) -> Match {
    let except = list.iter().position(|token| token.eq_ignore_ascii_case("EXCEPT"));
    let (tokens, tail) = list.split_at_checked(except.unwrap_or(list.len())).unwrap_or((list, &[]));
    let found = tokens.iter().map(|token| one(token, name, ports));
    let found = found.max().unwrap_or(Match::No);
    let excepted = tail.get(1..).map_or(Match::No, |tail| matches(tail, name, ports));
    match (found, excepted) {
        (Match::No, _) | (_, Match::Yes) => Match::No,
        (found, Match::No) => found,
        (_, Match::Open) => Match::Open,
    }
}

fn one(token: &str, name: &str, ports: &[u16]) -> Match {
    // `daemon@host` splits at the first `@` after the first character.
    let at = token.char_indices().skip(1).find(|(_, c)| *c == '@');
    match at.and_then(|(at, _)| token.get(..at)) {
        Some(daemon) if word(daemon, name, ports) => Match::Open,
        Some(_) => Match::No,
        None if word(token, name, ports) => Match::Yes,
        None => Match::No,
    }
}

fn word(token: &str, name: &str, ports: &[u16]) -> bool {
    let token = token.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    if let Some(port) = token.parse::<u16>().ok().filter(|_| digits) {
        return ports.contains(&port);
    }
    if token.contains(['*', '?']) {
        let token: Vec<char> = token.chars().collect();
        return glob(&token, &name.chars().collect::<Vec<_>>());
    }
    match token.as_str() {
        "all" => true,
        "known" => name != "unknown",
        _ if token.starts_with('.') => name.len() > token.len() && name.ends_with(&token),
        _ if token.ends_with('.') => name.starts_with(&token),
        _ => token == name,
    }
}

/// `*` is any text, `?` any character. Only the last star is tried again, so that the work is at
/// most the product of the lengths.
fn glob(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(here) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || c == here => {
                p += 1;
                t += 1;
            }
            Some(_) | None => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemon_lists_concern_whom_the_library_would_match() {
        for (list, want) in [
            ("sshd", Some(Why::Matches)),
            ("SSHD", Some(Why::Matches)),
            ("ALL", Some(Why::Matches)),
            ("known", Some(Why::Matches)),
            ("UNKNOWN", None),
            ("in.ftpd", None),
            ("in.ftpd sshd", Some(Why::Matches)),
            ("ssh.", None),
            ("ss*", Some(Why::Matches)),
            ("s?hd", Some(Why::Matches)),
            ("*d*d", None),
            ("*x*", None),
            ("22", Some(Why::Matches)),
            ("23", None),
            ("99999", None),
            ("sshd@192.0.2.1", Some(Why::MayMatch)),
            ("ALL@192.0.2.1", Some(Why::MayMatch)),
            ("ftpd@192.0.2.1", None),
            ("ALL EXCEPT sshd", None),
            ("ALL except ftpd", Some(Why::Matches)),
            ("ALL EXCEPT ALL EXCEPT sshd", Some(Why::Matches)),
            ("ALL EXCEPT sshd@192.0.2.1", Some(Why::MayMatch)),
            ("EXCEPT ftpd", None),
            ("sshd EXCEPT", Some(Why::Matches)),
            ("@group", None),
            ("", None),
        ] {
            let words: Vec<String> = list.split(' ').map(str::to_owned).collect();
            assert_eq!(concerns(&words, "sshd", &[22]), want, "{list}");
        }
    }
}
