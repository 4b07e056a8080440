//! Propensities and their sums, for choosing one of many.

const FAN: usize = 8;

/// Numbers >= 0 and their sum, kept in step as single ones change.
///
/// Sums form a tree of fan-out 8 in which every inner node is the sum of its children, always computed in the same
/// order from the children themselves: nothing drifts however long it is used, and choosing costs O(log M).
#[derive(Clone, Debug)]
pub(crate) struct SumTree {
    /// `levels[0]` are the numbers, `levels[l][i]` the sum of `levels[l - 1][8 i .. 8 i + 8]`; padded with 0.
    levels: Vec<Vec<f64>>,
    count: usize,
}

impl SumTree {
    /// `count` zeros.
    pub fn new(count: usize) -> Self {
        let mut levels = vec![vec![0.0; count.next_multiple_of(FAN).max(FAN)]];
        while levels[levels.len() - 1].len() > FAN {
            let above = levels[levels.len() - 1].len() / FAN;
            levels.push(vec![0.0; above.next_multiple_of(FAN)]);
        }
        SumTree { levels, count }
    }

    /// The numbers.
    pub fn values(&self) -> &[f64] {
        &self.levels[0][..self.count]
    }

    /// Their sum.
    pub fn total(&self) -> f64 {
        sum(&self.levels[self.levels.len() - 1])
    }

    /// Changes number `i`.
    pub fn put(&mut self, i: usize, value: f64) {
        self.levels[0][i] = value;
        let mut i = i / FAN;
        for l in 1..self.levels.len() {
            let (below, level) = self.levels.split_at_mut(l);
            level[0][i] = sum(&below[l - 1][i * FAN..][..FAN]);
            i /= FAN;
        }
    }

    /// The number in which a point `target` of the line from 0 to [`SumTree::total`] falls.
    pub fn choose(&self, mut target: f64) -> usize {
        let mut node = 0;
        for level in self.levels.iter().rev() {
            let children = &level[node * FAN..][..FAN];
            // The last child with a positive sum, should rounding lead beyond it.
            let mut last = 0;
            let mut chosen = None;
            for (i, &a) in children.iter().enumerate() {
                if a > 0.0 {
                    last = i;
                    if target < a {
                        chosen = Some(i);
                        break;
                    }
                    target -= a;
                }
            }
            let chosen = chosen.unwrap_or_else(|| {
                target = children[last];
                last
            });
            node = node * FAN + chosen;
        }
        node
    }
}

impl super::sparse::Sums for SumTree {
    fn new(count: usize) -> Self {
        SumTree::new(count)
    }

    fn values(&self) -> &[f64] {
        self.values()
    }

    #[inline]
    fn put(&mut self, i: usize, value: f64) {
        self.put(i, value);
    }

    fn total(&self) -> f64 {
        self.total()
    }
}

/// The sum of eight numbers, in an order that needs few steps.
#[inline(always)]
fn sum(a: &[f64]) -> f64 {
    ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]))
}
