//! The stable names of findings about native configurations, once: code, meaning, documentation.

use portreeve_diag::Code;
use std::fmt::Write as _;

macro_rules! codes {
    ($($name:ident = $text:literal: $prose:literal;)*) => {
        $(#[doc = $prose] pub(crate) const $name: Code = Code($text);)*
        /// Every code of this crate with its meaning.
        pub const CODES: &[(Code, &str)] = &[$(($name, $prose)),*];
    };
}

codes! {
    // Files.
    UNREADABLE = "unreadable": "a file or directory cannot be read, or is not what it should be";
    UNTRUSTED = "untrusted-file": "somebody else than root (or the caller) could change the file";
    TOO_LARGE = "too-large": "a file, or their number, is past the bound";
    NOT_UTF8 = "not-utf8": "a file is not UTF-8 text";
    INCLUDE_CYCLE = "include-cycle": "a file includes itself, directly or by way of others";
    INCLUDE_TWICE = "include-twice": "a file is included more than once; it is read once";
    INCLUDE_NOTHING = "include-nothing": "an include pattern matches no file";
    MAIN_ONLY = "main-file-only": "a table that only the main file may have stands in an included one";
    // Text.
    TOML_SYNTAX = "toml-syntax": "the file is not TOML";
    UNKNOWN_KEY = "unknown-key": "a key that portreeve does not know, or not in this place";
    WRONG_TYPE = "wrong-type": "a value of another type than the key takes";
    BAD_VALUE = "bad-value": "a value that the key does not take";
    MISSING_KEY = "missing-key": "a key that must be written is not";
    BAD_NAME = "bad-name": "a name that cannot be one";
    EXCLUSIVE = "exclusive-keys": "keys that exclude one another";
    // Addresses.
    BAD_LISTEN = "bad-listen": "an address to listen on that is none";
    LISTEN_CLASH = "listen-clash": "two listening addresses that cannot both be bound";
    BAD_PATTERN = "bad-pattern": "an entry of an access list that is no address, network or host name";
    LOOKS_LIKE_ADDRESS = "looks-like-address": "an entry of an access list that is read as a host name but looks like an address";
    HOST_BITS = "host-bits": "a network written with an address inside it";
    COVERED_RULE = "covered-rule": "an entry of an access list that another entry already covers";
    DENIED_ALLOW = "denied-allow": "an entry of `allow` that `deny` covers entirely: it admits nobody";
    EMPTY_LIST = "empty-list": "a list file without an entry";
    ADMITS_NOBODY = "admits-nobody": "a service that refuses everybody";
    RULES_DAMAGED = "rules-damaged": "a file of rules that is neither a sound database nor a text of rules";
    RULES_SYNTAX = "rules-syntax": "a line of rules that tcprules cannot read";
    RULES_LINE_IGNORED = "rules-line-ignored": "a line without a colon among rules, which is passed over";
    RULES_NEVER_MATCH = "rules-never-match": "a rule that matches nobody, or sets nothing that it says it does";
    RULES_REFUSE_NOBODY = "rules-refuse-nobody": "rules of which none refuses anybody";
    RULES_NEVER_ASKED = "rules-never-asked": "rules with keys by name or user, for a service that never asks for names or users: they match nobody";
    DEFAULT_REPLACED = "default-replaced": "an access list of [defaults] that a service replaces with its own";
    HOSTS_LIST_MISSING = "hosts-list-missing": "a file that a rule of hosts.allow or hosts.deny names is not there: it matches nobody";
    HOSTS_LIST_UNREADABLE = "hosts-list-unreadable": "a file that a rule of hosts.allow or hosts.deny names cannot be read: whoever comes as far as the rule is refused";
    HOSTS_UNKNOWN = "hosts-unknown": "a rule of hosts.allow or hosts.deny names a user, group or folder of banners that this host does not have";
    HOSTS_ACCESS_NAME = "hosts-access-name": "a service asks hosts.allow and hosts.deny under a name that no rule can hold";
    // Services.
    KEPT_KEY = "kept-key": "a key about connections on a service that is kept up, which listens itself; or a key about that on one that is not";
    WATCH_NOTHING = "watch-nothing": "a watch that reads nothing, or whose lines nobody reads";
    DUPLICATE_WATCH = "duplicate-watch": "two watches of one name, jails among them";
    DUPLICATE_JUDGE = "duplicate-judge": "two judges of one name, jails among them";
    JUDGE_DEAF = "judge-deaf": "a judge that hears nothing, since nothing is seen of what it is to judge";
    JUDGE_UNKNOWN = "judge-unknown": "a judge names a service or a watch that is not configured";
    JUDGE_EAGER = "judge-eager": "a judge that bans for a single offence of whatever kind";
    JUDGE_FOREVER = "judge-forever": "a judge that bans for ever by what stands in a log";
    NEVER_UNSAID = "never-unsaid": "judges without `[ban] never`: nothing says where you log in from";
    JOURNAL_ANYBODY = "journal-anybody": "a watch of entries of the journal that any user's program can write";
    KEPT_NAME = "kept-name": "a name that no folder of a kept service can have";
    KEPT_SSHD = "kept-sshd": "sshd that is kept up without `-D`, which goes into the background";
    NO_DIRECTORY = "no-directory": "a folder of service directories that is not there";
    DUPLICATE_SERVICE = "duplicate-service": "two services or traps with one key";
    NO_SERVICES = "no-services": "a configuration that offers nothing";
    USER_UNSAID = "user-unsaid": "a program that runs as the door's own user because nothing else is said";
    UNUSED_KEY = "unused-key": "a key without effect beside the others";
    STARTUPS_BY_AGE = "startups-by-age": "startups or grace on a service that cannot say when a session has authenticated";
    WATCH_BLIND = "watch-blind": "a watched service whose words the clerk will not see";
    SSHD_WITHOUT_I = "sshd-without-i": "sshd without `-i`, which would open a port of its own";
    IDLE_UNKNOWN = "idle-unknown": "an idle limit on a host whose kernel does not tell when a connection was last used";
    NEVER_PROBED = "never-probed": "keep-alives that never ask, since the idle limit ends the session before";
    WORDS_UNSAID = "words-unsaid": "words for refused peers that nobody hears, since their connections are reset";
    BAD_TIME_ZONE = "bad-time-zone": "a time zone that this host does not know";
}

/// The codes as a Markdown table.
#[must_use]
pub fn codes_markdown() -> String {
    let mut out = String::from("| code | meaning |\n|---|---|\n");
    for (code, prose) in CODES {
        let _ = writeln!(out, "| `{code}` | {prose} |");
    }
    out
}
