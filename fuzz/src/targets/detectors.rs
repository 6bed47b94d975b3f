//! Detectors, each beside a twin that tries every way to read a line.

use std::net::IpAddr;
use std::sync::LazyLock;

use portreeve_detect::{Finding, Named, Record, address, named};

use super::{Outcome, Target, signature};
use crate::twin::{
    Language,
    Leads::{Depends, Offence, Success},
    strict,
};

/// Addresses, beside a reader of our own.
pub(super) const ADDRESS: Target = Target {
    name: "address",
    about: "addresses as programs write them",
    check: addresses,
    seeds: || {
        lines(&[
            "192.0.2.1 192.000.2.1 1.2.3.4.5 256.1.1.1 1.2.3",
            "2001:db8::1 ::ffff:192.0.2.7 fe80::1%eth0 ::1:22",
            "host.example 192.0.2.1.example UNKNOWN",
        ])
    },
    words: || words(&[".", ":", "::", "0", "255", "256", "::ffff:", "%eth0", "192.0.2.7", " "]),
    longest: 256,
};

/// OpenSSH's sentences.
pub(super) const SSHD: Target = Target {
    name: "sshd",
    about: "what sshd says of its peers",
    check: |message| judged("sshd", &SSHD_SAYS, b"sshd", message),
    seeds: || {
        lines(&[
            "Invalid user x from 192.0.2.7 port 22",
            "Failed password for invalid user x from 192.0.2.7 port 22 ssh2: RSA SHA256:x",
            "error: PAM: Authentication failure for illegal user x from 192.0.2.7 via 192.0.2.1",
            "Connection closed by invalid user x 192.0.2.7 port 22 [preauth]",
            "Disconnecting authenticating user x 192.0.2.7 port 22: Too many [preauth]",
            "Received disconnect from 192.0.2.7 port 22:11: Bye [preauth]",
            "Received disconnect from 192.0.2.7: 11: Bye [preauth]",
            "User x from 192.0.2.7 not allowed because not listed in AllowUsers",
            "fatal: Timeout before authentication for connection from 192.0.2.7 to 192.0.2.1, pid = 9",
            "Accepted publickey for x from 192.0.2.7 port 22 ssh2: RSA-CERT ID x",
            "banner exchange: Connection from 192.0.2.7 port 22: invalid format",
            "Unable to negotiate with 192.0.2.7 port 22: no matching x. Their offer: y [preauth]",
            "Bad protocol version identification 'x' from 192.0.2.7 port 22",
            "refused connect from a@192.0.2.7 (192.0.2.8)",
        ])
    },
    words: || {
        words(&[
            " from ",
            " port 22",
            " ssh2",
            ": ",
            "invalid user ",
            "authenticating user ",
            " [preauth]",
            "198.51.100.7",
            "192.0.2.7",
            "::1",
            "error: ",
            "fatal: ",
            "Invalid user ",
            "Failed none for ",
            " via ",
            "Connection from ",
            " not allowed because ",
            "listed in DenyUsers",
            "'",
            " on ",
            "Accepted x for ",
            "message repeated 2 times: [ ",
            "]",
            "Connection reset by ",
            "host.example",
        ])
    },
    longest: 220,
};

/// Dropbear's sentences.
pub(super) const DROPBEAR: Target = Target {
    name: "dropbear",
    about: "what dropbear says of its peers",
    check: |message| judged("dropbear", &DROPBEAR_SAYS, b"dropbear", message),
    seeds: || {
        lines(&[
            "Bad password attempt for 'root' from 192.0.2.7:22",
            "Login attempt for nonexistent user from 192.0.2.7:22",
            "Exit before auth from <192.0.2.7:22>: (user 'x', 1 fails): Exited normally",
            "Exit before auth (user 'x', 9 fails): Max auth tries reached - user 'x' from ::1:22",
            "Pubkey auth succeeded for 'x' with ssh-rsa key SHA256:x from 192.0.2.7:22",
        ])
    },
    words: || {
        words(&[
            "' from ",
            "192.0.2.7:22",
            "198.51.100.7:9",
            "'",
            "::1",
            ">",
            "<",
            ": ",
            "PAM ",
            ": Max auth tries reached - user '",
            " from <",
            "bad password attempt for '",
        ])
    },
    longest: 200,
};

