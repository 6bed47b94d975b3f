//! What can be said of a connection before it is made.

use super::super::scene::reached;
use super::super::{Entry, Input, Step, Visit, list, within};
use super::misread;
use crate::hours;
use std::net::IpAddr;

/// Whether the lists of the service let the peer in, by address and by the manual. Names are left
/// out: they match nobody here.
pub(super) fn listed(i: &Input<'_>) -> bool {
    listed_if(i, manual)
}

/// As [`listed`], with another meaning of each item.
pub(super) fn listed_if(i: &Input<'_>, means: fn(&str, IpAddr) -> bool) -> bool {
    let Some(entry) = i.entry else { return false };
    let any = |items: Vec<String>| items.iter().any(|item| means(item, i.visit.peer));
    !list(i.entries, entry, "no_access").is_some_and(any)
        && list(i.entries, entry, "only_from").is_none_or(any)
}

/// What an item means by the manual; `::ffff:10.1.2.3` means the IPv4 address.
pub(super) fn manual(item: &str, peer: IpAddr) -> bool {
    let Some(rest) = item.strip_prefix("::ffff:") else { return within(item, peer) };
    let (address, length) = rest.split_once('/').unwrap_or((rest, "128"));
    let length = length.parse::<u32>().unwrap_or(128).saturating_sub(96);
    within(&format!("{address}/{length}"), peer)
}

/// Whether the lists, read like this, come to another answer than the manual's, for a peer whom
/// nothing else keeps out; and what the manual's answer is.
pub(super) fn differs(i: &Input<'_>, means: fn(&str, IpAddr) -> bool, by_manual: bool) -> bool {
    let near = trapped(i, |by| near(by.visit.peer, i.visit.peer));
    listed(i) == by_manual && listed_if(i, means) != by_manual && room(i) && !near
}

/// Whether nothing but a list can keep the peer out.
fn room(i: &Input<'_>) -> bool {
    !sensor(i) && !trapped(i, |by| by.visit.peer == i.visit.peer) && !closed(i) && !full(i)
}

/// Whether the peer would be let in by both, but for traps that others touched.
pub(super) fn welcome(i: &Input<'_>) -> bool {
    let read = [misread::mask, misread::whole].iter().all(|means| listed_if(i, *means));
    listed(i) && read && room(i)
}

/// Whether the service is closed at this hour, in UTC.
fn closed(i: &Input<'_>) -> bool {
    let Some(entry) = i.entry.filter(|entry| entry.has("access_times")) else { return false };
    let minute = u32::try_from(hours::minute()).unwrap_or(0);
    let open = |interval: &String| {
        let times = interval.split_once('-').and_then(|(a, b)| minutes(a).zip(minutes(b)));
        times.is_some_and(|(from, to)| (from..=to).contains(&minute))
    };
    !entry.words("access_times").iter().any(open)
}

fn minutes(time: &str) -> Option<u32> {
    let (hour, minute) = time.split_once(':')?;
    Some(hour.parse::<u32>().unwrap_or(0) * 60 + minute.parse::<u32>().unwrap_or(0))
}

/// Whether a list of the service names anybody by name.
pub(super) fn by_name(i: &Input<'_>) -> bool {
    let named = |item: &String| {
        !item.contains(['/', ':', '{'])
            && item.contains(|c: char| c.is_ascii_alphabetic())
            && !item.starts_with("0x")
    };
    i.entry.is_some_and(|entry| {
        list(i.entries, entry, "only_from").is_some_and(|l| l.iter().any(named))
    })
}

/// Whether the lists of addresses shut the peer out, or a trap it touched.
pub(super) fn shut_out(i: &Input<'_>) -> bool {
    if trapped(i, |by| by.visit.peer == i.visit.peer && !by.visit.peer.is_loopback()) {
        return true;
    }
    match by_name(i) || denied_by_name(i) {
        true => refused_by_name(i),
        false => !listed(i) && i.entry.is_some(),
    }
}

fn denied_by_name(i: &Input<'_>) -> bool {
    i.entry
        .is_some_and(|entry| entry.words("no_access").iter().any(|item| item.ends_with(".example")))
}

