//! `<name>`: values of other options, put in until none is left that is known.

use super::fault::{Fault, fault, shown};
use super::interpolate::Values;
use super::text::Text;
use super::{bounds, codes};
use portreeve_diag::Span;
use std::collections::{BTreeMap, BTreeSet};

/// How often one tag may be put into one option.
const MOST: u32 = 25;
/// Bytes of all options of a filter.
const ALL: usize = 4 << 20;

/// Puts tags into every value that is not left out; a tag that is none of the values is asked for.
/// Tags that nobody knows stay, as `<HOST>` does.
pub(super) fn substitute(
    values: &Values,
    left_out: &BTreeSet<String>,
    mut ask: impl FnMut(&str) -> Result<Option<Text>, Fault>,
    step: &dyn Fn(Option<Span>) -> Result<(), Fault>,
) -> Result<Values, Fault> {
    let mut values = values.clone();
    let names: Vec<String> = values.keys().map(str::to_owned).collect();
    let mut done = BTreeSet::new();
    let mut counts: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    loop {
        let mut again = false;
        for name in &names {
            if left_out.contains(name) || done.contains(name) {
                continue;
            }
            let Some(before) = values.get(name).cloned() else { continue };
            step(before.place(0))?;
            let mut count = counts.get(name).cloned().unwrap_or_default();
            let after = put_in(name, before.clone(), &values, left_out, &mut count, &mut ask)?;
            let changed = after.as_str() != before.as_str();
            if changed && find(after.as_str(), 0).is_some() {
                counts.insert(name.clone(), count);
                again = true;
            }
            if !after.as_str().contains('<') {
                done.insert(name.clone());
            }
            if changed {
                let all: usize = values.iter().map(|(_, value)| value.len()).sum();
                if all.saturating_add(after.len()) > ALL {
                    let message = "the options of a filter together come to more than 4 MiB";
                    return Err(fault(codes::TOO_LARGE, after.place(0), message, "shorten them"));
                }
                values.set(name, after);
            }
        }
        if !again {
            return Ok(values);
        }
    }
}

/// One value with the tags that can be seen in it now.
fn put_in(
    name: &str,
    mut value: Text,
    values: &Values,
    left_out: &BTreeSet<String>,
    count: &mut BTreeMap<String, u32>,
    ask: &mut impl FnMut(&str) -> Result<Option<Text>, Fault>,
) -> Result<Text, Fault> {
    let mut from = 0;
    while let Some((start, end)) = find(value.as_str(), from) {
        let tag = value.as_str().get(start + 1..end - 1).unwrap_or_default().to_owned();
        if left_out.contains(&tag) {
            from = end;
            continue;
        }
        if tag == name || count.get(&tag).copied().unwrap_or(1) > MOST {
            let message = format!("`{}` refers to itself through `<{}>`", shown(name), shown(&tag));
            let help = "resolve the circle; fail2ban refuses this too";
            return Err(fault(codes::RECURSION, value.place(start), message, help));
        }
        let known = match values.get(&tag) {
            Some(known) => Some(known.clone()),
            None => ask(&tag)?,
        };
        let Some(known) = known else {
            from = end;
            continue;
        };
        let characters = value.as_str().get(..start).map_or(0, |text| text.chars().count());
        let Some(longer) = value.replaced(&format!("<{tag}>"), &known, bounds::TEXT) else {
            let message = format!("`{}` comes to more than 1 MiB", shown(name));
            return Err(fault(codes::TOO_LARGE, value.place(start), message, "shorten it"));
        };
        value = longer;
        *count.entry(tag).or_default() += 1;
        // what was put in before this place may have been longer, or shorter
        let at = value.as_str().char_indices().nth(characters);
        from = at.map_or(value.len(), |(at, _)| at);
    }
    Ok(value)
}

/// The first tag at or behind a byte, with its brackets.
fn find(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut open = None;
    for (at, c) in text.get(from..)?.char_indices() {
        match c {
            '<' => open = Some(from + at),
            ' ' => open = None,
            '>' => match open.filter(|open| from + at > open + 1) {
                Some(open) => return Some((open, from + at + 1)),
                None => open = None,
            },
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::because(text, None)
    }

    fn with(pairs: &[(&str, &str)]) -> Result<String, String> {
        let mut values = Values::default();
        pairs.iter().for_each(|(name, value)| values.set(name, text(value)));
        let ask = |tag: &str| Ok((tag == "outside").then(|| text("<in>")));
        let left_out = ["kept".to_owned()].into();
        let values =
            substitute(&values, &left_out, ask, &|_| Ok(())).map_err(|fault| fault.message)?;
        let values: Vec<_> = values.iter().map(|(_, value)| value.as_str().to_owned()).collect();
        Ok(values.join("|"))
    }

    #[test]
    fn tags_are_put_in_until_none_is_known() {
        for (pairs, want) in [
            (&[("a", "<b> <HOST>"), ("b", "<c>é<c>"), ("c", "1")][..], "1é1 <HOST>|1é1|1"),
            (&[("a", "<x_<b>>"), ("b", "y"), ("x_y", "1")], "1|y|1"),
            (&[("a", "<outside>"), ("in", "1")], "1|1"),
            (&[("a", "<kept>"), ("kept", "<a>")], "<kept>|<a>"),
            (&[("a", "< b><b >< ><>"), ("b", "1")], "< b><b >< ><>|1"),
        ] {
            assert_eq!(with(pairs), Ok(want.to_owned()), "{pairs:?}");
        }
    }

    #[test]
    fn circles_and_growth_are_refused() {
        assert!(with(&[("a", "<b>"), ("b", "<a>")]).is_err());
        assert!(with(&[("a", "<a>")]).is_err());
        let mut pairs = vec![("t0".to_owned(), "x".repeat(100))];
        pairs.extend((1..40).map(|n| (format!("t{n}"), format!("<t{0}><t{0}>", n - 1))));
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert!(with(&pairs).is_err_and(|message| message.contains(" MiB")));
    }

    #[test]
    fn a_tag_is_anything_between_brackets_but_blanks() {
        assert_eq!(find("a < <b>", 0), Some((4, 7)));
        assert_eq!(find("<<b>", 0), Some((1, 4)));
        assert_eq!(find("<a b><c\nd>", 0), Some((5, 10)));
        assert_eq!(find("<><é>", 0), Some((2, 6)));
        assert_eq!(find("><", 0), None);
    }
}
