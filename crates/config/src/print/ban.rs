//! What becomes of bans.

use super::{Page, rule};
use crate::native::{ENDS, FAMILIES};
use crate::words::{duration, quote};
use portreeve_model::{
    BanCommand, BanMail, BanPolicy, Breaker, EndOnBan, HostsDeny, MailBy, MailLogin, Nftables,
    Settings,
};
use std::time::Duration;

/// `[ban]`, if there is anything to say in it.
pub(super) fn print(page: &mut Page<'_>, settings: &Settings) {
    let BanPolicy { ends, breaker, nftables, hosts_deny, commands, mail } = &settings.ban;
    let plain = *ends == EndOnBan::default() && *breaker == Breaker::default();
    let nothing = nftables.is_none() && hosts_deny.is_empty();
    if !settings.never_ban.is_empty() || !plain || !nothing {
        page.header("ban", None);
    }
    if !settings.never_ban.is_empty() {
        page.list("never", settings.never_ban.iter().map(rule));
    }
    if let Some((word, _)) = ENDS.iter().skip(1).find(|(_, other)| other == ends) {
        page.line("ends", &quote::text(word));
    }
    if *breaker != Breaker::default() {
        page.line("breaker", &self::breaker(*breaker));
    }
    if let Some(Nftables { table, priority, most }) = nftables {
        let table = quote::text(table);
        let line = format!("{{ table = {table}, priority = {priority}, most = {most} }}");
        page.line("nftables", &line);
    }
    if !hosts_deny.is_empty() {
        page.list("hosts-deny", hosts_deny.iter().map(|one| (file(one), one.origin.origin)));
    }
    commands.iter().for_each(|command| self::command(page, command));
    mail.iter().for_each(|mail| self::mail(page, mail));
}

fn breaker(breaker: Breaker) -> String {
    let Breaker { per_minute, per_minute_logs, share, known_good, pause } = breaker;
    let share = super::judge::number(share.into());
    let pause = time(pause);
    format!(
        "{{ per-minute = {per_minute}, per-minute-logs = {per_minute_logs}, share = {share}, \
         known-good = {known_good}, pause = {pause} }}"
    )
}

fn time(time: Duration) -> String {
    quote::text(&duration::show(time))
}

fn file(file: &HostsDeny) -> String {
    let HostsDeny { path, daemon, markers, most, .. } = file;
    let (path, daemon) = (quote::text(path), quote::text(daemon.as_deref().unwrap_or("none")));
    format!("{{ file = {path}, daemon = {daemon}, markers = {markers}, most = {most} }}")
}

fn words(words: &[String]) -> String {
    quote::list(words.iter().map(|word| quote::text(word)))
}

fn command(page: &mut Page<'_>, command: &BanCommand) {
    let name = quote::key(command.name.as_str());
    page.header(&format!("ban.command.{name}"), Some(command.origin.origin));
    for (key, run) in [("ban", &command.ban), ("unban", &command.unban), ("start", &command.start)]
    {
        if !run.is_empty() {
            page.line(key, &words(run));
        }
    }
    if let Some((word, _)) = FAMILIES.iter().skip(1).find(|(_, it)| *it == command.family) {
        page.line("family", &quote::text(word));
    }
    page.sited("user", &quote::text(&command.user.value), command.user.origin);
    page.line("timeout", &time(command.timeout));
    page.line("at-once", &command.at_once.to_string());
    page.line("restored", &command.restored.to_string());
}

fn mail(page: &mut Page<'_>, mail: &BanMail) {
    page.header("ban.mail", Some(mail.origin.origin));
    page.line("to", &words(&mail.to));
    page.line("from", &quote::text(&mail.from));
    page.line("subject", &quote::text(&mail.subject));
    match &mail.by {
        MailBy::Program(run) => page.line("program", &words(run)),
        MailBy::Smtp { host, port, tls, login } => {
            let host = quote::text(host);
            let login = login.as_ref().map(|login| format!(", login = {}", self::login(login)));
            let login = login.unwrap_or_default();
            page.line("smtp", &format!("{{ host = {host}, port = {port}, tls = {tls}{login} }}"));
        }
    }
    page.line("every", &time(mail.every));
    page.sited("user", &quote::text(&mail.user.value), mail.user.origin);
}

fn login(login: &MailLogin) -> String {
    let user = quote::text(&login.user);
    match &login.file {
        Some(path) => format!("{{ user = {user}, password-file = {} }}", quote::text(path)),
        None => format!("{{ user = {user}, password = {} }}", quote::text(&login.password)),
    }
}
