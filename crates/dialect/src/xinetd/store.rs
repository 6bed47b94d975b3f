//! Reads a line's values into the settings.

use super::attribute::Attribute;
use super::lex::Word;
use super::raw::Assignment;
use super::report::{Report, error, note};
use super::settings::{Cps, Edit, Peer, Settings};
use super::value::log::{Failure, Success};
use super::value::word::{Flag, SWITCH, Set, SocketType, Type, pick};
use super::value::{At, bind, log, number, pattern, program, times};
use super::{bounds, codes};
use portreeve_model::Resource;

/// One line, its form checked.
#[derive(Clone, Copy)]
struct Given<'a> {
    attribute: Attribute,
    line: &'a Assignment,
    values: &'a [Word],
    /// The first value.
    word: &'a Word,
}

/// Reads the values of one attribute. The line's form has been checked.
pub(super) fn store(
    settings: &mut Settings,
    attribute: Attribute,
    line: &Assignment,
    values: &[Word],
    report: &mut Report<'_>,
) {
    let Some(word) = values.first() else {
        return lists(settings, attribute, line, values, report);
    };
    let given = Given { attribute, line, values, word };
    match attribute {
        Attribute::Type
        | Attribute::Flags
        | Attribute::Disable
        | Attribute::SocketType
        | Attribute::Protocol
        | Attribute::Wait
        | Attribute::Groups
        | Attribute::V6only
        | Attribute::Mdns
        | Attribute::Libwrap
        | Attribute::Port => entry(settings, given, report),
        Attribute::User
        | Attribute::Group
        | Attribute::Umask
        | Attribute::Nice
        | Attribute::Server
        | Attribute::ServerArgs
        | Attribute::Banner
        | Attribute::BannerSuccess
        | Attribute::BannerFail => run(settings, given, report),
        Attribute::RlimitAs
        | Attribute::RlimitCpu
        | Attribute::RlimitData
        | Attribute::RlimitRss
        | Attribute::RlimitStack
        | Attribute::RlimitFiles => resource(settings, given, report),
        Attribute::Instances
        | Attribute::PerSource
        | Attribute::Cps
        | Attribute::MaxLoad
        | Attribute::DenyTime
        | Attribute::Bind
        | Attribute::AccessTimes
        | Attribute::LogType => limit(settings, given, report),
        // The id is read before everything else, and of the rest it matters that they stand here.
        Attribute::Id | Attribute::RpcVersion | Attribute::RpcNumber | Attribute::Redirect => {}
        Attribute::OnlyFrom
        | Attribute::NoAccess
        | Attribute::LogOnSuccess
        | Attribute::LogOnFailure
        | Attribute::Env
        | Attribute::Passenv
        | Attribute::Enabled
        | Attribute::Disabled => lists(settings, attribute, line, values, report),
    }
}

/// What kind of service it is.
#[expect(clippy::wildcard_enum_match_arm, reason = "`store` sends only these attributes here")]
fn entry(settings: &mut Settings, given: Given<'_>, report: &mut Report<'_>) {
    let Given { attribute, line, values, word } = given;
    let switch = |report: &mut Report<'_>| {
        pick(attribute, word, SWITCH, report).map(|value| At::new(value, line.at))
    };
    match attribute {
        Attribute::Type => {
            settings.types = Some(Set::read(attribute, values, Type::WORDS, report));
        }
        Attribute::Flags => {
            settings.flags = Some(Set::read(attribute, values, Flag::WORDS, report));
        }
        Attribute::Disable => settings.disable = switch(report),
        Attribute::SocketType => {
            settings.socket_type = at(pick(attribute, word, SocketType::WORDS, report), word);
        }
        Attribute::Protocol => settings.protocol = Some(word.clone()),
        Attribute::Wait => settings.wait = switch(report),
        Attribute::Groups => settings.groups = switch(report),
        Attribute::V6only => settings.v6only = switch(report),
        Attribute::Mdns => settings.mdns = switch(report),
        Attribute::Port => settings.port = at(number::natural(attribute, word, report), word),
        Attribute::Libwrap => settings.libwrap = Some(word.clone()),
        _ => {}
    }
}

fn at<T>(value: Option<T>, word: &Word) -> Option<At<T>> {
    value.map(|value| At::new(value, word.at))
}

fn binds(settings: &mut Settings, line: &Assignment, values: &[Word], report: &mut Report<'_>) {
    if values.len() > bounds::BINDS {
        let message = format!("more than {} addresses in one `bind`", bounds::BINDS);
        report.push(error(codes::TOO_LARGE, line.at, message).help("bind every address, `::`"));
        return;
    }
    let read = |word: &Word| at(bind::read(word, report), word);
    settings.bind = Some(At::new(values.iter().filter_map(read).collect(), line.at));
}

/// The attributes that set a limit of setrlimit(2).
const RESOURCES: [(Attribute, Resource); 6] = [
    (Attribute::RlimitAs, Resource::AddressSpace),
    (Attribute::RlimitCpu, Resource::CpuTime),
    (Attribute::RlimitData, Resource::Data),
    (Attribute::RlimitRss, Resource::ResidentSet),
    (Attribute::RlimitStack, Resource::Stack),
    (Attribute::RlimitFiles, Resource::OpenFiles),
];

