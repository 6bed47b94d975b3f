//! Every key that DenyHosts knows, with what becomes of it.

use super::keys::Fate::{Honoured, Meaningless, Refused};
use super::keys::Form::{List, Number, Path, Regex, Text, Time, Truth};
use super::keys::{Fate, Form, Key, Need};

const fn key(name: &'static str, form: Form, built_in: &'static str) -> Key {
    let unsaid = Meaningless("");
    Key { name, form, need: Need::None, built_in, door: unsaid, command: unsaid }
}

impl Key {
    const fn need(self, need: Need) -> Self {
        Self { need, ..self }
    }

    const fn door(self, door: Fate) -> Self {
        Self { door, ..self }
    }

    const fn command(self, command: Fate) -> Self {
        Self { command, ..self }
    }

    const fn both(self, fate: Fate) -> Self {
        Self { door: fate, command: fate, ..self }
    }
}

/// Why nobody is asked what others have seen.
const SYNC: Fate = Refused(
    "the protocol is plain HTTP without authentication, and every text that comes back would be \
     trusted: whoever is on the way could have anybody shut out",
);
const OF_SYNC: Fate = Meaningless("nothing is synchronised");
const BUILT_IN: Fate = Refused(
    "portreeve's own detector reads sshd's sentences, each from the side that its peer cannot \
     write; another expression in its place would be searched anywhere in the line",
);
const DAEMON: Fate = Meaningless("the door is told of each line as it is written");
const MAIL: Fate = Honoured("part of the mail's means");