/// PAM's lines.
pub(super) const PAM: Target = Target {
    name: "pam",
    about: "what PAM's modules say of a peer",
    check: |message| judged("pam", &PAM_SAYS, b"login", message),
    seeds: || {
        lines(&[
            "pam_unix(x:auth): authentication failure; logname= uid=0 ruser=y rhost=192.0.2.7  user=z",
            "(pam_unix) authentication failure; ruser= rhost=192.0.2.7",
            "PAM 2 more authentication failures; ruser= rhost=192.0.2.7 user=root",
            "pam_sss(x:auth): authentication success; ruser=y rhost=192.0.2.7 user=z",
            "pam_access(x:account): access denied for user `joe' from `192.0.2.7'",
        ])
    },
    words: || {
        words(&[
            " rhost=",
            "rhost=",
            " user=",
            " ruser=",
            "192.0.2.7",
            "198.51.100.7",
            " ",
            "' from `",
            "`",
            "'",
            "authentication failure; ",
            "pam_unix: ",
            "message repeated 2 times: [ ",
        ])
    },
    longest: 160,
};

static SSHD_SAYS: LazyLock<Language> = LazyLock::new(|| {
    // Where an address was taken out, the name's end may look like one.
    const TAIL: &str = "({gone}| {host}| {host} port {port}| {host} ssh1| {host} ssh2| {host} ssh1: {any}| {host} ssh2: {any}\
        | {host} port {port} ssh1| {host} port {port} ssh2| {host} port {port} ssh1: {any}| {host} port {port} ssh2: {any})";
    const WHO: &str = "(invalid|authenticating) user {any} {maybe} port {port}";
    let failed =
        |start: &str| format!("{start} for (invalid user |illegal user |){{any}} from{TAIL}");
    let all = [
        (failed("Failed {word}"), Depends),
        (failed("(m|M)aximum authentication attempts exceeded"), Offence),
        (format!("Accepted {{word}} for {{any}} from{TAIL}"), Success),
        ("(Invalid|Illegal) user {any} from {host}(| port {port})".into(), Offence),
        (
            "User {any} from {host}(| port {port}) not allowed because (not listed in AllowUsers|listed in \
             DenyUsers|none of user's groups are listed in AllowGroups|a group is listed in DenyGroups|not in any group)"
                .into(),
            Offence,
        ),
        ("ROOT LOGIN REFUSED FROM {host}(| port {port})".into(), Offence),
        (
            "administratively prohibited connection for {any} from {host}(| port {port})".into(),
            Offence,
        ),
        ("PAM: {any} for {any} from {host}(| port {port})(| via {local})".into(), Offence),
        ("(Connection closed by|Connection reset by|Disconnected from) {host}(| port {port})".into(), Depends),
        (format!("(Connection closed by|Connection reset by|Disconnected from) {WHO}"), Offence),
        (format!("(Disconnecting|Unable to negotiate with) {WHO}:{{any}}"), Offence),
        ("(Disconnecting|Unable to negotiate with) {host}(: | port {port}:){any}".into(), Depends),
        (format!("(|banner exchange: |{{name}}: )Connection from {WHO}:{{any}}"), Offence),
        ("(|banner exchange: |{name}: )Connection from {host}(: | port {port}:){any}".into(), Depends),
        ("Received disconnect from {host}(: | port {port}:){any}".into(), Depends),
        ("Did not receive identification string from {host}(| port {port})".into(), Offence),
        ("Bad protocol version identification {any} from {host}(| port {port})".into(), Offence),
        ("Protocol major versions differ for {host}(| port {port}): {any}".into(), Offence),
        ("(scanned|probed) from {host}(| port {port}) with {any}".into(), Offence),
        ("Timeout before authentication for {host}(| port {port})(|.)".into(), Offence),
        (
            "Timeout before authentication for connection from {host} to {host}, pid = {number}".into(),
            Offence,
        ),
        ("refused connect from {any}<{host}>".into(), Offence),
        ("refused connect from (|{any}@){host}".into(), Offence),
    ];
    let all: Vec<_> = all.iter().map(|(text, leads)| (text.as_str(), *leads)).collect();
    Language::new(&all)
});

static DROPBEAR_SAYS: LazyLock<Language> = LazyLock::new(|| {
    Language::new(&[
        ("(B|b)ad (|PAM )password attempt for '{any}' from {host}:{port}", Offence),
        ("(L|l)ogin attempt for nonexistent user from {host}:{port}", Offence),
        ("(E|e)xit before auth from [{host}:{port}]{any}", Offence),
        (
            "(E|e)xit before auth(: | <user '){any}: Max auth tries reached - user '{any}' from {host}:{port}",
            Offence,
        ),
        (
            "(P|p)(assword|AM password|ubkey) auth succeeded for '{any}'(| with {any}) from {host}:{port}",
            Success,
        ),
        ("(A|a)uth succeeded with blank password for '{any}' from {host}:{port}", Success),
    ])
});

