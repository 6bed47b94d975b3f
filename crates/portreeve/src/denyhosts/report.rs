//! What is reported, and how.

use super::flags::Flags;
use super::programs;
use super::setup::Setup;
use crate::terminal;
use portreeve_dialect::denyhosts::EmailMethod;
use portreeve_sys::syslog::SystemLog;

/// Sections, each a title and its hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report(Vec<(String, Vec<String>)>);

/// LOG_USER.
const USER: u8 = 1;
/// LOG_INFO.
const INFO: u8 = 6;
/// Between two sections.
const RULE: usize = 70;

impl Report {
    /// Adds a section.
    pub(super) fn section(&mut self, title: &str, hosts: &[String]) {
        self.0.push((title.to_owned(), hosts.to_vec()));
    }

    fn text(&self) -> String {
        let section = |(title, hosts): &(String, Vec<String>)| {
            format!("{title}:\n\n{}\n\n{}\n", hosts.join("\n"), "-".repeat(RULE))
        };
        self.0.iter().map(section).collect()
    }

    /// Sends it where it is to go: by mail, to syslog; to standard output where there is no mail.
    ///
    /// # Errors
    /// Nobody reads standard output.
    pub(super) fn send(&self, setup: &mut Setup, flags: &Flags) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        if setup.settings.syslog_report {
            let log = SystemLog::open("denyhosts", USER);
            for (title, hosts) in &self.0 {
                hosts.iter().for_each(|host| {
                    log.say(None, INFO, format!("{title} - {host}").as_bytes());
                });
            }
        }
        let text = self.text();
        let mail = !flags.no_email && !setup.settings.admin_email.is_empty();
        let stdout = setup.settings.email_method == EmailMethod::Stdout;
        if mail && !stdout {
            let message = self.message(setup, &text);
            return match programs::mail(setup, &message, &text) {
                Ok(()) => Ok(()),
                Err(why) => {
                    setup.say.warning(&format!("the report could not be sent: {why}"));
                    print(flags, &text)
                }
            };
        }
        print(flags, &text)
    }

    /// The mail that sendmail(8) reads.
    fn message(&self, setup: &Setup, text: &str) -> String {
        let smtp = &setup.settings.smtp;
        let now = crate::moment::now().to_zoned(setup.zone.clone());
        let date = now.strftime("%a, %d %b %Y %H:%M:%S %z");
        format!(
            "From: {}\nTo: {}\nSubject: {}\nDate: {date}\nAuto-Submitted: auto-generated\n\n{text}",
            smtp.from.as_deref().unwrap_or("DenyHosts <nobody@localhost>"),
            setup.settings.admin_email.join(", "),
            smtp.subject.as_deref().unwrap_or("DenyHosts Report"),
        )
    }
}

/// To standard output, which a daemon has not.
fn print(flags: &Flags, text: &str) -> Result<(), String> {
    match flags.daemon {
        true => Ok(()),
        false => terminal::answer(text).map_err(|failure| failure.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_divided_by_a_rule() {
        let mut report = Report::default();
        report.section("Added to /etc/hosts.deny", &["192.0.2.7".into(), "2001:db8::7".into()]);
        let want =
            format!("Added to /etc/hosts.deny:\n\n192.0.2.7\n2001:db8::7\n\n{}\n", "-".repeat(70));
        assert_eq!(report.text(), want);
    }
}
