//! The optional files of a service's folder: small texts, named as s6 names them, that ask for more
//! than daemontools does.
//!
//! A file that is not there asks for nothing; one that is not understood is told of, and asks for
//! nothing either. `finish` beside them is a program, and asks by being there.

use crate::plan::{Finish, Plan, Restart};
use portreeve_model::Signal;
use std::time::Duration;

/// Bytes of such a file, at most.
pub const MOST: usize = 1024;

/// The longest time.
const DAY: Duration = Duration::from_secs(86_400);

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// The descriptor on which the service says that it is ready.
    NotificationFd,
    /// Milliseconds that `finish` may take; 0: for ever.
    TimeoutFinish,
    /// What ends the service, in the place of `SIGTERM`.
    DownSignal,
    /// Milliseconds from that to `SIGKILL`; 0: never.
    TimeoutKill,
    /// So many short lives in a row, and the service is not started again; 0: for ever. s6 only
    /// counts them, for its s6-permafailon.
    MaxDeathTally,
    /// When the service is started again: lines of `delay`, `longest`, `limit` and `within`.
    Restart,
}

impl Extra {
    /// All of them, in the order in which they are to be taken in.
    pub const ALL: [Self; 6] = [
        Self::NotificationFd,
        Self::TimeoutFinish,
        Self::DownSignal,
        Self::TimeoutKill,
        Self::MaxDeathTally,
        Self::Restart,
    ];

    /// The file's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotificationFd => "notification-fd",
            Self::TimeoutFinish => "timeout-finish",
            Self::DownSignal => "down-signal",
            Self::TimeoutKill => "timeout-kill",
            Self::MaxDeathTally => "max-death-tally",
            Self::Restart => "restart",
        }
    }

    /// What is to be written into it.
    #[must_use]
    pub const fn takes(self) -> &'static str {
        match self {
            Self::NotificationFd => "a descriptor from 3 to 31",
            Self::TimeoutFinish => "milliseconds, at most a day's, or 0 for no limit",
            Self::DownSignal => "a signal's name or number, such as INT",
            Self::TimeoutKill => "milliseconds, at most a day's, or 0 for no end by force",
            Self::MaxDeathTally => "a number, or 0 for no limit",
            Self::Restart => {
                "lines such as `delay 1s`, `longest 60s`, `limit 5`, `within 60s`, each at most once"
            }
        }
    }

    /// Takes the file in; nothing when it is not what it should be, and the plan is as it was.
    pub fn apply(self, text: &[u8], plan: &mut Plan) -> Option<()> {
        let text = str::from_utf8(text).ok()?;
        let word = text.trim_ascii();
        match self {
            Self::NotificationFd => {
                let number = number(word).filter(|number| (3..=31).contains(number))?;
                plan.ready = Some(number);
            }
            Self::TimeoutFinish => {
                let within = milliseconds(word)?;
                if let Some(finish) = &mut plan.finish {
                    *finish = Finish { within, ..finish.clone() };
                }
            }
            Self::DownSignal => plan.stop_signal = Signal::parse(word)?,
            Self::TimeoutKill => plan.kill_after = milliseconds(word)?,
            Self::MaxDeathTally => {
                plan.restart.limit = Some(number(word)?).filter(|limit| *limit != 0);
            }
            Self::Restart => plan.restart = restart(text, plan.restart)?,
        }
        Some(())
    }
}

/// Decimal digits alone.
fn number<T: std::str::FromStr>(word: &str) -> Option<T> {
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse().ok())?
}

/// 0 is none.
fn milliseconds(word: &str) -> Option<Option<Duration>> {
    let time = Some(Duration::from_millis(number(word)?)).filter(|time| *time <= DAY)?;
    Some(Some(time).filter(|time| !time.is_zero()))
}

/// `500ms`, `30s`, `5m`, `2h`.
fn time(word: &str) -> Option<Duration> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = word.split_at_checked(digits)?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let time = Duration::from_millis(number::<u64>(count)?.checked_mul(unit)?);
    (time <= DAY).then_some(time)
}

