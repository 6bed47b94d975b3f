//! What a service records, and whether the peer's ident server is asked.

use super::{Context, Subject};
use crate::xinetd::attribute::Attribute;
use crate::xinetd::codes;
use crate::xinetd::merge::{self, List};
use crate::xinetd::report::{Report, error, note, warning};
use crate::xinetd::value::At;
use crate::xinetd::value::log::{Failure, Success};
use crate::xinetd::value::word::Flag;
use portreeve_diag::Span;
use portreeve_model::{FailureFields, Ident, LogTarget, Records, ServiceLog, SuccessFields};

/// The port of ident servers, whose own connections must not be asked about.
const IDENT_PORT: u16 = 113;

/// The service's log.
pub(super) fn of(
    cx: &Context<'_>,
    subject: &Subject<'_>,
    port: Option<u16>,
    report: &mut Report<'_>,
) -> ServiceLog {
    let (settings, defaults) = (subject.settings, cx.defaults);
    let success = merge::service(
        Attribute::LogOnSuccess,
        defaults.log_on_success.as_ref(),
        &settings.log_on_success,
        report,
    );
    let failure = merge::service(
        Attribute::LogOnFailure,
        defaults.log_on_failure.as_ref(),
        &settings.log_on_failure,
        report,
    );
    let target = settings.log_type.as_ref().or_else(|| defaults.first(|s| &s.log_type));
    let mut success = Held::of(success);
    let mut failure = Held::of(failure);
    if let Some(at) = success.at(Success::Traffic) {
        let message = "`TRAFFIC` is counted for redirected services alone";
        let finding = error(codes::TRAFFIC, at, message).also(subject.name.at, "this one is none");
        report.push(finding.help("remove `TRAFFIC`; xinetd drops the service for it"));
    }
    let asked = success.at(Success::UserId).or(failure.at(Failure::UserId));
    if let Some(at) = asked.filter(|_| port == Some(IDENT_PORT)) {
        let message = "`USERID` is dropped for the ident port: two servers would ask for ever";
        report.push(warning(codes::IDENT_LOOP, at, message).help("remove `USERID`"));
        success.drop(Success::UserId);
        failure.drop(Failure::UserId);
    }
    let userid = success.at(Success::UserId).is_some();
    let ident = match (subject.flag(Flag::IdOnly), userid) {
        (Some(_), true) => Ident::Require,
        (Some(flag), false) => {
            let message = "`IDONLY` does nothing without `USERID` in `log_on_success`";
            let help = "add `log_on_success += USERID`, or remove the flag";
            report.push(error(codes::IDONLY, flag, message).help(help));
            Ident::Require
        }
        (None, true) => Ident::Record,
        (None, false) => Ident::No,
    };
    if let Some(at) = failure.at(Failure::UserId) {
        let message = "nobody who is refused is asked for a user";
        let help = "remove `USERID` here; in `log_on_success` it asks about those who are served";
        report.push(note(codes::INERT, at, message).help(help));
    }
    let target = target.map_or(LogTarget::None, |target| target.value.clone());
    ServiceLog { target, records: records(&success, &failure), ident }
}

/// The words of a list in force.
struct Held<T>(Vec<At<T>>);

impl<T: Copy + PartialEq> Held<T> {
    fn of(list: Option<List<T>>) -> Self {
        Self(list.map_or(Vec::new(), |list| list.items))
    }

    fn at(&self, word: T) -> Option<Span> {
        self.0.iter().find(|held| held.value == word).map(|held| held.at)
    }

    fn drop(&mut self, word: T) {
        self.0.retain(|held| held.value != word);
    }
}

fn records(success: &Held<Success>, failure: &Held<Failure>) -> Records {
    let served = |word| success.at(word).is_some();
    let refused = |word| failure.at(word).is_some();
    Records {
        success: SuccessFields {
            host: served(Success::Host),
            duration: served(Success::Duration),
            exit: served(Success::Exit),
            pid: served(Success::Pid),
            userid: served(Success::UserId),
        },
        failure: FailureFields {
            host: refused(Failure::Host),
            attempt: refused(Failure::Attempt),
            userid: refused(Failure::UserId),
        },
    }
}
