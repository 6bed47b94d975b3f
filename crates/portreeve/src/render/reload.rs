//! What a reload changed, as text.

use super::text::{visible, visible_lines, wrap};
use super::{Ink, ink};
use portreeve_diag::Paint;

/// The new configuration is in force: what changed, what is down, then what was found.
pub(crate) fn reloaded(
    changes: &[String],
    down: &[(String, Vec<String>)],
    findings: &str,
    paint: Paint,
) -> String {
    let mut out = match changes {
        [] => "The configuration is in force; nothing changed.\n".to_owned(),
        _ => format!("{}\n", ink(paint, Ink::Good, "The new configuration is in force.")),
    };
    for change in changes {
        out.push_str(&wrap("  ", &visible(change)));
    }
    for (key, reasons) in down {
        for reason in reasons {
            let text = wrap("  down: ", &visible(&format!("{key}: {reason}")));
            out.push_str(&text.replacen("down:", &ink(paint, Ink::Care, "down:"), 1));
        }
    }
    if !findings.trim().is_empty() {
        out.push('\n');
        out.push_str(&visible_lines(findings));
    }
    out
}

/// Nothing was reloaded, since the configuration is refused or another is on trial: the findings.
pub(crate) fn refused(findings: &str, paint: Paint) -> String {
    let verdict = "Not reloaded: what was in force stays in force.";
    format!("{}\n\n{}\n", visible_lines(findings).trim_end(), ink(paint, Ink::Bad, verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_before_findings_and_nothing_is_said_plainly() {
        assert_eq!(
            reloaded(&["ssh: instances 5 \u{2192} 6".into()], &[], "warning: x\n", Paint::Plain),
            "The new configuration is in force.\n  ssh: instances 5 \u{2192} 6\n\nwarning: x\n"
        );
        assert_eq!(
            reloaded(&[], &[], "", Paint::Plain),
            "The configuration is in force; nothing changed.\n"
        );
    }

    #[test]
    fn findings_of_a_refusal_come_before_the_verdict() {
        assert_eq!(
            refused("error: y\x1b\n\n", Paint::Plain),
            "error: y\\x1b\n\nNot reloaded: what was in force stays in force.\n"
        );
    }
}
