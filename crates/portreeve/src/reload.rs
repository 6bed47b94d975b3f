//! `portreeve reload`.

use crate::args::ReloadArgs;
use crate::client::{self, Patience};
use crate::exit::{Exit, Failure};
use crate::paths::Paths;
use crate::render;
use crate::render::text::visible;
use crate::standing;
use crate::takeover::trial_seconds;
use crate::terminal::{self, Form};
use portreeve_wire::control::{Answer, Request, TrialStatus};
use serde_json::json;
use std::thread;
use std::time::Duration;

/// Pause between two looks at a trial.
const PAUSE: Duration = Duration::from_millis(500);

/// What is said when the old configuration came back: the files are as they were on trial.
const NOT_CONFIRMED: &str = "\nNobody confirmed it: the old configuration is in force again.\nThe \
                             files still have the new one, which the next reload or start reads: \
                             mend them.\n";

/// Has the door read its configuration again; shows what changed and which services do not serve,
/// or why nothing did.
pub(crate) fn run(args: &ReloadArgs, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let request = match args.confirm.map(trial_seconds).transpose()? {
        Some(seconds) => Request::ReloadOnTrial { seconds },
        None => Request::Reload,
    };
    let answered = client::ask(paths, &request, Patience::Load)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other answer is to another question")]
    let (changes, findings, exit) = match client::granted(answered.answer)? {
        Answer::Reloaded { changes, findings } => (changes, findings, Exit::Yes),
        Answer::ReloadRefused { findings } => (Vec::new(), findings, Exit::Configuration),
        _ => return Err(client::unexpected()),
    };
    let reloaded = exit == Exit::Yes;
    let status = if reloaded { standing::ask(paths) } else { None };
    let trial =
        status.as_ref().and_then(|status| status.trial).filter(|trial| trial.kept.is_none());
    let down = status.map(|status| standing::down(&status)).unwrap_or_default();
    terminal::answer(&match form {
        Form::Json => {
            let down =
                down.iter().map(|(key, reasons)| json!({ "service": key, "reasons": reasons }));
            render::json::text(&json!({
                "reloaded": reloaded,
                "changes": changes,
                "findings": findings,
                "down": down.collect::<Vec<_>>(),
                "trial-seconds": trial.map(|trial| trial.left),
            }))
        }
        Form::Text(paint) if reloaded => {
            render::reload::reloaded(&changes, &down, &findings, paint)
        }
        Form::Text(paint) => render::reload::refused(&findings, paint),
    })?;
    match trial.filter(|_| args.confirm.is_some()) {
        Some(trial) => follow(&trial, paths, form),
        None => Ok(exit),
    }
}

/// Waits until the trial is over. The door keeps the time: this command need not last.
fn follow(trial: &TrialStatus, paths: &Paths, form: Form) -> Result<Exit, Failure> {
    let text = matches!(form, Form::Text(_));
    if text {
        terminal::answer(&format!(
            "\nKeep this shell. From another, log in anew and within {} s run\n\n    ssh -t \
             this-host {}\n\nElse the old configuration comes back by itself.\n",
            trial.left,
            visible(&paths.confirm_line())
        ))?;
    }
    loop {
        thread::sleep(PAUSE);
        let answered = client::ask(paths, &Request::Status, Patience::Glance)?;
        let Answer::Status(status) = client::granted(answered.answer)? else {
            return Err(client::unexpected());
        };
        let now = status.trial.filter(|now| now.began == trial.began);
        let Some(now) = now else {
            let text = "the trial is over, and how it went is not known: the door was started anew";
            return Err(Failure::new(Exit::Unavailable, text)
                .help("it reads the files as they are then; see `portreeve events`"));
        };
        let (exit, sentence) = match now.kept {
            None => continue,
            Some(true) => (Exit::Yes, "\nConfirmed: the configuration stays.\n"),
            Some(false) => (Exit::No, NOT_CONFIRMED),
        };
        if text {
            terminal::answer(sentence)?;
        }
        return Ok(exit);
    }
}
