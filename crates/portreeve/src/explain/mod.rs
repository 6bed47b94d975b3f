//! `portreeve explain`.

mod complete;
mod decide;
mod files;
mod quote;
pub(crate) mod suppose;

use crate::args::ExplainArgs;
use crate::client;
use crate::exit::{Exit, Failure};
use crate::moment;
use crate::paths::Paths;
use crate::render::explain::{Explained, Report, Source};
use crate::render::{self, text::visible};
use crate::standing;
use crate::terminal::{self, Form};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portreeve_model::{ServiceName, Supposed};
use portreeve_wire::control::{Answer, Explanation, Request};
use std::net::IpAddr;

/// Says what would be decided. Yes, if any service of the name would let the peer in: the peer
/// meets one of them, by the address it connects to.
pub(crate) fn run(args: &ExplainArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let zone = TimeZone::system();
    let now = moment::now();
    let asked = args.at.as_deref().map(|text| moment::parse(text, now, &zone)).transpose()?;
    let supposed = suppose::supposed(args)?;
    let (source, mut services) = match live(args, paths, asked, &supposed)? {
        Some(explanations) => (Source::Door, from_door(explanations, paths)),
        None => {
            let path = paths.configuration(&args.source).path().display().to_string();
            (Source::Files(path), files::explain(args, paths, asked.unwrap_or(now), &supposed)?)
        }
    };
    if is_this_host(args.peer.address) {
        services.iter_mut().for_each(spare);
    }
    let report = Report {
        peer: args.peer.to_string(),
        at: moment::show(asked.unwrap_or(now), &zone),
        instant: moment::rfc3339(asked.unwrap_or(now), &zone),
        supposed,
        source,
        services,
    };
    terminal::answer(&match form {
        Form::Json => render::json::text(&render::json::explain(&report)),
        Form::Text(paint) => render::explain::explain(&report, paint),
    })?;
    Ok(exit(&report))
}

fn exit(report: &Report) -> Exit {
    let granted = |one: &Explained| one.explanation.verdict == "granted";
    if report.services.iter().any(granted) { Exit::Yes } else { Exit::No }
}

/// The running door's answer; `None` where the files are to decide: on request, or because the
/// question is about files that the door does not have, or
/// because no door can be asked.
fn live(
    args: &ExplainArgs,
    paths: &Paths,
    at: Option<Timestamp>,
    supposed: &Supposed,
) -> Result<Option<Vec<Explanation>>, Failure> {
    let other = args.source.config.is_some() || args.source.xinetd.is_some();
    if args.offline || other {
        return Ok(None);
    }
    let request = Request::Explain {
        service: args.service.clone(),
        peer: args.peer.address,
        port: args.peer.port.unwrap_or(0),
        at: at.map(Timestamp::as_second),
        supposed: supposed.clone(),
    };
    let answered = match client::ask_if_there(paths, &request) {
        Ok(Some(answered)) => answered.answer,
        Ok(None) => return Ok(None),
        Err(failure) => return Ok(without(&failure.message)),
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other answer is to another question")]
    match answered {
        Answer::NotPermitted(text) => Ok(without(&visible(&text))),
        Answer::Explained(explanations) if explanations.is_empty() => Err(no_service(args, paths)),
        Answer::Explained(explanations) => Ok(Some(explanations)),
        Answer::Failed(_) if is_kept(args, paths) => Err(kept(&args.service)),
        Answer::Failed(text) => Err(Failure::new(Exit::Usage, visible(&text))
            .help("`portreeve status` names them; `--offline` explains the files as they are now")),
        _ => Err(client::unexpected()),
    }
}

/// Says that the door is left out, and why.
fn without(why: &str) -> Option<Vec<Explanation>> {
    terminal::remark(&format!("portreeve: without the running door: {why}\n"));
    None
}

/// About a service that is kept up there is nothing to explain.
fn kept(name: &str) -> Failure {
    let message = format!(
        "`{0}` is kept up and listens itself: the door decides nothing about who reaches it",
        visible(name)
    );
    Failure::new(Exit::Usage, message)
        .help("its own configuration does; `portreeve service status` tells how it is")
}

/// Whether the running door has a service of the name that is kept up.
fn is_kept(args: &ExplainArgs, paths: &Paths) -> bool {
    let name: Result<ServiceName, _> = args.service.parse();
    name.is_ok_and(|name| paths.kept_plan(name.as_str()).exists())
}

fn no_service(args: &ExplainArgs, paths: &Paths) -> Failure {
    if is_kept(args, paths) {
        return kept(&args.service);
    }
    Failure::new(
        Exit::Usage,
        format!("the running door has no service `{}`", visible(&args.service)),
    )
    .help("`portreeve status` names them; `--offline` explains the files as they are now")
}

/// The door's answers, with the lines they name and what keeps the services from serving.
fn from_door(explanations: Vec<Explanation>, paths: &Paths) -> Vec<Explained> {
    let status = standing::ask(paths);
    let one = |explanation| {
        let explanation = complete::complete(explanation);
        let line = explanation.origin.as_deref().and_then(quote::from_disk);
        let status = status.as_ref();
        let down = status.map(|status| standing::of_key(status, &explanation.service));
        let mut down = down.unwrap_or_default();
        down.retain(|reason| *reason != explanation.text);
        Explained { explanation, line, down }
    };
    explanations.into_iter().map(one).collect()
}

/// Whether an address is one of this host's own, which no trap shuts out.
fn is_this_host(peer: IpAddr) -> bool {
    let own = || portreeve_sys::socket::local_addresses().unwrap_or_default();
    peer.is_loopback() || own().contains(&peer)
}

/// Says of a trap that it does not catch this host.
fn spare(explained: &mut Explained) {
    if explained.explanation.verdict == "trapped" {
        explained.explanation.text.push_str("; but this host itself is spared");
    }
}
