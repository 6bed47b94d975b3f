//! fail2ban's database.

use super::{Found, Load, MOST, Passed};
use crate::args::Fail2banArgs;
use crate::exit::{Exit, Failure};
use crate::render::text::{count, visible};
use portreeve_ledger::foreign::{Fail2ban, ForeignError, JailBan, Seen};
use portreeve_model::Network;
use portreeve_wire::import::ImportedBan;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Reads the bans of the jails that are asked for, or of all.
pub(super) fn load(args: &Fail2banArgs) -> Result<Load, Failure> {
    let path = args.database.display().to_string();
    let database = Fail2ban::open(&args.database).map_err(failed)?;
    let mut load = Load { program: "fail2ban", ..Load::default() };
    let mut jails = BTreeSet::new();
    let mut more = false;
    let wanted = |jail: &str| args.jails.is_empty() || args.jails.iter().any(|one| one == jail);
    database
        .bans(&mut |seen| {
            if load.bans.len() + load.passed.len() >= MOST {
                more = true;
                return false;
            }
            let row = match &seen {
                Seen::Ban(ban) => ban.row,
                Seen::Odd(row, _) => *row,
            };
            let place = format!("{path}, bips row {row}");
            match seen {
                Seen::Ban(ban) if !wanted(&ban.jail) => {}
                Seen::Ban(ban) => {
                    if jails.len() < args.jails.len() {
                        jails.insert(ban.jail.clone());
                    }
                    match imported(&ban) {
                        Ok(ban) => load.bans.push(Found { place, ban }),
                        Err(why) => load.passed.push(Passed { place, why }),
                    }
                }
                Seen::Odd(_, why) => load.passed.push(Passed { place, why: why.to_owned() }),
            }
            true
        })
        .map_err(failed)?;
    for jail in args.jails.iter().filter(|jail| !jails.contains(*jail)) {
        load.remarks.push(format!("{path}: the jail {} has nobody banned", visible(jail)));
    }
    if more {
        let why = format!("there are more than {MOST} rows: the later ones were not read");
        load.passed.push(Passed { place: path, why });
    }
    Ok(load)
}

fn failed(error: ForeignError) -> Failure {
    let exit = if error.is_denied() { Exit::NotPermitted } else { Exit::System };
    let failure = Failure::new(exit, error.to_string());
    match error {
        ForeignError::Damaged(path, _) => failure.help(format!(
            "`sqlite3 {0} .recover | sqlite3 mended.sqlite3` saves what there is, and `--database \
             mended.sqlite3` imports that",
            path.display()
        )),
        ForeignError::Sql(..) | ForeignError::Copy(..) | ForeignError::Other(..) => {
            failure.help("`dbfile` in fail2ban.conf says where it lies; name it with `--database`")
        }
    }
}

/// The ban as it is brought along. What the database holds besides of the lines that led to it is
/// strangers' text, and stays there.
fn imported(ban: &JailBan) -> Result<ImportedBan, String> {
    let network = network(&ban.id)
        .ok_or_else(|| format!("jail {} has banned `{}`, which is no address", ban.jail, ban.id))?;
    let until = (ban.length >= 0).then(|| ban.at.saturating_add(ban.length));
    let times = match ban.count {
        ..=1 => String::new(),
        many => format!(", {} before", count(many.unsigned_abs() - 1, "time")),
    };
    let reason = format!("jail {}{times}", ban.jail);
    Ok(ImportedBan { network, since: ban.at, until, reason, judge: ban.jail.clone() })
}

/// Whom it names: fail2ban writes an address, or a network as an address and a length.
fn network(id: &str) -> Option<Network> {
    match id.parse::<IpAddr>() {
        Ok(address) => Some(Network::host(portreeve_model::unmapped(address))),
        Err(_) => id.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ban(id: &str, at: i64, length: i64, count: i64) -> JailBan {
        JailBan { row: 1, id: id.into(), jail: "sshd".into(), at, length, count }
    }

    #[test]
    fn less_than_nothing_is_for_ever_and_nothing_runs_over() {
        let until = |at, length| imported(&ban("192.0.2.7", at, length, 1)).unwrap().until;
        assert_eq!(until(100, 600), Some(700));
        assert_eq!(until(100, 0), Some(100));
        assert_eq!((until(100, -1), until(0, i64::MIN)), (None, None));
        assert_eq!(until(i64::MAX, 600), Some(i64::MAX));
    }

    #[test]
    fn addresses_and_networks_are_taken_and_other_texts_are_not() {
        for (id, want) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("2001:db8::/64", Some("2001:db8::/64")),
            ("192.0.2.0/24", Some("192.0.2.0/24")),
            ("joe", None),
            ("192.0.2.256", None),
            ("", None),
        ] {
            let got = imported(&ban(id, 1, 1, 1)).map(|ban| ban.network.to_string());
            assert_eq!(got.ok().as_deref(), want, "{id}");
        }
        let why = imported(&ban("joe", 1, 1, 1)).unwrap_err();
        assert_eq!(why, "jail sshd has banned `joe`, which is no address");
    }

    #[test]
    fn the_reason_says_how_often_before() {
        let reason = |count| imported(&ban("192.0.2.7", 1, 1, count)).unwrap().reason;
        assert_eq!(reason(1), "jail sshd");
        assert_eq!(reason(2), "jail sshd, 1 time before");
        assert_eq!(reason(4), "jail sshd, 3 times before");
        assert_eq!(reason(i64::MIN), "jail sshd");
    }
}