static PAM_SAYS: LazyLock<Language> = LazyLock::new(|| {
    const FIELDS: &str = "; (|{any} )rhost={maybe}(|{blanks}|{blanks} user={any})";
    let heads = [
        "pam_{name}<{service}:(auth|account)>: ",
        "pam_{name}<(auth|account)>: ",
        "pam_{name}: ",
        "<pam_unix> ",
        "PAM ",
    ];
    let all = heads.into_iter().flat_map(|head| {
        [
            (format!("{head}authentication failure{FIELDS}"), Depends),
            (format!("{head}{{number}} more authentication failure(|s){FIELDS}"), Depends),
            (format!("{head}authentication success{FIELDS}"), Success),
            (format!("{head}access denied for user `{{any}}' from `{{maybe}}'"), Depends),
        ]
    });
    let all: Vec<_> = all.collect();
    let all: Vec<_> = all.iter().map(|(text, leads)| (text.as_str(), *leads)).collect();
    Language::new(&all)
});

/// A detector that has seen nothing says of a message what all ways to read it have in common.
fn judged(detector: &str, language: &Language, program: &[u8], message: &[u8]) -> Outcome {
    let look = |record: &Record<'_>| named(detector).map(|mut fresh| fresh.look(record));
    let record = Record { program, pid: Some(7), ..Record::plain(message) };
    let finding = look(&record).ok_or("no such detector")?;
    let (repeated, text) = unwrapped(message);
    let kind = language.judge(text, &finding)?;
    // A line that was cut or has no tag charges nobody.
    for doubted in [Record { cut: true, ..record.clone() }, Record { program: b"", ..record }] {
        let named = match look(&doubted).ok_or("no such detector")? {
            Finding::Offence(offence) => offence.named.address(),
            Finding::Success(success) => success.named.address(),
            Finding::Nothing(_) => None,
        };
        if let Some(address) = named {
            return Err(format!("{address} is charged by a line that was cut or has no tag"));
        }
    }
    let what = match &finding {
        Finding::Offence(offence) => offence.kind.word(),
        Finding::Success(_) => "success",
        Finding::Nothing(why) => why,
    };
    Ok(signature([kind, what, if repeated { "repeated" } else { "once" }]))
}

/// A message as its daemon wrote it, without what others put around it.
fn unwrapped(message: &[u8]) -> (bool, &[u8]) {
    let inner = || {
        let rest = message.strip_prefix(b"message repeated ")?.strip_suffix(b"]")?;
        let at = rest.windows(10).position(|ten| ten == b" times: [ ")?;
        let number: u32 = str::from_utf8(rest.get(..at)?).ok()?.parse().ok()?;
        (number > 0 && rest[..at].iter().all(u8::is_ascii_digit)).then(|| &rest[at + 10..])
    };
    let (repeated, text) = inner().map_or((false, message), |inner| (true, inner));
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b" [preauth]").map_or(text, <[u8]>::trim_ascii_end);
    let level = text.strip_prefix(b"error: ").or_else(|| text.strip_prefix(b"fatal: "));
    (repeated, level.unwrap_or(text))
}

/// Each word is the address that it is read as most strictly, or none.
fn addresses(text: &[u8]) -> Outcome {
    let mut kinds = Vec::new();
    for word in text.split(|byte| byte.is_ascii_whitespace()) {
        let naive = str::from_utf8(word).ok().and_then(strict);
        if address::parse(word) != naive {
            return Err(format!("{word:?}: {:?}, not {naive:?}", address::parse(word)));
        }
        let named = address::named(word);
        if named.address() != naive {
            return Err(format!("{word:?} names {named:?}"));
        }
        kinds.push(match named {
            Named::Address(IpAddr::V4(_)) => "short",
            Named::Address(IpAddr::V6(_)) => "long",
            Named::Host(_) => "host",
            Named::Nobody | Named::Ambiguous => "nobody",
        });
    }
    Ok(signature(kinds))
}

fn lines(lines: &[&str]) -> Vec<Vec<u8>> {
    lines.iter().map(|line| line.as_bytes().to_vec()).collect()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