/// The peers of the names' scene and what they are called.
fn refused_by_name(i: &Input<'_>) -> bool {
    let names: &[(&str, &str)] = &[
        ("10.1.2.3", "good.example"),
        ("10.1.2.4", "other.example"),
        ("10.1.2.6", "deep.below.example"),
        ("10.1.2.7", "a.foo.foo"),
    ];
    let peer = i.visit.peer.to_string();
    let own = names.iter().find(|(address, _)| *address == peer).map(|(_, name)| *name);
    let means = |item: &String| {
        let item = item.to_ascii_lowercase();
        item == peer
            || own.is_some_and(|own| own == item || (item.starts_with('.') && own.ends_with(&item)))
    };
    let entry = |attribute| i.entry.and_then(|entry| list(i.entries, entry, attribute));
    entry("no_access").is_some_and(|l| l.iter().any(means))
        || entry("only_from").is_some_and(|l| !l.iter().any(means))
}

/// Whether an item of a list of the service fits with the peer.
pub(super) fn item(i: &Input<'_>, attribute: &str, fits: fn(&str, IpAddr) -> bool) -> bool {
    let items = i.entry.and_then(|entry| list(i.entries, entry, attribute));
    items.is_some_and(|items| items.iter().any(|item| fits(item, i.visit.peer)))
}

/// Whether `defaults` that hold lists come after the service, which has none of its own.
pub(super) fn late(i: &Input<'_>) -> bool {
    let Some(entry) = i.entry else { return false };
    let own = entry.has("only_from") || entry.has("no_access");
    let at = i.entries.iter().position(|other| other == entry);
    let holds = |other: &Entry| other.is_defaults() && other.has("only_from");
    !own && at < i.entries.iter().position(holds)
}

/// Whether an IPv4 peer comes by a socket of both families.
pub(super) fn dual(i: &Input<'_>) -> bool {
    let Some(entry) = i.entry else { return false };
    let v4 = entry.flag("IPv4") && !entry.flag("IPv6");
    let everywhere = match (entry.bind(), i.word("bind")) {
        ([], None) => true,
        ([one], _) => one == "::",
        ([], Some(_)) => false,
        _ => true, // several: xinetd ignores the line
    };
    i.visit.peer.is_ipv4() && !v4 && everywhere && !entry.has("v6only")
}

/// Whether the service's records are written, with START lines that name the peer.
pub(super) fn logged(i: &Input<'_>) -> bool {
    let words = i.entry.and_then(|entry| list(i.entries, entry, "log_on_success"));
    i.word("log_type").is_some() && words.is_some_and(|words| !words.is_empty())
}

/// Whether the service is a sensor.
pub(super) fn sensor(i: &Input<'_>) -> bool {
    i.entry.is_some_and(|entry| entry.flag("SENSOR"))
}

/// Whether an earlier connection of the script touched a trap that shuts out, and fits.
pub(super) fn trapped(i: &Input<'_>, fits: impl Fn(&Input<'_>) -> bool) -> bool {
    let touched = |(nth, visit): (usize, &Visit)| {
        let by = Input { entry: reached(i.entries, visit.to), visit, nth, ..*i };
        let shuts = by.word("deny_time").is_some_and(|time| time != "NEVER");
        sensor(&by) && shuts && fits(&by)
    };
    !sensor(i) && i.before().enumerate().any(touched)
}

/// Whether two IPv6 addresses are of one network of 64 bits, but not the same.
pub(super) fn near(a: IpAddr, b: IpAddr) -> bool {
    match (a, b) {
        (IpAddr::V6(a), IpAddr::V6(b)) => a != b && a.to_bits() >> 64 == b.to_bits() >> 64,
        _ => false,
    }
}

/// The steps before a connection: each visit of the same entry, and each wait.
fn history<'a>(i: &Input<'a>) -> Vec<Result<&'a Visit, u64>> {
    let mut steps = Vec::new();
    for step in &i.script.steps {
        match step {
            Step::Visit(visit) | Step::Hold(visit) => steps.push(Ok(visit)),
            Step::Burst(visit, times) => steps.extend(std::iter::repeat_n(Ok(visit), *times)),
            Step::Wait(seconds) => steps.push(Err(*seconds)),
            Step::Release => {}
        }
    }
    let mut visits = 0;
    let end = steps.iter().position(|step| {
        visits += usize::from(step.is_ok());
        visits > i.nth
    });
    steps.truncate(end.unwrap_or(steps.len()));
    steps
}

/// `cps` of the entry.
fn rate(i: &Input<'_>) -> Option<(usize, u64)> {
    let entry = i.entry?;
    let [most, wait] = entry.words("cps") else { return None };
    Some((most.parse().ok().filter(|most| *most > 0)?, wait.parse().ok()?))
}

