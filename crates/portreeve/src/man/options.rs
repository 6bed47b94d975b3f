//! Option tables, from clap's definitions.

use super::mdoc;
use crate::args::Cli;
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use std::fmt::Write as _;

const COMMON: &str = "common";

fn command() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The commands that people are told of, with the words that name them; those that have commands of
/// their own by those alone.
fn seen(command: &Command) -> Vec<(String, &Command)> {
    let subs = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let each = subs.flat_map(|sub| {
        let name = sub.get_name();
        let below = seen(sub);
        match below.is_empty() {
            true => vec![(name.to_owned(), sub)],
            false => below.into_iter().map(|(last, sub)| (format!("{name} {last}"), sub)).collect(),
        }
    });
    each.collect()
}

/// The names of all tables.
pub(super) fn names() -> Vec<String> {
    let command = command();
    let all = seen(&command);
    let with_options = all.iter().filter(|(_, command)| own(command).next().is_some());
    let names = with_options.map(|(name, _)| format!("options {name}"));
    names.chain([format!("options {COMMON}"), "synopsis".to_owned()]).collect()
}

/// A command's own arguments: not those of every command, nor the help that clap adds.
fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_global_set() && !is_added(arg))
}

fn is_added(arg: &Arg) -> bool {
    matches!(arg.get_id().as_str(), "help" | "version")
}

/// Every long flag of every command that people are told of.
pub(super) fn flags() -> Vec<String> {
    let command = command();
    let all = seen(&command);
    let args = all.iter().flat_map(|(_, command)| command.get_arguments());
    args.chain(command.get_arguments())
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect()
}

/// The table of one command, or of the options of every command.
pub(super) fn of(name: &str) -> String {
    let command = command();
    let mut out = String::from(".Bl -tag -width Ds\n");
    if name == COMMON {
        command.get_arguments().for_each(|arg| item(&mut out, arg));
    } else {
        let all = seen(&command);
        let found = all.iter().find(|(known, _)| known == name);
        own(found.expect("a command of that name").1).for_each(|arg| item(&mut out, arg));
    }
    out.push_str(".El\n");
    out
}

fn item(out: &mut String, arg: &Arg) {
    let value = arg.get_action().takes_values().then(|| value_name(arg));
    let value = value.map(|name| format!(" Ar {name}")).unwrap_or_default();
    let long = arg.get_long().map(|long| format!("Fl -{long}{value}"));
    let short = arg.get_short().map(|short| format!("Fl {short}{value} , "));
    match long {
        Some(long) => drop(writeln!(out, ".It {}{long}", short.unwrap_or_default())),
        None => drop(writeln!(out, ".It{value}")),
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let default: Vec<_> = arg.get_default_values().iter().filter_map(|v| v.to_str()).collect();
    let default = match default.as_slice() {
        [value] if !value.is_empty() && arg.get_action().takes_values() => {
            format!(" Without it: {value}.")
        }
        _ => String::new(),
    };
    out.push_str(&mdoc::sentence(&format!("{help}.{default}")));
}

/// The name of an argument's value; `ADDRESS[:PORT]` has a part that may be left out.
fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let name = names.first().map(|name| name.to_lowercase()).unwrap_or_default();
    match name.split_once("[:") {
        Some((name, rest)) => format!("{name} Ns Op : Ns Ar {}", rest.trim_end_matches(']')),
        None => name,
    }
}

/// The lines of all commands.
pub(super) fn synopsis() -> String {
    let command = command();
    let mut out = String::new();
    for (name, sub) in seen(&command) {
        let _ = writeln!(out, ".Nm\n.Cm {name}");
        for arg in own(sub) {
            let value =
                if arg.get_action().takes_values() { value_name(arg) } else { String::new() };
            match arg.get_long() {
                Some(long) if value.is_empty() => drop(writeln!(out, ".Op Fl -{long}")),
                Some(long) => drop(writeln!(out, ".Op Fl -{long} Ar {value}")),
                None => {
                    let several = matches!(arg.get_action(), ArgAction::Append);
                    let more = if several { " ..." } else { "" };
                    let optional = if arg.is_required_set() { "" } else { "Op " };
                    let _ = writeln!(out, ".{optional}Ar {value}{more}");
                }
            }
        }
    }
    out
}
