//! `portreeve completions`: the same definitions as the help and the man page, written for a shell,
//! with the names that only the running door knows.

use crate::args::{Cli, CompletionsArgs, Shell};
use crate::exit::{Exit, Failure};
use crate::terminal;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::{generate, shells};
use std::fmt::Write as _;

const BASH: &str = include_str!("completions/live.bash");
const ZSH: &str = include_str!("completions/live.zsh");
const FISH: &str = include_str!("completions/live.fish");

/// Prints a shell's completions.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    terminal::answer(&script(args.shell))?;
    Ok(Exit::Yes)
}

/// The completions of a shell.
pub(crate) fn script(shell: Shell) -> String {
    match shell {
        Shell::Bash => bash(),
        Shell::Zsh => zsh(),
        Shell::Fish => fish(),
    }
}

/// The command without what is not to be seen.
fn command() -> Command {
    let full = Cli::command();
    let seen = full.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned();
    Command::new("portreeve")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .args(full.get_arguments().cloned())
        .subcommands(seen)
}

fn generated(shell: impl clap_complete::Generator) -> String {
    let mut out = Vec::new();
    generate(shell, &mut command(), "portreeve", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// What of the door an argument names, as `portreeve names` calls it.
fn asked(arg: &Arg) -> Option<&'static str> {
    match arg.get_id().as_str() {
        "service" => Some("services"),
        "numbers" => Some("sessions"),
        "banned" => Some("bans"),
        "kept" => Some("kept"),
        _ => None,
    }
}

/// Every argument that names something of the door, with the words of its command.
fn live(command: &Command) -> Vec<(String, &Arg, &'static str)> {
    let each = command.get_subcommands().flat_map(|sub| {
        let name = sub.get_name();
        let args = sub.get_arguments();
        let own = args.filter_map(|arg| Some((name.to_owned(), arg, asked(arg)?)));
        let below = live(sub).into_iter();
        own.chain(below.map(move |(last, arg, kind)| (format!("{name} {last}"), arg, kind)))
    });
    each.collect()
}

/// Every command and every command of those.
fn all(command: &Command) -> Vec<&Command> {
    command.get_subcommands().flat_map(|sub| std::iter::once(sub).chain(all(sub))).collect()
}

fn bash() -> String {
    let mut command = command();
    command.build();
    let subs = all(&command);
    let each = command.get_arguments().chain(subs.iter().flat_map(|sub| sub.get_arguments()));
    let mut valued: Vec<String> = each
        .filter(|arg| arg.get_action().takes_values())
        .flat_map(|arg| {
            let long = arg.get_long().map(|long| format!("--{long}"));
            long.into_iter().chain(arg.get_short().map(|short| format!("-{short}")))
        })
        .collect();
    valued.sort();
    valued.dedup();
    let (mut options, mut words) = (String::new(), String::new());
    for (sub, arg, kind) in live(&command) {
        let _ = match arg.get_long() {
            Some(long) => writeln!(options, "        '{sub}',--{long}) kind={kind} ;;"),
            None => writeln!(words, "        '{sub}',*) kind={kind} ;;"),
        };
    }
    let nested = command.get_subcommands().filter(|sub| sub.has_subcommands());
    let nested: Vec<_> = nested.map(Command::get_name).collect();
    let live = BASH
        .replace("@NESTED@", &nested.join("|"))
        .replace("@VALUED@", &valued.join("|"))
        .replace(
            "@VALUED_AFTER@",
            &valued.iter().map(|o| format!("*,{o}")).collect::<Vec<_>>().join("|"),
        )
        .replace("        @OPTIONS@\n", &options)
        .replace("        @WORDS@\n", &words);
    generated(shells::Bash) + "\n" + &live
}

/// Where the generated text names a function that completes a value, that of the door's names.
fn zsh() -> String {
    let command = command();
    let live = live(&command);
    let mut out = String::new();
    for line in generated(shells::Zsh).lines() {
        let found = live.iter().find(|(_, arg, _)| {
            let id = arg.get_id().as_str();
            match arg.get_long() {
                Some(long) => line.starts_with(&format!("'--{long}=[")),
                None => ["':", "'::", "'*::"]
                    .iter()
                    .any(|head| line.starts_with(&format!("{head}{id} -- "))),
            }
        });
        if line.starts_with("if [ \"$funcstack[1]\"") {
            out.push_str(ZSH);
        }
        match (found, line.rsplit_once(':')) {
            (Some((_, _, kind)), Some((before, _))) => {
                let _ = writeln!(out, "{before}:_portreeve_{kind}' \\");
            }
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn fish() -> String {
    let mut out = generated(shells::Fish) + "\n" + FISH;
    for (sub, arg, kind) in live(&command()) {
        let option = arg.get_long().map(|long| format!(" -l {long} -r")).unwrap_or_default();
        let (first, last) = sub.split_once(' ').unwrap_or((&sub, ""));
        let below = match last {
            "" => String::new(),
            last => format!("; and __fish_seen_subcommand_from {last}"),
        };
        let _ = writeln!(
            out,
            "complete -c portreeve -n \"__fish_portreeve_using_subcommand {first}{below}\"{option} -f \
             -a \"(__portreeve_names {kind})\""
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_and_every_flag_is_in_every_shells_completions() {
        let mut command = command();
        command.build();
        for (shell, long) in [(Shell::Bash, "--"), (Shell::Zsh, "--"), (Shell::Fish, "-l ")] {
            let script = script(shell);
            let has = |word: &str| {
                let ends = [' ', '=', '[', '"', '\'', ')', '\n', ':', '\\', '|', '{'];
                script.split(word).skip(1).any(|rest| rest.starts_with(ends))
            };
            for sub in all(&command) {
                assert!(has(sub.get_name()), "{shell:?}: {}", sub.get_name());
                for arg in sub.get_arguments().filter_map(Arg::get_long) {
                    assert!(has(&format!("{long}{arg}")), "{shell:?}: {} --{arg}", sub.get_name());
                }
            }
            assert!(
                !["@VALUED", "@OPTIONS@", "@WORDS@", "@NESTED@"]
                    .iter()
                    .any(|mark| script.contains(mark))
            );
        }
    }

    #[test]
    fn what_is_hidden_is_offered_by_no_shell() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            assert!(!script(shell).contains("Print the names a shell may offer"));
            assert!(!script(shell).contains("subcmd__names"));
        }
    }

    #[test]
    fn names_of_the_door_are_asked_for_where_they_belong() {
        let (bash, zsh, fish) = (bash(), zsh(), fish());
        for (sub, kind) in [("end", "sessions"), ("unban", "bans"), ("explain", "services")] {
            assert!(bash.contains(&format!("'{sub}',*) kind={kind}")), "{sub}");
            assert!(zsh.contains(&format!(":_portreeve_{kind}' \\\n")), "{sub}");
            let line = format!("using_subcommand {sub}\" -f -a \"(__portreeve_names {kind})\"");
            assert!(fish.contains(&line), "{sub}");
        }
        assert!(bash.contains("'sessions',--service) kind=services"));
        assert!(bash.contains("'service up',*) kind=kept"));
        assert!(zsh.contains(":_portreeve_kept' \\\n"));
        let up = "using_subcommand service; and __fish_seen_subcommand_from up\" -f";
        assert!(fish.contains(&format!("{up} -a \"(__portreeve_names kept)\"")));
    }
}
