//! Every code that reading DenyHosts' files may report: what it means, and the outcome. The table of
//! the documentation is made from this list and a test compares them.
//!
//! An error refuses the configuration as a whole; a warning says where something does nothing or
//! means something else than it seems; a note only explains.

use portreeve_diag::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $name: Code = Code($code);)+

        /// (code, meaning and outcome), in the order of the documentation's table.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),+];
    };
}

codes! {
    UNREADABLE = "denyhosts-unreadable": "error: a file cannot be read (warning for `allowed-hosts` and `restricted-usernames`, without which DenyHosts goes on too)";
    TOO_LARGE = "denyhosts-too-large": "error: a bound on size or count is passed";
    SYNTAX = "denyhosts-syntax": "warning: a line that is no `NAME = value` and no comment; DenyHosts passes over it without a word";
    REPEATED = "denyhosts-repeated": "warning: a key that is said twice; the last one counts";
    COMMENT = "denyhosts-comment": "warning: ` #` in a value, which belongs to it: comments stand in lines of their own";
    ENVIRONMENT = "denyhosts-environment": "error: `$[NAME]` of a variable that is not set or is empty";
    MISSING = "denyhosts-missing": "error: a key, or its value, without which DenyHosts does not start";
    RENAMED = "denyhosts-renamed": "warning: an old name, taken as DenyHosts takes it";
    BAD_VALUE = "denyhosts-bad-value": "error: a value the key does not take";
    NOT_TRUE = "denyhosts-not-true": "warning: a word that is neither yes nor no; DenyHosts takes it for no, and so does portreeve";
    RELATIVE = "denyhosts-relative": "warning: a relative path, which DenyHosts takes from wherever it is started";
    SHELL = "denyhosts-shell": "error: a plug-in that needs a shell; it is run as a program with arguments";
    UNKNOWN = "denyhosts-unknown": "warning: a key that DenyHosts does not know; it keeps it without a word";
    HONOURED = "denyhosts-honoured": "note: the keys that are taken over";
    REFUSED = "denyhosts-refused": "warning: a key that is not served, with the reason (error where something would be looked for that is not)";
    MEANINGLESS = "denyhosts-meaningless": "note: a key that has nothing to say here, with the reason";
    EFFECT = "denyhosts-effect": "note: where what a key asks for is done in another way";
    ALLOWED_RANGE = "denyhosts-allowed-range": "warning: `[x-y]` in allowed-hosts, whose end DenyHosts leaves out, or takes as written where that is asked for";
    ALLOWED_NAME = "denyhosts-allowed-name": "warning: a host name in allowed-hosts: a ban is of an address, and no name is looked up for it";
    ALLOWED_REST = "denyhosts-allowed-rest": "warning: text behind an address in allowed-hosts, which is not read";
    ALLOWED_EMPTY = "denyhosts-allowed-empty": "warning: an entry of allowed-hosts that allows nothing";
}
