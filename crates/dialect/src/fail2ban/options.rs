//! `name[option=value, option="value, with a comma"][option=value]`.

use super::codes;
use super::fault::{Fault, fault, shown};
use super::map::Map;
use super::text::{Text, blank};

/// A name with what stands in brackets behind it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// The name.
    pub(super) name: Text,
    /// Options, in the order in which they were written; names keep their case.
    pub(super) options: Map<Text>,
}

/// Divides a text.
pub(super) fn parse(text: &Text) -> Result<Named, Fault> {
    let whole = text.as_str();
    let wrong = |at: usize, message: String| {
        let help = "write `name[option=value, other=\"value\"]`; fail2ban refuses this too";
        fault(codes::PARAMETERS, text.place(at), message, help)
    };
    let Some(open) = whole.find('[') else {
        return match whole.is_empty() {
            true => Err(wrong(0, "a name is missing".into())),
            false => Ok(Named { name: text.clone(), options: Map::default() }),
        };
    };
    let close = whole.trim_end_matches(blank).len();
    let inside = whole.get(open + 1..close).and_then(|inside| inside.strip_suffix(']'));
    let (Some(inside), true) = (inside, open > 0) else {
        let message = format!("`{}` is no name with options in brackets", shown(whole));
        return Err(wrong(open, message));
    };
    let mut options = Map::default();
    let mut at = open + 1;
    let end = at + inside.len();
    while at < end {
        let rest = whole.get(at..end).unwrap_or_default();
        let Some((name, value_at)) = assigned(rest) else {
            if rest.strip_prefix(',').unwrap_or(rest).trim_start_matches(blank).is_empty() {
                break;
            }
            return Err(wrong(at, format!("`{}` is no `option=value`", shown(rest))));
        };
        let value = rest.get(value_at..).unwrap_or_default();
        let (from, length, after) = extent(value);
        let start = at + value_at + from;
        let tail = value.get(after..).unwrap_or_default();
        let Some(divider) = divider(tail) else {
            let message = format!("`{}` follows the value of `{}`", shown(tail), shown(name));
            return Err(wrong(at + value_at + after, message));
        };
        options.set(name, text.slice(start, start + length).trim());
        at += value_at + after + divider;
    }
    Ok(Named { name: text.slice(0, open), options })
}

/// The name of an option, and where its value begins.
fn assigned(text: &str) -> Option<(&str, usize)> {
    let blanks = text.len() - text.trim_start_matches(blank).len();
    let rest = text.get(blanks..)?;
    let name = rest.get(..rest.find('=')?)?;
    let fits = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    (!name.is_empty() && name.chars().all(fits)).then_some((name, blanks + name.len() + 1))
}

/// Where a value begins, how long it is, and where what follows it begins.
fn extent(text: &str) -> (usize, usize, usize) {
    for quote in ['"', '\''] {
        let inside = text.strip_prefix(quote);
        if let Some(length) = inside.and_then(|inside| inside.find(quote)) {
            return (1, length, length + 2);
        }
    }
    let length = text.find([',', ']']).unwrap_or(text.len());
    (0, length, length)
}

/// How long what divides two options is, or ends them; `None` if something else follows.
fn divider(text: &str) -> Option<usize> {
    if text.is_empty() || text == "\n" {
        return Some(text.len());
    }
    if text.starts_with(',') {
        return Some(1);
    }
    let rest = text.strip_prefix(']')?.trim_start_matches(blank).strip_prefix('[')?;
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use portreeve_diag::FileId;

    fn read(text: &str) -> Result<String, String> {
        let named = parse(&Text::new(text, FileId(0), 0)).map_err(|fault| fault.message)?;
        let options = named.options.iter();
        let options: Vec<_> =
            options.map(|(name, value)| format!("{name}={}", value.as_str())).collect();
        Ok(format!("{}|{}", named.name.as_str(), options.join("|")))
    }

    #[test]
    fn options_are_read_as_they_are_written() {
        for (text, want) in [
            ("sshd", "sshd|"),
            ("sshd[mode=extra]", "sshd|mode=extra"),
            ("a[x=\"1, 2]\", y='\"', z= 3 ]", "a|x=1, 2]|y=\"|z=3"),
            ("a[x=1][y=2] [z=3]", "a|x=1|y=2|z=3"),
            ("a[x=1,\n   y=2,\n]\n", "a|x=1|y=2"),
            ("a[x=\"open, y=2]", "a|x=\"open|y=2"),
            ("a[x=,y=]", "a|x=|y="),
            ("a[]", "a|"),
            ("a[X=1,x=2,X=3]", "a|X=3|x=2"),
        ] {
            assert_eq!(read(text), Ok(want.to_owned()), "{text}");
        }
        for text in ["", "[x=1]", "a[x=1", "a[x]", "a[x=\"1\"2]", "a[x=1]y", "a[,x=1]", "a[x=1]]"] {
            assert!(read(text).is_err(), "{text}: {:?}", read(text));
        }
    }
}