fn restart(text: &str, old: Restart) -> Option<Restart> {
    let (mut delay, mut longest, mut limit, mut within) = (None, None, None, None);
    let lines = text.lines().map(str::trim_ascii);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, value) = line.split_once([' ', '\t'])?;
        let value = value.trim_ascii();
        let again = match key {
            "delay" => delay.replace(time(value)?).is_some(),
            "longest" => longest.replace(time(value)?).is_some(),
            "limit" => limit.replace(number::<u32>(value)?).is_some(),
            "within" => within.replace(time(value)?).is_some(),
            _ => true,
        };
        if again {
            return None;
        }
    }
    let delay = delay.unwrap_or(old.delay);
    let longest = longest.unwrap_or(old.longest.max(delay));
    let limit = limit.map_or(old.limit, |limit| Some(limit).filter(|limit| *limit != 0));
    let within = within.unwrap_or(old.within);
    (longest >= delay).then_some(Restart { delay, longest, limit, within })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Command;
    use proptest::prelude::*;

    fn with_finish() -> Plan {
        let within = Some(Duration::from_secs(5));
        let finish = Finish { command: Command::alone("./finish"), within };
        Plan { finish: Some(finish), ..Plan::of_run() }
    }

    /// The plan after this file alone.
    fn after(extra: Extra, text: &str) -> Option<Plan> {
        let mut plan = with_finish();
        let taken = extra.apply(text.as_bytes(), &mut plan);
        assert!(taken.is_some() || plan == with_finish(), "half a file");
        taken.map(|()| plan)
    }

    #[test]
    fn each_file_sets_its_own() {
        use Extra as E;
        let second = Duration::from_secs(1);
        assert_eq!(after(E::NotificationFd, "3\n").unwrap().ready, Some(3));
        let within = |text| after(E::TimeoutFinish, text).unwrap().finish.unwrap().within;
        assert_eq!((within("1000"), within("0\n")), (Some(second), None));
        let signal = |text| after(E::DownSignal, text).unwrap().stop_signal;
        assert_eq!(
            (signal("SIGINT\n"), signal("2"), signal("INT")),
            (Signal::INT, Signal::INT, Signal::INT)
        );
        let kill = |text| after(E::TimeoutKill, text).unwrap().kill_after;
        assert_eq!((kill("1000\n"), kill("0")), (Some(second), None));
        let limit = |text| after(E::MaxDeathTally, text).unwrap().restart.limit;
        assert_eq!((limit("5\n"), limit("0")), (Some(5), None));
        let text = "# slowly\n\ndelay 2s\nlongest\t5m\nlimit 7\nwithin 1500ms\n";
        assert_eq!(
            after(E::Restart, text).unwrap().restart,
            Restart {
                delay: 2 * second,
                longest: 300 * second,
                limit: Some(7),
                within: Duration::from_millis(1500)
            }
        );
        let delay = after(E::Restart, "delay 2h").unwrap().restart;
        assert_eq!((delay.longest, delay.limit), (7200 * second, None));
        assert_eq!(after(E::Restart, "").unwrap(), with_finish());
    }

    #[test]
    fn what_is_not_understood_changes_nothing() {
        use Extra as E;
        for (extra, text) in [
            (E::NotificationFd, "2"),
            (E::NotificationFd, "32"),
            (E::NotificationFd, ""),
            (E::NotificationFd, "3 4"),
            (E::TimeoutFinish, "5s"),
            (E::TimeoutFinish, "-1"),
            (E::TimeoutKill, "86400001"),
            (E::DownSignal, "sigint"),
            (E::DownSignal, "0"),
            (E::MaxDeathTally, "many"),
            (E::Restart, "delay"),
            (E::Restart, "delay 1"),
            (E::Restart, "delay 25h"),
            (E::Restart, "delay 18446744073709551615h"),
            (E::Restart, "delay 1s\ndelay 1s"),
            (E::Restart, "delay 2s\nlongest 1s"),
            (E::Restart, "limit 1s"),
            (E::Restart, "later 1s"),
        ] {
            assert_eq!(after(extra, text), None, "{} {text}", extra.name());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            for extra in Extra::ALL {
                let _ = extra.apply(&bytes, &mut Plan::of_run());
            }
        }
    }
}