/// All of them, in the order of the documentation's table.
pub const KEYS: &[Key] = &[
    key("SECURE_LOG", Path, "")
        .need(Need::Value)
        .door(Honoured("watched as a file, by the detector `sshd`"))
        .command(Honoured("read from the offset in WORK_DIR")),
    key("HOSTS_DENY", Path, "")
        .need(Need::Value)
        .door(Honoured("kept in step with the bans, others' lines untouched"))
        .command(Honoured("written by rename, others' lines untouched")),
    key("PURGE_DENY", Time, "")
        .need(Need::Key)
        .door(Honoured("the term of a ban; blank: for ever"))
        .command(Honoured("age at which an entry goes; blank: never, and no markers")),
    key("PURGE_THRESHOLD", Number, "0")
        .door(Honoured("whoever was banned more often stays out; 0: no limit"))
        .command(Honoured("a host that was purged more often stays; 0: no limit")),
    key("BLOCK_SERVICE", Text, "")
        .need(Need::Key)
        .door(Honoured("in front of the address in HOSTS_DENY; at the door a ban is of every service unless `services` of the import names some"))
        .command(Honoured("in front of the address in HOSTS_DENY")),
    key("DENY_THRESHOLD_INVALID", Number, "")
        .need(Need::Value)
        .both(Honoured("more failures of users that do not exist")),
    key("DENY_THRESHOLD_VALID", Number, "")
        .need(Need::Value)
        .both(Honoured("more failures of users that do exist")),
    key("DENY_THRESHOLD_ROOT", Number, "")
        .need(Need::Value)
        .both(Honoured("more failures of root")),
    key("DENY_THRESHOLD_RESTRICTED", Number, "DENY_THRESHOLD_ROOT")
        .need(Need::Value)
        .both(Honoured("more failures of users in `restricted-usernames`, each counted once")),
    key("DENY_THRESHOLD", Number, "")
        .both(Honoured("the old name of DENY_THRESHOLD_INVALID")),
    key("DETECT_DOVECOT_LOGIN_ATTEMPTS", Truth, "no")
        .both(Honoured("the detector `dovecot` reads the log too")),
    key("WORK_DIR", Path, "")
        .need(Need::Value)
        .door(Honoured("`allowed-hosts` is read there; the rest is taken over once by `portreeve import denyhosts`"))
        .command(Honoured("read and written, in DenyHosts' own formats")),
    key("ETC_DIR", Path, "/etc")
        .need(Need::Key)
        .both(Honoured("`restricted-usernames` is read there")),
    key("SUSPICIOUS_LOGIN_REPORT_ALLOWED_HOSTS", Truth, "yes")
        .door(Meaningless("every success is in the event log and the ledger, beside the offences before it"))
        .command(Honoured("whether such a login is reported of an allowed host")),
    key("HOSTNAME_LOOKUP", Truth, "yes")
        .both(Refused("a name in a log is a stranger's word and is looked up for nobody; reports have addresses")),
    key("LOCK_FILE", Path, "")
        .need(Need::Value)
        .door(Meaningless("the door has a lock of its own"))
        .command(Honoured("made before anything is done, and taken away at the end")),
    key("IPTABLES", Path, "")
        .both(Honoured("run with arguments, no shell; for IPv6 the `ip6tables` beside it")),
    key("BLOCKPORT", Text, "").both(Honoured("the ports of the rule that IPTABLES makes")),
    key("PFCTL_PATH", Path, "").both(Honoured("run with arguments, no shell, if PF_TABLE is set too")),
    key("PF_TABLE", Text, "").both(Honoured("the table that PFCTL_PATH adds to")),
    key("PF_TABLE_FILE", Path, "")
        .door(Honoured("a file of bare addresses, kept in step with the bans"))
        .command(Honoured("each new address is added to it")),
    key("ADMIN_EMAIL", List, "")
        .door(Honoured("a digest is sent there; unset: no mail"))
        .command(Honoured("the report is sent there; unset: no mail")),
    key("EMAIL_METHOD", Text, "SMTP")
        .door(Honoured("SMTP or SENDMAIL; MAIL and STDOUT are refused"))
        .command(Honoured("SENDMAIL, MAIL and STDOUT; SMTP is handed to sendmail(8)")),
    key("SMTP_HOST", Text, "").door(MAIL).command(SENDMAIL),
    key("SMTP_PORT", Number, "").door(MAIL).command(SENDMAIL),
    key("SMTP_FROM", Text, "").both(MAIL),
    key("SMTP_SUBJECT", Text, "").both(MAIL),
    key("SMTP_SSL", Truth, "no").door(MAIL).command(SENDMAIL),
    key("SMTP_USERNAME", Text, "").door(MAIL).command(SENDMAIL),
    key("SMTP_PASSWORD", Text, "").door(MAIL).command(SENDMAIL),
    key("SMTP_DATE_FORMAT", Text, "%a, %d %b %Y %H:%M:%S %z")
        .both(Meaningless("the Date header is written as RFC 5322 has it")),
    key("SYSLOG_REPORT", Truth, "no")
        .door(Meaningless("`log` of `[portreeve]` says whether events go to syslog"))
        .command(Honoured("each reported host also to syslog, as `denyhosts`")),
    key("ALLOWED_HOSTS_HOSTNAME_LOOKUP", Truth, "no")
        .both(Refused("who is never banned is an address; a name is what its owner's server says it is")),
    key("AGE_RESET_VALID", Time, "").both(Honoured("idle for longer, the count begins anew")),
    key("AGE_RESET_ROOT", Time, "").both(Honoured("likewise")),
    key("AGE_RESET_RESTRICTED", Time, "").both(Honoured("likewise")),
    key("AGE_RESET_INVALID", Time, "").both(Honoured("likewise")),
    key("RESET_ON_SUCCESS", Truth, "no")
        .both(Honoured("a success takes back all counts but that of restricted users")),
    key("PLUGIN_DENY", List, "")
        .both(Honoured("each is run with the address as its last argument, no shell")),
    key("PLUGIN_PURGE", Text, "")
        .both(Honoured("run with the address as its last argument, no shell")),
    key("USERDEF_FAILED_ENTRY_REGEX", Regex, "")
        .both(Honoured("searched in the whole line, as DenyHosts does")),
    key("SSHD_FORMAT_REGEX", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX2", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX3", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX4", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX5", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX6", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX7", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX8", Regex, "").both(BUILT_IN),
    key("FAILED_ENTRY_REGEX9", Regex, "").both(BUILT_IN),
    key("SUCCESSFUL_ENTRY_REGEX", Regex, "").both(BUILT_IN),
    key("FAILED_DOVECOT_ENTRY_REGEX", Regex, "").both(BUILT_IN),
    key("DAEMON_LOG", Path, "/var/log/denyhosts")
        .door(Meaningless("`log` of `[portreeve]` says where events are written"))
        .command(Honoured("written by `--daemon`, rotated at 1 MiB, 7 kept; blank: no log")),
    key("DAEMON_LOG_TIME_FORMAT", Text, "")
        .door(Meaningless("the event log has its own form"))
        .command(Honoured("the time of a line of DAEMON_LOG, as strftime(3) has it")),
    key("DAEMON_LOG_MESSAGE_FORMAT", Text, "")
        .door(Meaningless("the event log has its own form"))
        .command(Refused("lines are `TIME - denyhosts   : LEVEL    TEXT`; a format of Python's is not read")),
    key("DAEMON_SLEEP", Time, "30s")
        .door(DAEMON)
        .command(Honoured("`--daemon` looks so often")),
    key("DAEMON_PURGE", Time, "1h")
        .door(Meaningless("a ban ends to the second"))
        .command(Honoured("`--daemon` purges so often, also where it is no multiple of DAEMON_SLEEP")),
    key("SYNC_SERVER", Text, "").both(SYNC),
    key("SYNC_VERSION", Truth, "").both(OF_SYNC),
    key("SYNC_INTERVAL", Time, "1h").both(OF_SYNC),
    key("SYNC_UPLOAD", Truth, "yes").both(OF_SYNC),
    key("SYNC_DOWNLOAD", Truth, "yes").both(OF_SYNC),
    key("SYNC_DOWNLOAD_THRESHOLD", Number, "3").both(OF_SYNC),
    key("SYNC_DOWNLOAD_RESILIENCY", Time, "5h").both(OF_SYNC),
    key("SYNC_PROXY_SERVER", Text, "").both(OF_SYNC),
];

const SENDMAIL: Fate = Meaningless("the report is handed to sendmail(8), which knows the way");
