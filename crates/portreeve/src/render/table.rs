//! Rows of cells in columns.

/// At which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Widths that hold every cell, head included.
pub(crate) fn widths<const N: usize>(rows: &[[String; N]]) -> [usize; N] {
    rows.iter().fold([0; N], |mut widths, row| {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
        widths
    })
}

/// Columns of the longest line: the cells with two blanks between them. A column without a
/// character is left out.
pub(crate) fn total<const N: usize>(widths: &[usize; N]) -> usize {
    let shown = widths.iter().filter(|width| **width > 0);
    shown.fold(0, |sum, width| sum + width + 2).saturating_sub(2)
}

/// One row, without the blanks that would end it.
pub(crate) fn line<const N: usize>(
    row: &[String; N],
    widths: &[usize; N],
    sides: &[Side; N],
) -> String {
    let mut out = String::new();
    let shown = row.iter().zip(widths).zip(sides).filter(|((_, width), _)| **width > 0);
    for ((cell, width), side) in shown {
        if !out.is_empty() {
            out.push_str("  ");
        }
        match side {
            Side::Left => out.push_str(&format!("{cell:<width$}")),
            Side::Right => out.push_str(&format!("{cell:>width$}")),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_their_cells_and_empty_ones_go() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [row(["N", "", "WHO"]), row(["10", "", "a"]), row(["7", "", "someone"])];
        let widths = widths(&rows);
        assert_eq!((widths, total(&widths)), ([2, 0, 7], 11));
        let sides = [Side::Right, Side::Left, Side::Left];
        let lines: Vec<_> = rows.iter().map(|row| line(row, &widths, &sides)).collect();
        assert_eq!(lines, [" N  WHO", "10  a", " 7  someone"]);
    }
}