fn resource(settings: &mut Settings, given: Given<'_>, report: &mut Report<'_>) {
    let Given { attribute, word, .. } = given;
    let limit = match attribute == Attribute::RlimitCpu {
        true => number::seconds_limit(attribute, word, report),
        false => number::size_limit(attribute, word, report),
    };
    let found = RESOURCES.iter().find(|(known, _)| *known == attribute);
    settings.limits.extend(found.zip(limit).map(|((_, resource), limit)| (*resource, limit)));
}

/// What the program is started with, and what peers are told.
#[expect(clippy::wildcard_enum_match_arm, reason = "`store` sends only these attributes here")]
fn run(settings: &mut Settings, given: Given<'_>, report: &mut Report<'_>) {
    let Given { attribute, values, word, .. } = given;
    let path = |report: &mut Report<'_>| at(program::path(attribute, word, report), word);
    match attribute {
        Attribute::User => settings.user = at(program::principal(attribute, word, report), word),
        Attribute::Group => settings.group = at(program::principal(attribute, word, report), word),
        Attribute::Umask => settings.umask = at(number::umask(word, report), word),
        Attribute::Nice => settings.nice = at(number::nice(word, report), word),
        Attribute::Server => settings.server = path(report),
        Attribute::Banner => settings.banner = path(report),
        Attribute::BannerSuccess => settings.banner_success = path(report),
        Attribute::BannerFail => settings.banner_fail = path(report),
        Attribute::ServerArgs => {
            let words = values.iter().map(|word| word.text.clone()).collect();
            settings.server_args = Some(At::new(words, word.at));
        }
        _ => {}
    }
}

/// Where, when, how many, how fast, and what is kept of it.
#[expect(clippy::wildcard_enum_match_arm, reason = "`store` sends only these attributes here")]
fn limit(settings: &mut Settings, given: Given<'_>, report: &mut Report<'_>) {
    let Given { attribute, line, values, word } = given;
    let count = |report: &mut Report<'_>| at(number::count(attribute, word, report), word);
    match attribute {
        Attribute::Instances => settings.instances = count(report),
        Attribute::PerSource => settings.per_source = count(report),
        Attribute::MaxLoad => settings.max_load = at(number::load(word, report), word),
        Attribute::DenyTime => settings.deny_time = at(number::sentence(word, report), word),
        Attribute::Bind => binds(settings, line, values, report),
        Attribute::AccessTimes => {
            let read = |word: &Word| at(times::read(word, report), word);
            let times = values.iter().filter_map(read).collect();
            settings.access_times = Some(At::new(times, line.at));
        }
        Attribute::LogType => {
            let target = log::target(values, line.at, report);
            settings.log_type = target.map(|target| At::new(target, line.at));
        }
        Attribute::Cps => {
            let mut numbers = values.iter().map(|word| number::natural(attribute, word, report));
            if let (Some(Some(most)), Some(Some(wait))) = (numbers.next(), numbers.next()) {
                if most == 0 {
                    let message = "a rate of 0 means no limit on the rate";
                    let help = "remove the line for xinetd's own 50 in a second";
                    report.push(note(codes::CPS_OFF, word.at, message).help(help));
                }
                settings.cps = Some(At::new(Cps { most, wait }, word.at));
            }
        }
        _ => {}
    }
}

/// Attributes that may stand several times.
#[expect(clippy::wildcard_enum_match_arm, reason = "`store` sends only these attributes here")]
fn lists(
    settings: &mut Settings,
    attribute: Attribute,
    line: &Assignment,
    values: &[Word],
    report: &mut Report<'_>,
) {
    match attribute {
        Attribute::OnlyFrom => settings.only_from.push(peers(attribute, line, values, report)),
        Attribute::NoAccess => settings.no_access.push(peers(attribute, line, values, report)),
        Attribute::LogOnSuccess => settings
            .log_on_success
            .push(edit(line, values, |word| pick(attribute, word, Success::WORDS, report))),
        Attribute::LogOnFailure => settings
            .log_on_failure
            .push(edit(line, values, |word| pick(attribute, word, Failure::WORDS, report))),
        Attribute::Env => {
            settings.env.push(edit(line, values, |word| program::variable(word, report)));
        }
        Attribute::Passenv => {
            settings.passenv.push(edit(line, values, |word| program::variable_name(word, report)));
        }
        Attribute::Enabled => settings.enabled.extend_from_slice(values),
        Attribute::Disabled => settings.disabled.extend_from_slice(values),
        _ => {}
    }
}

fn edit<T>(
    line: &Assignment,
    values: &[Word],
    mut read: impl FnMut(&Word) -> Option<T>,
) -> Edit<T> {
    let items = values.iter().filter_map(|word| at(read(word), word)).collect();
    Edit { operator: line.operator, items, at: line.at }
}

fn peers(
    attribute: Attribute,
    line: &Assignment,
    values: &[Word],
    report: &mut Report<'_>,
) -> Edit<Peer> {
    let mut items = Vec::new();
    for word in values {
        let patterns = pattern::read(attribute, word, report);
        let peer = |pattern| At::new(Peer { pattern, text: word.text.clone() }, word.at);
        items.extend(patterns.into_iter().map(peer));
    }
    Edit { operator: line.operator, items, at: line.at }
}
