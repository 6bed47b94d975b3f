//! The one sentence that says a session has authenticated, to the byte.

/// Whether this is `Accepted METHOD for NAME from A port P ssh2`, with or without `: MORE` behind it.
///
/// `auth_log` writes it as ``"%s %s%s%s for %s%.100s from %.200s port %d ssh2%s%s"``, and its first
/// word is that only after authentication. Whose session it is, the caller knows; here nobody is
/// named.
#[must_use]
pub fn authenticated(line: &[u8]) -> bool {
    let words = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix("Accepted "));
    let Some((method, rest)) = words.and_then(|words| words.split_once(" for ")) else {
        return false;
    };
    // From the right: a name may hold blanks, and words like these.
    let ends = rest.rmatch_indices(" ssh2").filter(|(at, found)| {
        let after = rest.get(at.saturating_add(found.len())..).unwrap_or_default();
        after.is_empty() || after.starts_with(": ")
    });
    super::sentence::is_method(method.as_bytes())
        && ends.filter_map(|(at, _)| rest.get(..at)).any(names_user_and_peer)
}

/// `NAME from A port P`.
fn names_user_and_peer(text: &str) -> bool {
    let Some((head, port)) = text.rsplit_once(" port ") else { return false };
    let Some((user, address)) = head.rsplit_once(" from ") else { return false };
    let number = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    number && !user.is_empty() && !address.is_empty() && !address.contains(' ')
}
