//! The name somebody probably meant.

/// The candidate nearest to `text`, if it is near enough to be a slip of the pen. Case is ignored.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const LONGEST: usize = 40; // no name is longer; longer text is no slip
    if text.chars().count() > LONGEST {
        return None;
    }
    let text = text.to_ascii_lowercase();
    let allowed = |name: &str| if name.len() <= 4 { 1 } else { 2 };
    candidates
        .into_iter()
        .filter(|name| name.len().abs_diff(text.len()) <= allowed(name))
        .map(|name| (distance(&text, &name.to_ascii_lowercase()), name))
        .filter(|(far, name)| *far <= allowed(name))
        .min_by_key(|(far, _)| *far)
        .map(|(_, name)| name)
}

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![usize::MAX / 2; width];
    let mut above: Vec<usize> = (0..width).collect();
    let mut previous = None;
    for (row, here) in a.chars().enumerate() {
        let mut line = vec![row + 1];
        for (column, there) in b.iter().enumerate() {
            let at = |cells: &[usize], n: usize| cells.get(n).copied().unwrap_or(usize::MAX / 2);
            let replace = at(&above, column) + usize::from(here != *there);
            let step = at(&above, column + 1).min(at(&line, column)) + 1;
            let mut best = replace.min(step);
            let left = column.checked_sub(1).and_then(|n| b.get(n));
            if previous == Some(*there) && left == Some(&here) {
                best = best.min(at(&before, column.saturating_sub(1)) + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
        previous = Some(here);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let names = ["only_from", "no_access", "port", "bind", "per_source"];
        for (text, want) in [
            ("only_form", Some("only_from")),
            ("ONLYFROM", Some("only_from")),
            ("noaccess", Some("no_access")),
            ("prot", Some("port")),
            ("bnd", Some("bind")),
            ("persource", Some("per_source")),
            ("wait", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, names), want, "{text}");
        }
    }
}