/// Whether more connections than `cps` allows, whoever made them, came to the service without a
/// wait between them: whether that makes a pause now, and whether it ever did.
fn rushed(i: &Input<'_>) -> (bool, bool) {
    let Some((most, wait)) = rate(i) else { return (false, false) };
    let (mut came, mut pauses, mut ever) = (0, false, false);
    for step in history(i) {
        match step {
            Ok(visit) if reached(i.entries, visit.to) == i.entry => came += 1,
            Ok(_) => {}
            Err(seconds) => (came, pauses) = (0, pauses && seconds <= wait),
        }
        pauses |= came > most;
        ever |= pauses;
    }
    (pauses, ever)
}

/// Whether xinetd's rate was passed a moment ago.
pub(super) fn paused(i: &Input<'_>) -> bool {
    rushed(i).0
}

/// Whether nobody came before who is on the list.
pub(super) fn strangers_only(i: &Input<'_>) -> bool {
    !i.before().any(|visit| listed(&Input { visit, ..*i }))
}

/// Whether the places are all held, though a pause has made xinetd forget it.
pub(super) fn recounted(i: &Input<'_>) -> bool {
    rushed(i) == (false, true) && full(i)
}

/// Connections held open now: the service and the peer of each that was let in.
fn held<'a>(i: &Input<'a>) -> Vec<(Option<&'a Entry>, IpAddr)> {
    let (mut held, mut nth) = (Vec::new(), 0);
    for step in &i.script.steps {
        match step {
            Step::Release => held.clear(),
            Step::Wait(_) => {}
            _ if nth >= i.nth => break,
            Step::Hold(visit) => {
                let one = Input { entry: reached(i.entries, visit.to), visit, nth, ..*i };
                let banned = trapped(&one, |by| by.visit.peer == visit.peer);
                if listed(&one) && !banned && !closed(&one) && !crowded(&one, &held) {
                    held.push((one.entry, visit.peer));
                }
                nth += 1;
            }
            Step::Visit(_) => nth += 1,
            Step::Burst(_, times) => nth += times,
        }
    }
    held
}

fn crowded(i: &Input<'_>, held: &[(Option<&Entry>, IpAddr)]) -> bool {
    let limit = |attribute: &str| {
        i.word(attribute).and_then(|word| word.parse().ok()).unwrap_or(usize::MAX)
    };
    let here = held.iter().filter(|(entry, _)| *entry == i.entry);
    let of_peer = here.clone().filter(|(_, peer)| *peer == i.visit.peer);
    here.count() >= limit("instances") || of_peer.count() >= limit("per_source")
}

/// Whether every place is held.
pub(super) fn full(i: &Input<'_>) -> bool {
    crowded(i, &held(i))
}

/// Whether an interval ends at midnight or runs over it.
pub(super) fn midnight(interval: &str) -> bool {
    let Some((from, to)) = interval.split_once('-') else { return false };
    minutes(to) == Some(24 * 60) || minutes(to) < minutes(from)
}

/// The banner that a user other than root cannot read, if that user's process would send it.
pub(super) fn secret(i: &Input<'_>) -> Option<String> {
    let which = if shut_out(i) { "banner_fail" } else { "banner_success" };
    let path = i.word(which)?;
    let file = i.scene.files.iter().find(|(name, mode, _)| *name == path && *mode == "0600");
    file.filter(|_| i.word("user") != Some("root")).map(|(.., content)| content.clone())
}

pub(super) fn secret_banner(i: &Input<'_>) -> bool {
    secret(i).is_some()
}

/// Whether a banner's file does not exist.
pub(super) fn missing_banner(i: &Input<'_>) -> bool {
    let banners = ["banner", "banner_success", "banner_fail"];
    banners
        .iter()
        .filter_map(|which| i.word(which))
        .any(|path| i.scene.files.iter().all(|(name, ..)| *name != path))
}

/// Whether there is no starting the program: it is a directory, or its groups are nobody's.
pub(super) fn unusable(i: &Input<'_>) -> bool {
    let folder = i.word("server").is_some_and(|server| {
        i.scene
            .files
            .iter()
            .any(|(name, ..)| name.strip_prefix(server).is_some_and(|rest| rest.starts_with('/')))
    });
    let nobody = i.word("user") == Some("61234") && i.word("groups") == Some("yes");
    folder || nobody
}

/// Whether the program is a script whose interpreter is not there.
pub(super) fn no_interpreter(i: &Input<'_>) -> bool {
    let files = &i.scene.files;
    let script =
        i.word("server").and_then(|server| files.iter().find(|(name, ..)| *name == server));
    script.is_some_and(|(.., content)| content.starts_with("#!/nowhere/"))
}

/// Whether the peer has an ident server.
pub(super) fn identified(i: &Input<'_>) -> bool {
    i.scene.name == "ident" && i.visit.peer.to_string() == "192.168.0.50"
}
