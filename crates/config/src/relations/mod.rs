//! What is wrong between values that are right each on its own.

mod clash;
mod hold;
pub(crate) mod judges;
mod sshd;

pub(crate) use clash::{Pairs, across, duplicates};

use crate::check::{self, Check};
use crate::codes;
use crate::native::Fields;
use portreeve_model::{Authentication, Kept, Offer, Program, Service, Stderr, Syslog, Watcher};

/// What is wrong within one native service.
pub(crate) fn within(check: &mut Check, fields: Fields<'_>, service: &Service) {
    hold::words(check, fields, service);
    hold::probes(check, fields, service);
    let Offer::Program(program) = &service.offer else { return };
    if program.user.is_none() {
        let message = "no `user` is written: the program runs as the door's own";
        let finding = check::note(codes::USER_UNSAID, fields.at, message);
        check.say(finding.help(
            "write `user` with the one it should run as: `\"root\"` for sshd, `\"nobody\"` for much else",
        ));
    }
    by_age(check, fields, service);
    watched(check, fields, service, program);
    if sshd::is(program) && !sshd::has_flag(program, 'i') {
        let at = fields.own("run").map_or(fields.at, |item| item.at);
        let message = "sshd without `-i` opens a port of its own";
        let finding = check::warning(codes::SSHD_WITHOUT_I, at, message);
        check.say(finding.help("write `run = [\"/usr/sbin/sshd\", \"-i\", \"-e\"]`"));
    }
}

/// What is wrong within a service that is kept up.
pub(crate) fn kept(check: &mut Check, fields: Fields<'_>, kept: &Kept) {
    if kept.program.user.is_none() {
        let message = "no `user` is written: the program runs as the keeper's own";
        let finding = check::note(codes::USER_UNSAID, fields.at, message);
        check.say(finding.help(
            "write `user` with the one it should run as: `\"root\"` for sshd, one of its own for much else",
        ));
    }
    if sshd::is(&kept.program) && !sshd::has_flag(&kept.program, 'D') {
        let at = fields.own("run").map_or(fields.at, |item| item.at);
        let message = "sshd without `-D` goes into the background, where nobody keeps it";
        let finding = check::warning(codes::KEPT_SSHD, at, message);
        check.say(finding.help("write `run = [\"/usr/sbin/sshd\", \"-D\", \"-e\"]`"));
    }
}

/// Startups and grace where nothing tells that a session has authenticated.
fn by_age(check: &mut Check, fields: Fields<'_>, service: &Service) {
    if service.admission.authentication != Authentication::None {
        return;
    }
    let names = ["startups", "per-source-startups", "grace"];
    let written = |name: &&'static str| fields.get(name);
    let Some(item) = names.iter().find_map(written).filter(|item| !item.is_word("none")) else {
        return;
    };
    let name = item.key.name;
    let message = format!(
        "`{name}`, but nothing tells when a session of `{}` has authenticated",
        service.key
    );
    let finding = check::warning(codes::STARTUPS_BY_AGE, item.named, message);
    check.say(finding.help(
        "write `watch = \"sshd\"` for sshd, or `notify = 3` for a program that writes a byte to \
         descriptor 3; without it a startup ends when grace has passed, which ends no session",
    ));
}

/// A watched service whose words nobody sees.
fn watched(check: &mut Check, fields: Fields<'_>, service: &Service, program: &Program) {
    let Authentication::Watch(watcher) = service.admission.authentication else { return };
    let Some(item) = fields.get("watch") else { return };
    if program.syslog == Syslog::Private {
        return; // that is read as well
    }
    if program.stderr == Stderr::Socket {
        let message = "`watch` reads standard error, which `stderr = \"socket\"` sends to the peer";
        let finding = check::error(codes::WATCH_BLIND, item.named, message);
        check.say(finding.help(
            "remove `stderr = \"socket\"`, or add `syslog = \"private\"` if it logs by syslog",
        ));
    } else if watcher == Watcher::Sshd && !sshd::has_flag(program, 'e') {
        let message = "`watch = \"sshd\"`, but sshd writes to standard error only with `-e`";
        let at = fields.own("run").map_or(item.at, |run| run.at);
        let finding = check::warning(codes::WATCH_BLIND, at, message);
        check.say(finding.help("add `\"-e\"` to `run`, or `syslog = \"private\"`"));
    }
}
