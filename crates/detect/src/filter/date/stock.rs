//! The dates that are known without being told, in the order in which they are tried.

/// A year that is written in full, `-`, `/` or `.` twice, and so on. Written as date patterns.
pub(super) fn stock() -> Vec<String> {
    let clock = "%H:%M:%S";
    let spaced = "%k:%M:%S";
    let fraction = r"(?:\.%f)?";
    let day = "(?:%a )?";
    let year = "(?: %ExY)?";
    let zone = r"(?:\s*%z)?";
    // Twice the same of several signs between three parts.
    let parted = |signs: &str, one: &str, two: &str, three: &str| {
        format!("{one}(?P<_sep>[{signs}]){two}(?P=_sep){three}")
    };
    vec![
        // 2005-01-23T21:59:59.981746+02:00, 2005/01/23 21:59:59, 2006.12.21 06:43:20
        format!("{}(?:T| {{1,2}}){clock}(?:[,.]%f)?{zone}", parted("-./", "%ExY", "%m", "%d")),
        // Sun Jan 23 21:59:59.011 2005
        format!("{day}%b %d {spaced}{fraction}{year}"),
        // Sun Jan 23 2005 21:59:59.011
        format!("{day}%b %d %ExY {spaced}{fraction}"),
        // 23/01/2005 21:59:59, 17-07-08 17:23:25
        format!("{} {spaced}", parted("-/", "%d", "%m", "(?:%ExY|%Exy)")),
        // 31/Oct/2006:09:22:55 -0000, 26-Jul-2007 15:20:52.252
        format!("{}[ :]?{clock}{fraction}(?: %z)?", parted("-/", "%d", "%b", "%ExY")),
        // 05/20/2008:01:57:39
        format!("%m/%d/%ExY:{clock}"),
        // 01-27-2012 16:22:44.252
        format!("%m-%d-%ExY {spaced}{fraction}"),
        "EPOCH".to_owned(),
        format!("{{^LN-BEG}}{clock}"),
        // <09/16/08@05:03:30>
        format!("^<%m/%d/%Exy@{clock}>"),
        // 130322 11:46:11
        format!("%Exy%Exm%Exd {{1,2}}{clock}"),
        // Apr 27, 2013 02:33:06 PM
        "%b %d, %ExY %I:%M:%S %p".to_owned(),
        // Apr-27-13 02:33:06
        format!("^%b-%d-%Exy {spaced}"),
        // 20050123T215959
        format!("%ExY%Exm%Exd(?:T| {{1,2}})%ExH%ExM%ExS(?:[,.]%f)?{zone}"),
        // PDT Apr 16 21:05:29
        format!("(?:%Z )?{day}%b %d {spaced}{fraction}{year}"),
        // +00:00 Jan 23 21:59:59.011 2005
        format!("(?:%z )?{day}%b %d {spaced}{fraction}{year}"),
        "TAI64N".to_owned(),
    ]
}
