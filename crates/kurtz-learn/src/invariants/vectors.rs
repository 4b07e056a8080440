//! Vectors of small integers.

/// As many vectors are tried at most.
const MOST: usize = 300_000;

/// All vectors of integers up to `largest` over the `allowed` of n places that are no multiple of another, with the first
/// entry other than zero positive; few and small entries first. With many places, vectors with many entries are left out.
pub(super) fn vectors(n: usize, allowed: &[usize], largest: i32) -> Vec<Vec<i32>> {
    let mut all = Vec::new();
    for support in 2..=allowed.len() {
        let mut found = Vec::new();
        let mut chosen = Vec::new();
        if !choose(allowed, support, largest, &mut chosen, n, &mut found, MOST - all.len()) {
            break;
        }
        all.append(&mut found);
    }
    all.sort_by_key(|v| (size(v), v.iter().filter(|e| **e < 0).count()));
    all
}

/// The exponents of all quotients x y / (z w) of up to two of the `allowed` of n species above and below, none of them on both
/// sides and none a power of another; simple ones first.
pub(super) fn quotients(n: usize, allowed: &[usize]) -> Vec<Vec<i32>> {
    let mut sides: Vec<Vec<usize>> = vec![vec![]];
    sides.extend(allowed.iter().map(|&i| vec![i]));
    sides.extend(allowed.iter().enumerate().flat_map(|(k, &i)| allowed[k..].iter().map(move |&j| vec![i, j])));
    let mut all = Vec::new();
    for (k, below) in sides.iter().enumerate() {
        for above in &sides[k + 1..] {
            let mut vector = vec![0; n];
            above.iter().for_each(|&i| vector[i] += 1);
            below.iter().for_each(|&i| vector[i] -= 1);
            let is_reduced = size(&vector) as usize == above.len() + below.len();
            if is_reduced && vector.iter().filter(|e| **e != 0).count() > 1 && divisor(&vector) == 1 {
                all.push(vector);
            }
        }
    }
    all.sort_by_key(|v| size(v));
    all
}

fn divisor(vector: &[i32]) -> i32 {
    vector.iter().fold(0, |g, &e| gcd(g, e.abs()))
}

/// Sum of the sizes of the entries.
pub(super) fn size(vector: &[i32]) -> i32 {
    vector.iter().map(|e| e.abs()).sum()
}

/// False if there are more than `most`.
fn choose(
    allowed: &[usize],
    left: usize,
    largest: i32,
    chosen: &mut Vec<(usize, i32)>,
    n: usize,
    found: &mut Vec<Vec<i32>>,
    most: usize,
) -> bool {
    if left == 0 {
        let mut vector = vec![0; n];
        chosen.iter().for_each(|&(place, value)| vector[place] = value);
        if divisor(&vector) == 1 {
            found.push(vector);
        }
        return found.len() <= most;
    }
    for (k, &place) in allowed.iter().enumerate() {
        if allowed.len() - k < left {
            break;
        }
        for value in (1..=largest).chain((-largest..=-1).rev()) {
            if chosen.is_empty() && value < 0 {
                continue;
            }
            chosen.push((place, value));
            let goes_on = choose(&allowed[k + 1..], left - 1, largest, chosen, n, found, most);
            chosen.pop();
            if !goes_on {
                return false;
            }
        }
    }
    true
}

fn gcd(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Rank of vectors over the rationals.
pub(super) fn rank(vectors: &[Vec<i32>]) -> usize {
    let mut rows: Vec<Vec<i64>> = vectors.iter().map(|v| v.iter().map(|&e| e.into()).collect()).collect();
    let (mut rank, columns) = (0, rows.first().map_or(0, Vec::len));
    for column in 0..columns {
        let Some(pivot) = (rank..rows.len()).find(|&r| rows[r][column] != 0) else { continue };
        rows.swap(rank, pivot);
        for r in rank + 1..rows.len() {
            let (a, b) = (rows[rank][column], rows[r][column]);
            for k in 0..columns {
                rows[r][k] = rows[r][k] * a - rows[rank][k] * b;
            }
            let g = rows[r].iter().fold(0_i64, |g, &e| num_gcd(g, e.abs()));
            if g > 1 {
                rows[r].iter_mut().for_each(|e| *e /= g);
            }
        }
        rank += 1;
    }
    rank
}

fn num_gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { num_gcd(b, a % b) }
}
