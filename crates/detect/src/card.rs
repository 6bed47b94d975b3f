//! What there is to say of each native detector, for people who choose among them.

use portreeve_model::Kind;

/// A detector, described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub name: &'static str,
    /// Which programs' lines it reads, in words.
    pub programs: &'static str,
    /// Which versions of them are known.
    pub versions: &'static str,
    /// The kinds of offences that it finds.
    pub kinds: &'static [Kind],
    /// Whether it finds logins too.
    pub logins: bool,
    /// A line that it finds an offence in, behind the line of the session's beginning where it takes
    /// the address from there.
    pub example: &'static str,
}

/// All of them, in the order of their names.
pub const CARDS: &[Card] = &[
    Card {
        name: "apache",
        programs: "apache2, apache, httpd, or none (its error log)",
        versions: "2.0 to 2.5",
        kinds: &[
            Kind::AuthFailed,
            Kind::InvalidUser,
            Kind::NotAllowed,
            Kind::Protocol,
            Kind::Probe,
        ],
        logins: false,
        example: "[Sat Jul 20 21:37:32.266605 2013] [auth_basic:error] [pid 7] [client 192.0.2.9:5] AH01618: user joe not found: /",
    },
    Card {
        name: "dovecot",
        programs: "dovecot, auth, auth-worker, dovecot-auth, PROTOCOL-login, or none under multilog",
        versions: "1.1 to 2.4",
        kinds: &[
            Kind::AuthFailed,
            Kind::InvalidUser,
            Kind::NotAllowed,
            Kind::NoAuth,
            Kind::Protocol,
        ],
        logins: true,
        example: "Nov 22 12:00:00 mail dovecot: imap-login: Aborted login (auth failed, 1 attempts): user=<joe>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.99, session=<a>",
    },
    Card {
        name: "dropbear",
        programs: "dropbear",
        versions: "0.5x to 2025",
        kinds: &[Kind::AuthFailed, Kind::InvalidUser, Kind::NoAuth, Kind::TooManyTries],
        logins: true,
        example: "Nov 22 12:00:00 box dropbear[7]: Bad password attempt for 'root' from 192.0.2.9:60588",
    },
    Card {
        name: "exim",
        programs: "exim, exim4, or none (its own log)",
        versions: "4.50 to 4.99",
        kinds: &[
            Kind::AuthFailed,
            Kind::Protocol,
            Kind::TooManyTries,
            Kind::NoAuth,
            Kind::Spam,
            Kind::Relay,
            Kind::Rejected,
            Kind::NotAllowed,
            Kind::Probe,
        ],
        logins: true,
        example: "2026-11-22 12:00:00 plain authenticator failed for (x) [192.0.2.9]: 535 Incorrect authentication data (set_id=joe)",
    },
    Card {
        name: "nginx",
        programs: "nginx, or none (its error log)",
        versions: "0.8 to 1.29",
        kinds: &[Kind::AuthFailed, Kind::InvalidUser, Kind::Protocol, Kind::Probe],
        logins: false,
        example: "2026/11/22 11:53:29 [error] 2865#0: *3 user \"joe\": password mismatch, client: 192.0.2.9, server: , request: \"GET / HTTP/1.1\", host: \"x\"",
    },
    Card {
        name: "opensmtpd",
        programs: "smtpd",
        versions: "5.4 to 7.8",
        kinds: &[Kind::AuthFailed, Kind::Protocol, Kind::Rejected],
        logins: true,
        example: "Nov 22 12:00:00 mx smtpd[7]: 9e1a5d9b0c1f2a3b smtp connected address=192.0.2.9 host=a.example\nNov 22 12:00:00 mx smtpd[7]: 9e1a5d9b0c1f2a3b smtp authentication user=joe address=192.0.2.9 host=x result=permfail",
    },
    Card {
        name: "pam",
        programs: "any that no other detector reads",
        versions: "Linux-PAM, SSSD",
        kinds: &[Kind::AuthFailed, Kind::NotAllowed],
        logins: true,
        example: "Nov 22 12:00:00 box login: pam_unix(login:auth): authentication failure; logname= uid=0 euid=0 tty=pts/1 ruser= rhost=192.0.2.9  user=joe",
    },
    Card {
        name: "postfix",
        programs: "postfix[-INSTANCE]/[SERVICE/] and smtpd, smtps, postscreen, cleanup",
        versions: "2.3 to 3.11",
        kinds: &[
            Kind::AuthFailed,
            Kind::Protocol,
            Kind::TooManyTries,
            Kind::NoAuth,
            Kind::Grace,
            Kind::Spam,
            Kind::Relay,
            Kind::Rejected,
        ],
        logins: true,
        example: "Nov 22 12:00:00 mx postfix/smtpd[144]: warning: unknown[192.0.2.9]: SASL LOGIN authentication failed: authentication failure",
    },
    Card {
        name: "proftpd",
        programs: "proftpd, or none (its own log)",
        versions: "1.2.10 to 1.3.9",
        kinds: &[Kind::AuthFailed, Kind::InvalidUser, Kind::NotAllowed, Kind::TooManyTries],
        logins: true,
        example: "Nov 22 12:00:00 box proftpd[7]: box (x[192.0.2.9]): USER joe (Login failed): Incorrect password",
    },
    Card {
        name: "pure-ftpd",
        programs: "pure-ftpd",
        versions: "1.0.20 to 1.0.53, all its languages",
        kinds: &[Kind::AuthFailed, Kind::TooManyTries],
        logins: true,
        example: "Nov 22 12:00:00 box pure-ftpd: (?@192.0.2.9) [WARNING] Authentication failed for user [joe]",
    },
    Card {
        name: "sendmail",
        programs: "sendmail, sm-mta, sm-acceptingconnections",
        versions: "8.11 to 8.18",
        kinds: &[
            Kind::AuthFailed,
            Kind::InvalidUser,
            Kind::Protocol,
            Kind::TooManyTries,
            Kind::NoAuth,
            Kind::Spam,
            Kind::Relay,
            Kind::Rejected,
            Kind::Probe,
        ],
        logins: true,
        example: "Nov 22 12:00:00 mx sendmail[50]: 9AMCNHYB005133: AUTH failure (LOGIN): authentication failure (-13) checkpass failed, user=joe, relay=[192.0.2.9]",
    },
    Card {
        name: "smtp-spam",
        programs: "those of Exim, Postfix and sendmail; amavis, amavisd, rspamd",
        versions: "amavis 2.4 to 2.13, rspamd 1.7 to 3",
        kinds: &[Kind::Spam],
        logins: false,
        example: "Nov 22 12:00:00 mx amavis[7]: (12345-01) Blocked SPAM {DiscardedInbound}, [192.0.2.9]:4711 <a@b.example> -> <c@d.example>, 900 ms",
    },
    Card {
        name: "sshd",
        programs: "sshd, sshd-session, sshd-auth",
        versions: "OpenSSH 5 to 10",
        kinds: &[
            Kind::AuthFailed,
            Kind::InvalidUser,
            Kind::NotAllowed,
            Kind::TooManyTries,
            Kind::Grace,
            Kind::NoAuth,
            Kind::Protocol,
        ],
        logins: true,
        example: "Nov 22 12:00:00 box sshd[7]: Failed password for joe from 192.0.2.9 port 4711 ssh2",
    },
    Card {
        name: "vsftpd",
        programs: "vsftpd, or none (its own log)",
        versions: "2.0 to 3.0",
        kinds: &[Kind::AuthFailed],
        logins: true,
        example: "Nov 22 12:00:00 box vsftpd[7]: [joe] FAIL LOGIN: Client \"192.0.2.9\"",
    },
    Card {
        name: "web-access",
        programs: "lines of access logs",
        versions: "common and combined format",
        kinds: &[Kind::AuthFailed],
        logins: false,
        example: "192.0.2.9 - joe [22/Nov/2026:13:55:36 +0100] \"GET / HTTP/1.1\" 401 381 \"-\" \"curl/8\"",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finding, Named, frame, named, names};

    #[test]
    fn every_detector_has_a_card() {
        assert!(CARDS.iter().map(|card| card.name).eq(names()));
    }

    #[test]
    fn every_example_is_an_offence_of_a_kind_that_is_named() {
        for card in CARDS {
            let mut detector = named(card.name).unwrap();
            let found = card.example.lines().map(|line| {
                let record = frame::read(line.as_bytes());
                assert!(detector.wants(record.program), "{}", card.name);
                detector.look(&record)
            });
            match found.last().unwrap() {
                Finding::Offence(found) => {
                    assert_eq!(found.named, Named::Address([192, 0, 2, 9].into()), "{}", card.name);
                    assert!(card.kinds.contains(&found.kind), "{}: {:?}", card.name, found.kind);
                }
                other @ (Finding::Success(_) | Finding::Nothing(_)) => {
                    panic!("{}: {other:?}", card.name)
                }
            }
        }
    }

    /// The row of `docs/detectors.md` says the same.
    #[test]
    fn the_page_about_detectors_says_what_the_cards_say() {
        let page = include_str!("../../../docs/detectors.md");
        for card in CARDS {
            let begin = format!("| `{}` | ", card.name);
            let row = page.lines().find_map(|line| line.strip_prefix(&begin)).unwrap();
            let cells: Vec<_> = row.split(" | ").map(|cell| cell.replace('`', "")).collect();
            let [programs, versions, kinds, ..] = cells.as_slice() else { panic!("{row}") };
            assert_eq!((programs.as_str(), versions.as_str()), (card.programs, card.versions));
            let words: Vec<_> = card.kinds.iter().map(|kind| kind.word()).collect();
            let mut want = words.join(", ");
            if card.logins {
                want.push_str("; logins");
            }
            assert_eq!(kinds, &want, "{}", card.name);
        }
    }
}
