//! Medians, and how far the others are from them.

/// The figures of one thing, one for each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    /// Adds a round's.
    pub(crate) fn add(&mut self, figure: f64) {
        self.0.push(figure);
    }

    /// The middle one, or the mean of the two in the middle; 0 without any.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        let upper = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        let lower = sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        f64::midpoint(lower, upper)
    }

    /// The smallest.
    pub(crate) fn least(&self) -> f64 {
        self.sorted().first().copied().unwrap_or_default()
    }

    /// The greatest.
    pub(crate) fn most(&self) -> f64 {
        self.sorted().last().copied().unwrap_or_default()
    }

    /// Round by round, this by the other: what drifts with the machine drifts in both.
    pub(crate) fn against(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0).filter(|(_, other)| **other > 0.0);
        Self(pairs.map(|(own, other)| own / other).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Figures {
    fn from_iter<T: IntoIterator<Item = f64>>(figures: T) -> Self {
        Self(figures.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_even_and_odd_counts_and_ratios_by_round() {
        let odd: Figures = [3.0, 1.0, 2.0].into_iter().collect();
        let even: Figures = [4.0, 1.0, 2.0, 3.0].into_iter().collect();
        let same = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(same(odd.median(), 2.0) && same(even.median(), 2.5));
        assert!(same(odd.least(), 1.0) && same(odd.most(), 3.0));
        assert!(same(Figures::default().median(), 0.0));
        let half: Figures = [6.0, 2.0, 4.0].into_iter().collect();
        let ratio = odd.against(&half);
        assert!(same(ratio.least(), 0.5) && same(ratio.most(), 0.5));
    }
}
