//! `[ban.mail]`: reports by mail.

use super::time;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use crate::native::documents::beside;
use crate::native::item::Item;
use crate::native::program;
use crate::native::settings::account;
use crate::world::World;
use portreeve_model::{BanMail, MailBy, MailLogin, Sited};
use std::time::Duration;

/// What sends where nothing is said.
const SENDMAIL: [&str; 3] = ["/usr/sbin/sendmail", "-t", "-i"];

/// It, if it is written so that it can be sent.
pub(super) fn read(
    check: &mut Check,
    world: &mut dyn World,
    item: Item<'_>,
    main: &str,
) -> Option<BanMail> {
    let table = item.table(check, Scope::BanMail)?;
    let to = table.require(check, "to").map(|item| recipients(check, item));
    let from = table.require(check, "from").and_then(|item| item.parsed(check, sender));
    let subject = table.get("subject").map(|item| item.parsed(check, line));
    let (program, smtp) = (table.get("program"), table.get("smtp"));
    if let (Some(program), Some(smtp)) = (program, smtp) {
        let message = "`program` and `smtp` exclude one another";
        let finding = check::error(codes::EXCLUSIVE, smtp.named, message);
        check.say(finding.also(program.named, "already said here").help("keep one of them"));
    }
    let by = match (program, smtp) {
        (Some(item), _) => program::command(check, item)
            .map(|(path, args)| MailBy::Program(std::iter::once(path).chain(args).collect())),
        (None, Some(item)) => self::smtp(check, world, item, main),
        (None, None) => Some(MailBy::Program(SENDMAIL.map(str::to_owned).to_vec())),
    };
    let within = Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);
    let every = table.get("every").and_then(|item| time(check, item, within));
    let user = match table.get("user") {
        Some(item) => item.parsed(check, account).map(|name| item.sited(check, name)),
        None => Some(Sited::new(BanMail::USER.to_owned(), check.origin(item.named))),
    };
    Some(BanMail {
        to: to?,
        from: from?,
        subject: subject.unwrap_or_else(|| Some("portreeve: bans".into()))?,
        by: by?,
        every: every.unwrap_or(Duration::from_secs(3600)),
        user: user?,
        origin: Sited::new((), check.origin(item.named)),
    })
}

fn recipients(check: &mut Check, item: Item<'_>) -> Vec<String> {
    let entries = item.entries(check).unwrap_or_default();
    if !(1..=BanMail::MOST).contains(&entries.len()) && item.is_list() {
        item.refuse(check, &format!("not from 1 to {} addresses", BanMail::MOST));
        return Vec::new();
    }
    entries.iter().filter_map(|entry| entry.parsed(check, address)).collect()
}

/// A mail address as a header and a command of SMTP take it.
fn address(text: &str) -> Result<String, String> {
    let odd = |c: char| !c.is_ascii_graphic() || "<>,;:()[]\\\"".contains(c);
    let parts = text.split('@').collect::<Vec<_>>();
    match text {
        _ if text.is_empty() || text.len() > 254 || text.contains(odd) || text.starts_with('-') => {
            Err(format!("`{text}` is no mail address"))
        }
        _ if parts.len() > 2 || parts.iter().any(|part| part.is_empty()) => {
            Err(format!("`{text}` is no mail address"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// `address`, or `Name <address>`.
fn sender(text: &str) -> Result<String, String> {
    let Some((name, bare)) = text.strip_suffix('>').and_then(|text| text.split_once('<')) else {
        return address(text);
    };
    address(bare)?;
    match line(name) {
        Ok(name) if !name.contains(['<', '>', '"', '\\', ',']) => Ok(text.to_owned()),
        _ => Err(format!("`{name}` cannot stand before an address")),
    }
}

/// A text of one line.
fn line(text: &str) -> Result<String, String> {
    match text.len() <= 200 && !text.contains(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err("not one line of 200 bytes at most".into()),
    }
}

fn smtp(check: &mut Check, world: &mut dyn World, item: Item<'_>, main: &str) -> Option<MailBy> {
    let table = item.table(check, Scope::Smtp)?;
    let host = table.require(check, "host").and_then(|item| {
        item.parsed(check, |text| {
            let odd = |c: char| !(c.is_ascii_alphanumeric() || ".-_:".contains(c));
            match text.is_empty() || text.len() > 253 || text.contains(odd) {
                true => Err(format!("`{text}` is no host")),
                false => Ok(text.to_owned()),
            }
        })
    });
    let port = table.get("port").and_then(|item| item.count(check, 1..=65_535));
    let tls = table.get("tls").and_then(|item| item.boolean(check)).unwrap_or(false);
    let login = table.get("login").map(|item| self::login(check, world, item, main));
    let port = port.unwrap_or(if tls { 465 } else { 25 });
    let port = u16::try_from(port).ok()?;
    let login = match login {
        Some(login) => Some(login?),
        None => None,
    };
    Some(MailBy::Smtp { host: host?, port, tls, login })
}

fn login(
    check: &mut Check,
    world: &mut dyn World,
    item: Item<'_>,
    main: &str,
) -> Option<MailLogin> {
    let table = item.table(check, Scope::SmtpLogin)?;
    let user = table.require(check, "user").and_then(|item| item.parsed(check, line));
    let (password, file) = (table.get("password"), table.get("password-file"));
    let (password, file) = match (password, file) {
        (Some(password), Some(file)) => {
            let message = "`password` and `password-file` exclude one another";
            let finding = check::error(codes::EXCLUSIVE, file.named, message);
            check.say(finding.also(password.named, "already said here").help("keep one of them"));
            return None;
        }
        (Some(item), None) => (item.parsed(check, line)?, None),
        (None, Some(item)) => {
            let path = beside(main, item.text(check)?);
            (password_of(check, world, item, &path)?, Some(path))
        }
        (None, None) => {
            let message = "login of smtp lacks a password";
            let finding = check::error(codes::MISSING_KEY, table.at, message);
            check.say(finding.help("add `password-file = \"mail.password\"`"));
            return None;
        }
    };
    Some(MailLogin { user: user?, password, file })
}

/// The first line of a file.
fn password_of(
    check: &mut Check,
    world: &mut dyn World,
    item: Item<'_>,
    path: &str,
) -> Option<String> {
    let (code, reason) = match world.read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => match text.lines().next().map(line) {
                Some(Ok(password)) if !password.is_empty() => return Some(password),
                _ => (codes::UNREADABLE, "its first line is no password".to_owned()),
            },
            Err(_) => (codes::NOT_UTF8, "it is not UTF-8".to_owned()),
        },
        Err(unread) => (unread.code, unread.reason),
    };
    let message = format!("cannot read a password from `{path}`: {reason}");
    let help = "write the password into its first line, and let root alone read it";
    check.say(check::error(code, item.at, message).help(help));
    None
}
