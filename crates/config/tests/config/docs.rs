//! The tables of the documentation are those of the registry.

use crate::common::{bytes, findings, golden, here, native};
use portreeve_config::{codes_markdown, markdown};

/// A text with what stands between two marks replaced.
fn between(text: &str, name: &str, table: &str) -> String {
    let (open, close) = (format!("<!-- {name}"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open).unwrap_or_else(|| panic!("{open}"));
    let (mark, rest) = rest.split_once("-->\n").unwrap_or_else(|| panic!("{rest}"));
    let (_, after) = rest.split_once(&close).unwrap_or_else(|| panic!("{close}"));
    format!("{before}{open}{mark}-->\n\n{}\n\n{close}{after}", table.trim_end())
}

#[test]
fn the_tables_are_made_from_the_registry() {
    let path = here("../../docs/configuration.md");
    let text = String::from_utf8(bytes(&path)).unwrap();
    let made = between(&text, "keys", &markdown());
    golden(&path, &between(&made, "codes", &codes_markdown()));
}

#[test]
fn the_examples_of_the_documentation_are_accepted() {
    for path in ["docs/configuration.md", "README.md"] {
        let text = String::from_utf8(bytes(&here("../..").join(path))).unwrap();
        let mut read = 0;
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let loaded = native(block);
            assert!(loaded.config.is_some(), "{path}:\n{}", findings(&loaded));
            read += 1;
        }
        assert!(read > 0, "{path}");
    }
}
