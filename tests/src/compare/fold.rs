//! A list attribute in force: what `defaults` say, changed line by line, by the manual.

use super::Entry;

/// The words of a list attribute that apply to a service, or nothing when nobody set it.
#[must_use]
pub fn list(entries: &[Entry], entry: &Entry, attribute: &str) -> Option<Vec<String>> {
    let mut held: Option<Vec<String>> = None;
    let defaults = entries.iter().filter(|other| other.is_defaults());
    for (own, line) in defaults
        .flat_map(|d| d.lines.iter().map(|line| (false, line)))
        .chain(entry.lines.iter().map(|line| (true, line)))
        .filter(|(_, line)| line.attribute == attribute)
    {
        match line.operator.as_str() {
            "-=" => {
                if let Some(held) = &mut held {
                    held.retain(|word| !line.values.contains(word));
                }
            }
            "=" if own => held = Some(line.values.clone()),
            _ => held.get_or_insert_default().extend(line.values.iter().cloned()),
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_inherited_replaced_added_to_and_taken_from() {
        let entries = Entry::parse_all(
            "defaults\n{\nonly_from = a\nonly_from = b\n}\nservice x\n{\nonly_from += c\nonly_from -= a\n}\n\
             service y\n{\nonly_from = d\n}\nservice z\n{\n}\n",
        );
        for (at, want) in [(1, vec!["b", "c"]), (2, vec!["d"]), (3, vec!["a", "b"])] {
            assert_eq!(list(&entries, &entries[at], "only_from").unwrap(), want);
        }
        assert_eq!(list(&entries, &entries[3], "no_access"), None);
    }
}
