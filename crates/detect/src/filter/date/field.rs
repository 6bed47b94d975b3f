//! `%Y` and the like in date patterns: strptime's, and fail2ban's `%Ex…` that take no less than all
//! digits.

/// The names of days and months in the C locale, short and long.
pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Puts regular expressions in the place of fields. Says what is wrong otherwise.
pub(super) fn fields(pattern: &str) -> Result<String, Box<str>> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let mut characters = after.chars();
        let first = characters.next().unwrap_or(' ');
        if first == '%' {
            out.push('%');
            rest = characters.as_str();
            continue;
        }
        let exact = after.strip_prefix("Ex").and_then(|exact| {
            let mut characters = exact.chars();
            Some((exactly(characters.next()?)?, characters.as_str()))
        });
        let (field, then) = match exact {
            Some(exact) => exact,
            None => match field(first) {
                Some(field) => (field, characters.as_str()),
                None => return Err(format!("no such field: %{first}").into()),
            },
        };
        out.push_str(&field);
        rest = then;
    }
    out.push_str(rest);
    Ok(out)
}

/// Whether a pattern has a field of letters, so that their size does not matter in all of it.
pub(super) fn has_letters(pattern: &str) -> bool {
    let mut last = None;
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        let letter = characters.peek().is_some_and(|next| "aAbBpc".contains(*next));
        if c == '%' && last != Some('%') && letter {
            return true;
        }
        last = Some(c);
    }
    false
}

fn exactly(letter: char) -> Option<String> {
    Some(match letter {
        'd' => "(?P<d>0[1-9]|[12][0-9]|3[01])".to_owned(),
        'm' => "(?P<m>0[1-9]|1[0-2])".to_owned(),
        'H' => "(?P<H>[01][0-9]|2[0-3])".to_owned(),
        'k' => " ?(?P<H>[01]?[0-9]|2[0-3])".to_owned(),
        'l' => " ?(?P<I>1[0-2]|[0-9])".to_owned(),
        'M' => "(?P<M>[0-5][0-9])".to_owned(),
        'S' => "(?P<S>[0-5][0-9]|6[01])".to_owned(),
        'Y' => "(?P<Y>20[0-4][0-9])".to_owned(),
        'y' => "(?P<y>[0-9][0-9])".to_owned(),
        'Z' => format!("(?P<Z>{ZONE})"),
        'z' => format!("(?P<z>(?:{ZONE})?{OFFSET}|{ZONE})"),
        _ => return None,
    })
}

/// One letter, or three to five.
const ZONE: &str = "[A-Z](?:[A-Z]{2,4})?";
/// `+01`, `+0100`, `+01:00`.
const OFFSET: &str = "[+-][01][0-9](?::?[0-9][0-9])?";

fn field(letter: char) -> Option<String> {
    let names = |group: char, names: &[&str], short: bool| {
        let mut names: Vec<&str> =
            names.iter().map(|name| name.get(..3).filter(|_| short).unwrap_or(name)).collect();
        // The longer first: no name is taken for the start of another.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        format!("(?P<{group}>{})", names.join("|"))
    };
    Some(match letter {
        'a' => names('a', &DAYS, true),
        'A' => names('A', &DAYS, false),
        'b' => names('b', &MONTHS, true),
        'B' => names('B', &MONTHS, false),
        'd' => "(?P<d>[12][0-9]|[ 0]?[1-9]|3[01])".to_owned(),
        'f' => "(?P<f>[0-9]{1,6})".to_owned(),
        'H' => "(?P<H>[01]?[0-9]|2[0-3])".to_owned(),
        'I' => "(?P<I>1[0-2]|0?[1-9])".to_owned(),
        'j' => "(?P<j>36[0-6]|3[0-5][0-9]|[12][0-9][0-9]|0[1-9][0-9]|00[1-9]|[1-9][0-9]|0?[1-9])"
            .to_owned(),
        'k' => " ?(?P<H>[0-2]?[0-9])".to_owned(),
        'l' => " ?(?P<I>1?[0-9])".to_owned(),
        'm' => "(?P<m>0?[1-9]|1[0-2])".to_owned(),
        'M' => "(?P<M>[0-5]?[0-9])".to_owned(),
        'p' => "(?P<p>am|pm)".to_owned(),
        'S' => "(?P<S>[0-5]?[0-9]|6[01])".to_owned(),
        'w' => "(?P<w>[0-6])".to_owned(),
        'u' => "(?P<u>[1-7])".to_owned(),
        'y' => "(?P<y>[0-9][0-9])".to_owned(),
        'Y' => "(?P<Y>[0-9]{4})".to_owned(),
        'z' => format!("(?P<z>Z|UTC|GMT|{OFFSET})"),
        'Z' => "(?P<Z>Z|[A-Z]{3,5})".to_owned(),
        _ => return None,
    })
}
