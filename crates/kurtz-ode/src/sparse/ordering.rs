//! Order of elimination by minimum degree.

use std::collections::BTreeSet;

/// Variables in an order whose elimination fills in little, and the multiplications that it then takes.
///
/// Works on the graph of J + J^T: the variable with fewest neighbours goes next, and its neighbours become neighbours of each
/// other. Once those that are left are nearly all neighbours, no order is better than another.
pub(super) fn minimum_degree(n: usize, entries: &[(usize, usize)]) -> (Vec<usize>, f64) {
    let mut neighbours = vec![Vec::new(); n];
    for &(i, j) in entries.iter().filter(|(i, j)| i != j) {
        neighbours[i].push(j);
        neighbours[j].push(i);
    }
    for list in &mut neighbours {
        list.sort_unstable();
        list.dedup();
    }
    let mut waiting: BTreeSet<(usize, usize)> =
        neighbours.iter().enumerate().map(|(i, list)| (list.len(), i)).collect();
    let (mut order, mut work) = (Vec::with_capacity(n), 0.0);
    let mut merged = Vec::new();
    while let Some((degree, variable)) = waiting.pop_first() {
        let left = waiting.len();
        if degree > 8 && 4 * degree > 3 * left {
            let size = (left + 1) as f64;
            work += size * size * size / 3.0;
            order.push(variable);
            order.extend(waiting.iter().map(|&(_, i)| i));
            break;
        }
        order.push(variable);
        work += (degree * (degree + 1)) as f64;
        let clique = std::mem::take(&mut neighbours[variable]);
        for &i in &clique {
            let list = &mut neighbours[i];
            waiting.remove(&(list.len(), i));
            merge(list, &clique, |k| k != i && k != variable, &mut merged);
            std::mem::swap(list, &mut merged);
            waiting.insert((list.len(), i));
        }
    }
    (order, work)
}

/// Writes into `out` what of two sorted lists is to be kept, sorted, each once.
fn merge(a: &[usize], b: &[usize], keep: impl Fn(usize) -> bool, out: &mut Vec<usize>) {
    out.clear();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let next = match (a.get(i), b.get(j)) {
            (Some(&x), Some(&y)) => {
                i += usize::from(x <= y);
                j += usize::from(y <= x);
                x.min(y)
            }
            (Some(&x), None) => {
                i += 1;
                x
            }
            (None, Some(&y)) => {
                j += 1;
                y
            }
            (None, None) => break,
        };
        if keep(next) {
            out.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_in_any_numbering_fills_nothing() {
        // Neighbours differ by 7 modulo 100.
        let n = 100;
        let entries: Vec<_> = (0..n - 1).map(|k| (k * 7 % n, (k + 1) * 7 % n)).collect();
        let (order, work) = minimum_degree(n, &entries);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..n).collect::<Vec<_>>());
        // One neighbour each, but for the last: 99 times 1 * 2.
        assert_eq!(work, 198.0);
    }

    #[test]
    fn a_hub_goes_last() {
        let entries: Vec<_> = (1..50).map(|i| (0, i)).collect();
        let (order, work) = minimum_degree(50, &entries);
        assert!(order[48..].contains(&0));
        assert_eq!(work, 98.0);
    }

    #[test]
    fn dense_matrices_cost_what_dense_matrices_cost() {
        let n = 30;
        let entries: Vec<_> = (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).collect();
        assert_eq!(minimum_degree(n, &entries).1, 9000.0);
    }
}
