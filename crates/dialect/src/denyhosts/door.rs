//! What is said of each key.

use super::{EmailMethod, Fate, Key, Settings, codes};
use portreeve_diag::{Diagnostic, Diagnostics, Level, Span};

/// Tells what becomes of every key that is there, in the door.
pub fn tell_door(settings: &Settings, found: &mut Diagnostics) {
    tell(settings, found, |key| key.door);
    method(settings, found);
}

/// Tells what becomes of every key that is there, in the command `denyhosts`.
pub fn tell_command(settings: &Settings, found: &mut Diagnostics) {
    tell(settings, found, |key| key.command);
}

fn tell(settings: &Settings, found: &mut Diagnostics, fate: impl Fn(&Key) -> Fate) {
    let mut honoured: Vec<&str> = Vec::new();
    let mut first = None;
    for (key, at, given) in settings.keys() {
        match fate(key) {
            Fate::Honoured(_) => {
                honoured.push(key.name);
                first = first.or(Some(at));
            }
            // a blank value, or `no`, asks for nothing
            Fate::Refused(why) if given && asked(settings, key.name) => {
                let error = key.name.contains("_REGEX");
                let level = if error { Level::Error } else { Level::Warning };
                let message = format!("`{}` is not done: {why}", key.name);
                let help = if error {
                    "remove it, or write `USERDEF_FAILED_ENTRY_REGEX` for lines of another program"
                } else {
                    "remove it; everything else goes on without it"
                };
                say(found, level, codes::REFUSED, at, message, help);
            }
            Fate::Refused(_) => {}
            Fate::Meaningless(why) => {
                let message = format!("`{}` has nothing to say here: {why}", key.name);
                say(found, Level::Note, codes::MEANINGLESS, at, message, "it may stay");
            }
        }
    }
    if let Some(at) = first {
        let message = format!("taken over: {}", honoured.join(", "));
        let help = "docs/denyhosts.md says how each is done";
        say(found, Level::Note, codes::HONOURED, at, message, help);
    }
}

/// Whether a key that is not done asks for anything.
fn asked(settings: &Settings, name: &str) -> bool {
    match name {
        "HOSTNAME_LOOKUP" => settings.hostname_lookup,
        "ALLOWED_HOSTS_HOSTNAME_LOOKUP" => settings.allowed_lookup,
        _ => true,
    }
}

fn method(settings: &Settings, found: &mut Diagnostics) {
    let odd = [EmailMethod::Mail, EmailMethod::Stdout].contains(&settings.email_method);
    if let (true, Some(at)) = (odd && !settings.admin_email.is_empty(), settings.at("EMAIL_METHOD"))
    {
        let message =
            "`EMAIL_METHOD`: the door sends mail by SMTP or SENDMAIL; sendmail(8) is taken";
        say(found, Level::Warning, codes::EFFECT, at, message.into(), "write SENDMAIL or SMTP");
    }
}

fn say(
    found: &mut Diagnostics,
    level: Level,
    code: portreeve_diag::Code,
    at: Span,
    message: String,
    help: &str,
) {
    found.push(Diagnostic::new(level, code, Some(at), message).help(help));
}
