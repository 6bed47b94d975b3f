//! `%` in commands (hosts_access(5)): what a peer can influence is put into a shell command with
//! harmless characters alone.

use super::request::{Endpoint, Need, Request, Side, UNKNOWN};

/// Bytes of a text after expansion, at most.
pub const EXPANDED: usize = 8191;

/// The text would be longer than [`EXPANDED`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Request {
    /// The client as people read it: user, and name or address, as far as they are known.
    #[must_use]
    pub fn client_text(&self) -> Vec<u8> {
        let host = host(&self.client);
        match self.user_text() {
            Some(user) if !user.eq_ignore_ascii_case(UNKNOWN) => [user, b"@", host].concat(),
            _ => host.to_vec(),
        }
    }
}

/// Replaces `%` and the letter behind it. Bytes of a replacement that are not letters, digits or
/// one of `!@%-_=+:,./` become `_`; the text itself stays. What a letter asks for is found out by
/// `find_out`, which puts it into the request, when its turn comes: `%n`, `%N` and `%u` ask, the
/// others show what is known by then. Letters without a meaning become nothing, and are returned.
///
/// # Errors
/// [`TooLong`].
pub fn expand(
    text: &[u8],
    request: &mut Request,
    find_out: &mut dyn FnMut(Need, &mut Request),
) -> Result<(Vec<u8>, Vec<u8>), TooLong> {
    let mut out = Vec::new();
    let mut strange = Vec::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match bytes.next() {
                Some(b'%') => out.push(b'%'),
                Some(letter) => {
                    if let Some(need) = need(*letter, request) {
                        find_out(need, request);
                    }
                    match replacement(*letter, request) {
                        Some(text) => out.extend(text.into_iter().map(harmless)),
                        None => strange.push(*letter),
                    }
                }
                None => out.push(b'%'),
            },
            other => out.push(*other),
        }
        if out.len() > EXPANDED {
            return Err(TooLong);
        }
    }
    Ok((out, strange))
}

fn need(letter: u8, request: &Request) -> Option<Need> {
    let name = |side: Side| request.side(side).name_text().is_none().then_some(Need::Name(side));
    match letter {
        b'n' => name(Side::Client),
        b'N' => name(Side::Server),
        b'u' => request.user_text().is_none().then_some(Need::User),
        _ => None,
    }
}

fn harmless(byte: u8) -> u8 {
    let fine = byte.is_ascii_alphanumeric() || b"!@%-_=+:,./".contains(&byte);
    if fine { byte } else { b'_' }
}

fn replacement(letter: u8, request: &Request) -> Option<Vec<u8>> {
    let Request { client, server, .. } = request;
    let name = |end: &Endpoint| end.name_text().unwrap_or(UNKNOWN).to_vec();
    Some(match letter {
        b'a' => client.address_text().to_vec(),
        b'A' => server.address_text().to_vec(),
        b'h' => host(client).to_vec(),
        b'H' => host(server).to_vec(),
        b'n' => name(client),
        b'N' => name(server),
        b'r' => client.port.to_string().into_bytes(),
        b'R' => server.port.to_string().into_bytes(),
        b'c' => request.client_text(),
        b's' => match host(server) {
            host if host.eq_ignore_ascii_case(UNKNOWN) => request.daemon.clone(),
            host => [&request.daemon, &b"@"[..], host].concat(),
        },
        b'd' => request.daemon.clone(),
        b'p' => request.pid.to_string().into_bytes(),
        b'u' => request.user_text().unwrap_or(UNKNOWN).to_vec(),
        _ => return None,
    })
}

/// The name, or the address where there is none.
fn host(end: &Endpoint) -> &[u8] {
    match end.name_text() {
        Some(name) if end.has_name() => name,
        _ => end.address_text(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::{Name, User};
    use super::*;

    fn request() -> Request {
        let client = Endpoint {
            address: Some("192.0.2.10".into()),
            port: 4711,
            name: Name::Known(b"a`b$(c).example".to_vec()),
        };
        let user = User::Known(b"joe; rm -rf /".to_vec());
        Request { daemon: b"sshd".to_vec(), client, user, pid: 42, ..Request::default() }
    }

    fn expanded(text: &str, request: &mut Request) -> Result<(Vec<u8>, Vec<u8>), TooLong> {
        expand(text.as_bytes(), request, &mut |need, request| {
            assert_eq!(need, Need::Name(Side::Client));
            request.client.name = Name::Known(b"found".to_vec());
        })
    }

    #[test]
    fn what_a_peer_chose_is_harmless_and_the_text_is_left_alone() {
        for (text, want) in [
            ("`%h` $(%u)", "`a_b__c_.example` $(joe__rm_-rf_/)"),
            ("%a %A %r %R %d %p %%", "192.0.2.10 unknown 4711 0 sshd 42 %"),
            ("%c %s", "joe__rm_-rf_/@a_b__c_.example sshd"),
            ("%x%", "%"),
        ] {
            let (text, _) = expanded(text, &mut request()).expect("short enough");
            assert_eq!(String::from_utf8_lossy(&text), want);
        }
        assert_eq!(expanded("%x%y", &mut request()).map(|it| it.1), Ok(b"xy".to_vec()));
    }

    #[test]
    fn a_name_is_asked_for_by_its_letter_alone() {
        let mut request = request();
        request.client.name = Name::NotAsked;
        let (text, _) = expanded("%h %n %h", &mut request).expect("short enough");
        assert_eq!(String::from_utf8_lossy(&text), "192.0.2.10 found found");
    }

    #[test]
    fn a_text_that_grows_too_long_is_none() {
        let text = "%a".repeat(EXPANDED / 10);
        assert!(expanded(&text, &mut request()).is_ok());
        let text = "%a".repeat(EXPANDED / 10 + 1);
        assert_eq!(expanded(&text, &mut request()), Err(TooLong));
    }
}
