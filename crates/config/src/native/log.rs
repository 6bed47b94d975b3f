//! `log` of a service, and its banners.

use super::admission::unless;
use super::fields::Fields;
use super::item::Item;
use super::settings::bytes;
use crate::check::{self, Check};
use crate::codes;
use crate::keys::Scope;
use portreeve_model::{
    BannerFile, Banners, Facility, FailureFields, Ident, LogTarget, Records, ServiceLog, Severity,
    SuccessFields,
};

/// What is recorded where a target is given and nothing is said.
pub(crate) const RECORDS: Records = Records {
    success: SuccessFields { host: true, duration: true, exit: true, pid: true, userid: false },
    failure: FailureFields { host: true, attempt: true, userid: false },
};

/// The service's own log.
pub(super) fn read(check: &mut Check, fields: Fields<'_>) -> ServiceLog {
    let Some(table) = fields.get("log").and_then(|item| item.table(check, Scope::Log)) else {
        return ServiceLog::default();
    };
    let target = target(check, table);
    let mut records = if target == LogTarget::None { Records::default() } else { RECORDS };
    if let Some(item) = table.get("success") {
        records.success = success(check, item);
    }
    if let Some(item) = table.get("failure") {
        records.failure = failure(check, item);
    }
    let words = [("no", Ident::No), ("record", Ident::Record), ("require", Ident::Require)];
    let asked = records.success.userid || records.failure.userid;
    let ident = match table.get("ident") {
        Some(item) => item.one_of(check, &words).unwrap_or_default(),
        None if asked => Ident::Record,
        None => Ident::No,
    };
    ServiceLog { target, records, ident }
}

fn target(check: &mut Check, table: Fields<'_>) -> LogTarget {
    let (file, syslog) = (table.get("file"), table.get("syslog"));
    if let (Some(file), Some(syslog)) = (file, syslog) {
        let message = "`file` and `syslog` exclude one another";
        let finding = check::error(codes::EXCLUSIVE, syslog.named, message);
        check.say(finding.also(file.named, "already said here").help("keep one of them"));
    }
    let soft = table.get("soft").map(|item| (bytes(check, item, 0, u64::MAX), item));
    let hard = table.get("hard").map(|item| (bytes(check, item, 0, u64::MAX), item));
    if let Some(file) = file {
        let path = file.parsed(check, absolute);
        let (soft, hard) = (soft.and_then(|(n, _)| n), hard.and_then(|(n, _)| n));
        if soft.zip(hard).is_some_and(|(soft, hard)| soft > hard) {
            file.refuse(check, "`soft` is more than `hard`");
        }
        return path.map_or(LogTarget::None, |path| LogTarget::File { path, soft, hard });
    }
    for (_, item) in [soft, hard].into_iter().flatten() {
        let message = format!("`{}` is the size of a file, and there is none", item.key.name);
        check.say(check::error(codes::UNUSED_KEY, item.named, message).help("add `file`"));
    }
    syslog.and_then(|item| item.parsed(check, facility)).unwrap_or_default()
}

fn facility(text: &str) -> Result<LogTarget, String> {
    let (facility, severity) = text.split_once('.').unwrap_or((text, "info"));
    let names: Vec<_> = Facility::NAMES.iter().map(|(name, _)| *name).collect();
    let facility = Facility::by_name(facility)
        .ok_or_else(|| format!("`{facility}` is none of {}", names.join(", ")))?;
    let severity = Severity::by_name(severity)
        .ok_or_else(|| format!("`{severity}` is none of {}", Severity::NAMES.join(", ")))?;
    Ok(LogTarget::Syslog { facility, severity })
}

fn success(check: &mut Check, item: Item<'_>) -> SuccessFields {
    let mut fields = SuccessFields::default();
    for entry in item.entries(check).unwrap_or_default() {
        match entry.text(check) {
            Some("host") => fields.host = true,
            Some("duration") => fields.duration = true,
            Some("exit") => fields.exit = true,
            Some("pid") => fields.pid = true,
            Some("userid") => fields.userid = true,
            Some(other) => entry.refuse(check, &format!("`{other}` is none of its words")),
            None => {}
        }
    }
    fields
}

fn failure(check: &mut Check, item: Item<'_>) -> FailureFields {
    let mut fields = FailureFields::default();
    for entry in item.entries(check).unwrap_or_default() {
        match entry.text(check) {
            Some("host") => fields.host = true,
            Some("attempt") => fields.attempt = true,
            Some("userid") => fields.userid = true,
            Some(other) => entry.refuse(check, &format!("`{other}` is none of its words")),
            None => {}
        }
    }
    fields
}

/// The banner files.
pub(super) fn banners(check: &mut Check, fields: Fields<'_>) -> Banners {
    let mut banner = |name| {
        let item = unless(fields, name, "none")?;
        let path = item.parsed(check, absolute)?;
        Some(BannerFile { path, origin: check.origin(item.named) })
    };
    Banners {
        always: banner("banner"),
        success: banner("banner-success"),
        failure: banner("banner-refused"),
    }
}

/// An absolute path.
pub(super) fn absolute(text: &str) -> Result<String, String> {
    match text {
        _ if !text.starts_with('/') => Err(format!("`{text}` is no absolute path")),
        _ if text.len() > 4095 => Err("the path is longer than 4095 bytes".into()),
        _ => Ok(text.into()),
    }
}
