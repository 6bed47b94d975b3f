//! What the reader sees.

use std::io::Write;

/// To standard output; nobody reading is no reason to stop.
pub(crate) fn text(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// One line.
pub(crate) fn line(text: &str) {
    self::text(&format!("{text}\n"));
}

/// What goes on, for whoever waits: to standard error, so that tables can be kept alone.
pub(crate) fn progress(text: &str) {
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Why it ended.
pub(crate) fn error(text: &str) {
    progress(&format!("portreeve-benches: {text}"));
}

/// A table: names to the left, numbers to the right.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// Whether the last column is text.
    remarks: bool,
}

impl Table {
    /// One with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let rows = vec![headings.iter().map(|&heading| heading.to_owned()).collect()];
        Self { rows, remarks: false }
    }

    /// One whose last column is text.
    pub(crate) fn with_remarks(headings: &[&str]) -> Self {
        Self { remarks: true, ..Self::new(headings) }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Prints it below a title.
    pub(crate) fn print(&self, title: &str) {
        line(&format!("\n{title}\n"));
        text(&self.render());
    }

    fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                text += match column {
                    0 => "",
                    _ => "  ",
                };
                text += &match column == 0 || (self.remarks && column + 1 == columns) {
                    true => format!("{cell:<width$}"),
                    false => format!("{cell:>width$}"),
                };
            }
            text = text.trim_end().to_owned() + "\n";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::new(&["name", "rate"]);
        table.row(vec!["µs".into(), "12345".into()]);
        assert_eq!(table.render(), "name   rate\nµs    12345\n");
        let mut table = Table::with_remarks(&["", "rate", "which"]);
        table.row(vec!["a".into(), "1".into(), "read 1".into()]);
        assert_eq!(table.render(), "   rate  which\na     1  read 1\n");
    }
}
