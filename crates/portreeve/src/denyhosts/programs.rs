//! Programs that are run for hosts: plug-ins, packet filters, whatever sends mail. Never by a shell.

use super::setup::Setup;
use portreeve_dialect::denyhosts::{EmailMethod, iptables_rule, of_ipv6};
use portreeve_sys::clock::monotonic;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::IpAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// A program may take so long; DenyHosts would wait for ever.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

/// Runs what is to be run for hosts that were denied, each after the other.
pub(super) fn denied(setup: &mut Setup, hosts: &[IpAddr]) {
    packet_filters(setup, hosts);
    for plugin in setup.settings.plugin_deny.clone() {
        for host in hosts {
            plug(setup, &plugin, &host.to_string());
        }
    }
}

/// Tells the packet filters, and the file of PF's table, of hosts that were denied.
pub(super) fn packet_filters(setup: &mut Setup, hosts: &[IpAddr]) {
    for host in hosts {
        iptables(setup, "-I", &host.to_string());
    }
    if let Some((pfctl, table)) = setup.settings.pf.clone() {
        for host in hosts {
            let host = host.to_string();
            let words = [pfctl.as_str(), "-t", &table, "-T", "add", &host].map(str::to_owned);
            told(setup, &words);
        }
    }
    if let Some(path) = setup.settings.pf_table_file.clone() {
        let lines: String = hosts.iter().map(|host| format!("{host}\n")).collect();
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&path);
        if let Err(error) = file.and_then(|mut file| file.write_all(lines.as_bytes())) {
            setup.say.warning(&format!("cannot write {path}: {error}"));
        }
    }
}

/// Runs what is to be run for hosts that are denied no more.
pub(super) fn purged(setup: &mut Setup, hosts: &[String]) {
    for host in hosts {
        iptables(setup, "-D", host);
    }
    if let Some(plugin) = setup.settings.plugin_purge.clone() {
        for host in hosts {
            plug(setup, &plugin, host);
        }
    }
}

fn iptables(setup: &mut Setup, deed: &str, host: &str) {
    let Some(program) = setup.settings.iptables.clone() else { return };
    // what is no address is nothing for a packet filter
    let Ok(address) = host.parse::<IpAddr>() else { return };
    let program = if address.is_ipv6() { of_ipv6(&program) } else { program };
    let words = iptables_rule(&program, deed, setup.settings.block_port.as_deref(), host);
    told(setup, &words);
}

fn plug(setup: &mut Setup, plugin: &[String], host: &str) {
    // an argument that begins like an option is none of ours to give
    if host.starts_with('-') {
        return;
    }
    let words: Vec<String> = plugin.iter().cloned().chain([host.to_owned()]).collect();
    told(setup, &words);
}

fn told(setup: &mut Setup, words: &[String]) {
    setup.say.info(&format!("running {}", words.join(" ")));
    if let Err(why) = run(words, None) {
        setup.say.warning(&why);
    }
}

/// Hands the report over.
pub(super) fn mail(setup: &Setup, message: &str, text: &str) -> Result<(), String> {
    let words = match setup.settings.email_method {
        EmailMethod::Mail => {
            let subject = setup.settings.smtp.subject.clone();
            let subject = subject.unwrap_or_else(|| "DenyHosts Report".to_owned());
            let mut words = vec!["/usr/bin/mail".to_owned(), "-s".to_owned(), subject, "--".into()];
            words.extend(setup.settings.admin_email.iter().cloned());
            return run(&words, Some(text));
        }
        EmailMethod::Smtp | EmailMethod::Sendmail | EmailMethod::Stdout => {
            ["/usr/sbin/sendmail", "-t", "-oi"].map(str::to_owned)
        }
    };
    run(&words, Some(message))
}

/// Runs a program to its end, with this on its standard input.
fn run(words: &[String], input: Option<&str>) -> Result<(), String> {
    let shown = words.join(" ");
    let (program, arguments) = words.split_first().ok_or("no program is named")?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the configuration's own programs, as the caller"
    )]
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().map_err(|error| format!("cannot run {shown}: {error}"))?;
    if let Some((mut stdin, text)) = child.stdin.take().zip(input) {
        // a report is shorter than what a pipe holds, or the program reads it
        let written = stdin.write_all(text.as_bytes());
        drop(stdin);
        if let Err(error) = written {
            let _ended = ended(&mut child);
            return Err(format!("{shown} does not read it: {error}"));
        }
    }
    match ended(&mut child) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("{shown} failed ({status})")),
        None => Err(format!("{shown} did not end within {} s and was killed", PATIENCE.as_secs())),
    }
}

fn ended(child: &mut Child) -> Option<ExitStatus> {
    let deadline = monotonic() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if monotonic() < deadline => thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                let _gone_meanwhile = child.kill();
                let _reaped = child.wait();
                return None;
            }
        }
    }
}
