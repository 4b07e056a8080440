//! Exponential of a small dense matrix.

/// Coefficients of the diagonal Pade approximant of degree 13 (Higham 2005, doi:10.1137/04061101X, eq. 2.5).
const PADE_13: [f64; 14] = [
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
];

/// Largest 1-norm for which the approximant is accurate to rounding (Higham 2005, table 2.3).
const THETA_13: f64 = 5.371920351148152;

/// exp(A) of an `n x n` row-major matrix, by Pade approximation with scaling and squaring (Higham 2005).
pub(super) fn dense_exponential(a: &[f64], n: usize) -> Vec<f64> {
    let norm = (0..n).map(|j| (0..n).map(|i| a[i * n + j].abs()).sum::<f64>()).fold(0.0, f64::max);
    let squarings = if norm > THETA_13 { (norm / THETA_13).log2().ceil() as i32 } else { 0 };
    let scale = 0.5f64.powi(squarings);
    let a: Vec<f64> = a.iter().map(|x| x * scale).collect();
    let a2 = product(&a, &a, n);
    let a4 = product(&a2, &a2, n);
    let a6 = product(&a2, &a4, n);
    let b = &PADE_13;
    let combine = |c6: f64, c4: f64, c2: f64, c0: f64| {
        let mut m: Vec<f64> = (0..n * n).map(|i| c6 * a6[i] + c4 * a4[i] + c2 * a2[i]).collect();
        (0..n).for_each(|i| m[i * n + i] += c0);
        m
    };
    let add = |x: Vec<f64>, y: Vec<f64>| -> Vec<f64> { x.iter().zip(&y).map(|(x, y)| x + y).collect() };
    let odd = add(product(&a6, &combine(b[13], b[11], b[9], 0.0), n), combine(b[7], b[5], b[3], b[1]));
    let u = product(&a, &odd, n);
    let v = add(product(&a6, &combine(b[12], b[10], b[8], 0.0), n), combine(b[6], b[4], b[2], b[0]));
    let mut denominator: Vec<f64> = v.iter().zip(&u).map(|(v, u)| v - u).collect();
    let mut result: Vec<f64> = v.iter().zip(&u).map(|(v, u)| v + u).collect();
    solve(&mut denominator, &mut result, n);
    for _ in 0..squarings {
        result = product(&result, &result, n);
    }
    result
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut c = vec![0.0; n * n];
    for i in 0..n {
        let row = &mut c[i * n..(i + 1) * n];
        for k in 0..n {
            let x = a[i * n + k];
            if x != 0.0 {
                row.iter_mut().zip(&b[k * n..(k + 1) * n]).for_each(|(c, b)| *c += x * b);
            }
        }
    }
    c
}

/// Replaces `b` by the solution X of A X = B, by elimination with partial pivoting; A is overwritten.
fn solve(a: &mut [f64], b: &mut [f64], n: usize) {
    for k in 0..n {
        let pivot = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
        if pivot != k {
            for j in 0..n {
                a.swap(k * n + j, pivot * n + j);
                b.swap(k * n + j, pivot * n + j);
            }
        }
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            if factor != 0.0 {
                for j in k..n {
                    a[i * n + j] -= factor * a[k * n + j];
                }
                for j in 0..n {
                    b[i * n + j] -= factor * b[k * n + j];
                }
            }
        }
    }
    for k in (0..n).rev() {
        for j in 0..n {
            let known: f64 = (k + 1..n).map(|i| a[k * n + i] * b[i * n + j]).sum();
            b[k * n + j] = (b[k * n + j] - known) / a[k * n + k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_and_a_jordan_block_have_their_closed_forms() {
        for angle in [0.3, 2.0, 40.0] {
            let e = dense_exponential(&[0.0, -angle, angle, 0.0], 2);
            let exact = [angle.cos(), -angle.sin(), angle.sin(), angle.cos()];
            assert!(e.iter().zip(exact).all(|(x, y)| (x - y).abs() < 1e-13), "{e:?}");
        }
        let e = dense_exponential(&[-7.0, 1.0, 0.0, 0.0, -7.0, 1.0, 0.0, 0.0, -7.0], 3);
        let exact = [1.0, 1.0, 0.5, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0].map(|x| x * (-7.0f64).exp());
        assert!(e.iter().zip(exact).all(|(x, y)| (x - y).abs() < 1e-16), "{e:?}");
    }

    #[test]
    fn exp_of_a_sum_of_times_is_the_product() {
        let n = 6;
        let a: Vec<f64> = (0..n * n).map(|i| ((i * 7919 % 31) as f64 - 15.0) / 8.0).collect();
        let twice: Vec<f64> = a.iter().map(|x| 2.0 * x).collect();
        let once = dense_exponential(&a, n);
        let whole = dense_exponential(&twice, n);
        let scale = whole.iter().map(|x| x.abs()).fold(0.0, f64::max);
        assert!(product(&once, &once, n).iter().zip(&whole).all(|(x, y)| (x - y).abs() < 1e-12 * scale));
    }
}
