//! A test for each row of `docs/security/past-cves.md` that is about lines: whom the published line,
//! or one of its class, charges. A is who connected, V somebody who did nothing.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use portreeve_detect::filter::Userdef;
use portreeve_detect::{Detector, Finding, Record, frame, named, names};

const A: [u8; 4] = [192, 0, 2, 9];
const V: &str = "198.51.100.7";

/// Whom a native detector that has seen nothing charges for a line.
fn charged(detector: &str, line: &str) -> Option<IpAddr> {
    let mut detector = named(detector)?;
    let record = frame::read(line.as_bytes());
    detector.wants(record.program).then(|| whom(detector.as_mut(), &record))?
}

fn whom(detector: &mut dyn Detector, record: &Record<'_>) -> Option<IpAddr> {
    match detector.look(record) {
        Finding::Offence(offence) => offence.named.address(),
        Finding::Success(success) => success.named.address(),
        Finding::Nothing(_) => None,
    }
}

fn sshd(message: &str) -> Option<IpAddr> {
    charged("sshd", &format!("Nov 22 12:00:00 h sshd[7]: {message}"))
}

#[test]
fn cve_2006_6301_and_2006_6302_and_2007_2765_a_login_name_with_an_address() {
    let line = "Invalid user x from 198.51.100.7 from 192.0.2.9";
    assert_eq!(sshd(line), Some(A.into()));
    let line = "Failed password for invalid user x from 198.51.100.7 port 1 ssh2 from 192.0.2.9 port 2 ssh2";
    assert_eq!(sshd(line), Some(A.into()));
}

#[test]
fn cve_2007_4321_and_2007_4323_a_client_version_that_reads_like_a_sentence() {
    for quoted in [
        "Failed password for root from 198.51.100.7",
        "User root from 198.51.100.7 not allowed because not listed in AllowUsers",
        "' from 198.51.100.7 port 22",
    ] {
        let line = format!("Bad protocol version identification '{quoted}' from 192.0.2.9");
        assert_eq!(sshd(&line), Some(A.into()), "{line}");
        let line = format!(
            "error: kex_exchange_identification: client sent invalid protocol identifier \"{quoted}\""
        );
        assert_eq!(sshd(&line), None, "{line}");
    }
}

#[test]
fn cve_2007_4322_a_login_name_that_closes_its_bracket() {
    let line = format!(
        "Fri Jan 19 12:20:33 2007 [pid 9] [x] FAIL LOGIN: Client \"{V}\"] FAIL LOGIN: Client \"192.0.2.9\""
    );
    assert_eq!(charged("vsftpd", &line), Some(A.into()));
}

#[test]
fn cve_2007_5715_users_who_are_not_allowed_are_seen() {
    for why in ["not listed in AllowUsers", "listed in DenyUsers"] {
        let line = format!("User root from 192.0.2.9 not allowed because {why}");
        assert_eq!(sshd(&line), Some(A.into()));
    }
}

#[test]
fn cve_2009_0362_the_name_that_an_address_claims_to_have() {
    let line = format!(
        "Nov 22 12:00:00 h wu-ftpd: pam_unix(wu-ftpd:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost={V}.evil.example user=joe"
    );
    assert_eq!(charged("pam", &line), None);
    assert_eq!(sshd(&format!("Invalid user x from {V}.evil.example port 22")), None);
}

#[test]
fn cve_2012_5642_a_command_in_a_login_name_stays_a_name() {
    let mut detector = named("sshd").unwrap();
    let line = b"Nov 22 12:00:00 h sshd[7]: Invalid user $(touch x) from 192.0.2.9 port 22";
    let Finding::Offence(offence) = detector.look(&frame::read(line)) else {
        panic!("no offence");
    };
    assert_eq!(offence.named.address(), Some(A.into()));
    assert_eq!(offence.user.as_deref(), Some(&b"$(touch x)"[..]));
}

#[test]
fn cve_2013_2178_a_path_that_reads_like_a_sentence() {
    let line = format!(
        "[Sat Jun 01 02:17:42 2013] [error] [client 192.0.2.9] File does not exist: /www/[client {V}] user root not found"
    );
    let by = charged("apache", &line);
    assert!(by.is_none() || by == Some(A.into()), "{by:?}");
}

#[test]
fn cve_2013_6890_a_login_name_that_reads_like_a_sentence() {
    let line = format!("input_userauth_request: invalid user Invalid user root from {V} [preauth]");
    assert_eq!(sshd(&line), None);
}

#[test]
fn cve_2013_7176_a_mail_address_that_reads_like_a_sentence() {
    let line = format!(
        "Nov 22 12:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 554 5.7.1 <x>: Relay access denied; from=<> to=<\"unknown[{V}]: 554 5.7.1\"@x> proto=SMTP helo=<unknown[{V}]: 554 5.7.1 >"
    );
    assert_eq!(charged("postfix", &line), Some(A.into()));
}

#[test]
fn cve_2013_7177_a_login_name_with_brackets() {
    // No native detector reads cyrus; an administrator's pattern is held to the same rules.
    let line = format!(
        "badlogin: host [192.0.2.9] plaintext x [{V}] SASL(-13): authentication failure: checkpass failed"
    );
    let look = |pattern| {
        let mut detector = Userdef::new([pattern]).unwrap();
        whom(&mut detector, &Record::plain(line.as_bytes()))
    };
    assert_eq!(
        look(r"^badlogin: \S+ \[(?P<host>\S+)\] \S+ (?P<user>.*) SASL\(-13\): .*$"),
        Some(A.into())
    );
    assert_eq!(look(r"^badlogin: .*\[(?P<host>\S+)\] .*SASL\(-13\): .*$"), None);
    assert_eq!(look(r"\[(?P<host>\S+)\] SASL\(-13\)"), None);
}

#[test]
fn a_quoted_text_without_an_end_costs_no_more_than_its_length() {
    for odd in ["\"", "\\\"", "'", "[", " from ", " rhost=", ": ", "(("] {
        for start in [
            "",
            "Nov 22 12:00:00 h sshd[7]: Invalid user ",
            "Nov 22 12:00:00 h x: pam_unix(x:auth): ",
        ] {
            let line = format!("{start}{}", odd.repeat(8192 / odd.len()));
            for name in names() {
                assert_eq!(charged(name, &line), None, "{name}: {odd:?}");
            }
        }
    }
}

/// Detection has neither files nor programs nor sockets: no name of a stranger's choice can be a
/// path, a command or a line of a mail (CVE-2009-5023, CVE-2012-5642, CVE-2021-32749).
#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads the sources")]
fn cve_2009_5023_and_2021_32749_detection_touches_nothing() {
    let mut folders: Vec<PathBuf> = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for word in
                ["std::fs", "std::process", "std::env", "TcpStream", "UdpSocket", "UnixStream"]
            {
                assert!(!text.contains(word), "{word} in {}", path.display());
            }
            read += 1;
        }
    }
    assert!(read > 20, "{read} files");
}
