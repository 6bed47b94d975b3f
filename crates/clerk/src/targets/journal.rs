//! systemd's journal, by its own protocol: each event with its fields.
//!
//! A value with a control character in it goes in the binary form, with its length before it, so
//! that no value can begin a field of its own.

use crate::entry::Dated;
use crate::entry::layout::Told;
use crate::record::syslog::EVENTS;
use portreeve_model::{Facility, Severity};
use serde_json::Value;

/// One message: the sentence, its severity, and every field of the event's line.
pub(crate) fn encode(dated: &Dated, told: &Told, priority: (Facility, Severity)) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let service = told.service.as_ref().map(|service| format!("{service}: ")).unwrap_or_default();
    field(&mut out, "MESSAGE", &format!("{service}{}", told.text));
    field(&mut out, "PRIORITY", &priority.1.0.to_string());
    field(&mut out, "SYSLOG_FACILITY", &priority.0.0.to_string());
    field(&mut out, "SYSLOG_IDENTIFIER", EVENTS);
    // A map with text keys: there is no way to fail.
    let Ok(Value::Object(fields)) = serde_json::to_value(dated) else { return out };
    for (name, value) in &fields {
        let name = format!("PORTREEVE_{}", name.to_ascii_uppercase().replace('-', "_"));
        field(&mut out, &name, &text(value));
    }
    out
}

/// A value as text: lists a line each.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("\n"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend(name.as_bytes());
    if value.contains(char::is_control) {
        out.push(b'\n');
        out.extend((value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Entry;
    use crate::entry::sentence::told;
    use jiff::tz::TimeZone;

    fn encoded(entry: Entry) -> Vec<u8> {
        let dated = Dated::new("2026-11-21T23:32:15.123Z".into(), entry);
        let told = told(&dated.entry, &TimeZone::UTC);
        encode(&dated, &told, (Facility(3), dated.entry.severity()))
    }

    #[test]
    fn every_field_of_the_line_is_one_of_the_message() {
        let entry = Entry::Paused { service: "ssh".into(), seconds: 10 };
        assert_eq!(
            String::from_utf8(encoded(entry)).unwrap(),
            "MESSAGE=ssh: too fast: nobody is let in for 10 s\nPRIORITY=4\nSYSLOG_FACILITY=3\n\
             SYSLOG_IDENTIFIER=portreeved\nPORTREEVE_AT=2026-11-21T23:32:15.123Z\n\
             PORTREEVE_EVENT=paused\nPORTREEVE_SECONDS=10\nPORTREEVE_SERVICE=ssh\n"
        );
    }

    #[test]
    fn no_value_begins_a_field() {
        let findings = "bad\nPRIORITY=0\n_UID=0\n".to_owned();
        let bytes = encoded(Entry::ReloadRefused { findings: findings.clone() });
        let length = (findings.len() as u64).to_le_bytes();
        let wanted = [&b"PORTREEVE_FINDINGS\n"[..], &length, findings.as_bytes(), b"\n"].concat();
        assert!(bytes.ends_with(&wanted), "{:?}", String::from_utf8_lossy(&bytes));
        let changes = vec!["added: a".into(), "removed: b".into()];
        let bytes = encoded(Entry::Reloaded { changes });
        let list = [&b"PORTREEVE_CHANGES\n"[..], &19_u64.to_le_bytes(), b"added: a\nremoved: b\n"];
        let list = list.concat();
        assert!(bytes.windows(list.len()).any(|window| window == list));
    }
}
