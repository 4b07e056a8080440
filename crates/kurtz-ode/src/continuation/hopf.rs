//! Hopf points: frequency, critical eigenvector, and whether the cycles that begin there are stable.

use super::Family;
use super::eigen::{Complex, eigenvector};
use super::scaled::Scaled;
use crate::dense::{ComplexLu, RealLu};

/// Where a pair of eigenvalues +- i omega crosses the imaginary axis.
#[derive(Clone, Debug, PartialEq)]
pub struct HopfPoint {
    /// The parameter p.
    pub parameter: f64,
    /// The steady state, `[n]`.
    pub state: Vec<f64>,
    /// Angular frequency omega > 0; the period of the cycles that begin here is 2 pi / omega.
    pub frequency: f64,
    /// Real part of the critical eigenvector, `[n]`: small cycles are x + epsilon Re(q exp(i omega t)).
    pub eigenvector_re: Vec<f64>,
    /// Imaginary part of the critical eigenvector, `[n]`.
    pub eigenvector_im: Vec<f64>,
    /// First Lyapunov coefficient, in units of the typical sizes and of omega (Kuznetsov 1998, eq. 5.39): negative if the
    /// cycles attract within the two directions in which they live (supercritical), positive if they repel
    /// (subcritical). None if it could not be computed.
    pub lyapunov: Option<f64>,
}

impl HopfPoint {
    /// Period of the cycles that begin here.
    pub fn period(&self) -> f64 {
        2.0 * std::f64::consts::PI / self.frequency
    }

    /// Whether the cycles that begin here are stable within their two directions; none if not known.
    pub fn is_supercritical(&self) -> Option<bool> {
        self.lyapunov.map(|l| l < 0.0)
    }

    /// The Hopf point at `u` = (y, q), scaled; none if the eigenvalues nearest to the imaginary axis are real.
    pub(super) fn at(family: &Scaled, u: &[f64], eigenvalues: &[Complex]) -> Option<HopfPoint> {
        let n = family.dimension();
        let (y, place) = (&u[..n], u[n]);
        let critical = eigenvalues.iter().filter(|v| v.1 > 0.0).min_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))?;
        let nearest_real = eigenvalues.iter().filter(|v| v.1 == 0.0).map(|v| v.0.abs()).fold(f64::INFINITY, f64::min);
        if critical.0.abs() > 1e-4 * critical.1 && nearest_real < critical.0.abs() {
            return None;
        }
        let mut jacobian = vec![0.0; n * n];
        family.jacobian(place, y, &mut jacobian);
        let q = eigenvector(&jacobian, n, *critical)?;
        let lyapunov = lyapunov(family, place, y, &jacobian, critical.1, &q).filter(|l| l.is_finite());
        Some(HopfPoint {
            parameter: family.parameter(place),
            state: family.unscale(y),
            frequency: critical.1,
            eigenvector_re: family.unscale(&q.0),
            eigenvector_im: family.unscale(&q.1),
            lyapunov,
        })
    }
}

/// A complex vector, real and imaginary parts apart.
type Vector = (Vec<f64>, Vec<f64>);

/// l1 = Re( <p, C(q, q, q*)> - 2 <p, B(q, A^-1 B(q, q*))> + <p, B(q*, (2 i omega - A)^-1 B(q, q))> ) / (2 omega),
/// Kuznetsov 1998, eq. 5.39, with B and C the second and third derivatives, by differences of the exact Jacobian.
fn lyapunov(family: &Scaled, place: f64, y: &[f64], a: &[f64], omega: f64, q: &Vector) -> Option<f64> {
    let n = y.len();
    let transposed: Vec<f64> = (0..n * n).map(|k| a[(k % n) * n + k / n]).collect();
    let mut p = eigenvector(&transposed, n, (0.0, -omega))?;
    // <p, q> = sum conj(p_i) q_i = 1.
    let (c, d) = inner(&p, q);
    let square = c * c + d * d;
    for i in 0..n {
        let (x, z) = (p.0[i], p.1[i]);
        // p / conj(<p, q>)
        p.0[i] = (x * c - z * d) / square;
        p.1[i] = (x * d + z * c) / square;
    }
    let jacobian_at = |direction: &[f64], h: f64| {
        let shifted: Vec<f64> = y.iter().zip(direction).map(|(y, v)| y + h * v).collect();
        let mut out = vec![0.0; n * n];
        family.jacobian(place, &shifted, &mut out);
        out
    };
    // B(u, v) for real u, as a matrix to be applied to v; C(u, u, v) likewise.
    let second = |u: &[f64]| -> Vec<f64> {
        let h = 1e-5;
        jacobian_at(u, h).iter().zip(jacobian_at(u, -h)).map(|(p, m)| (p - m) / (2.0 * h)).collect()
    };
    let third = |u: &[f64]| -> Vec<f64> {
        let h = 1e-3;
        let ends = jacobian_at(u, h).into_iter().zip(jacobian_at(u, -h));
        ends.zip(a).map(|((p, m), a)| (p - 2.0 * a + m) / (h * h)).collect()
    };
    let (second_re, second_im) = (second(&q.0), second(&q.1));
    // B(q, v) = B(re, v) + i B(im, v)
    let with_q = |v: &Vector, sign: f64| -> Vector {
        let (rr, ri) = (apply(&second_re, &v.0), apply(&second_re, &v.1));
        let (ir, ii) = (apply(&second_im, &v.0), apply(&second_im, &v.1));
        let re = rr.iter().zip(&ii).map(|(x, z)| x - sign * z).collect();
        let im = ri.iter().zip(&ir).map(|(x, z)| x + sign * z).collect();
        (re, im)
    };
    let conjugate = (q.0.clone(), q.1.iter().map(|x| -x).collect());

    let mut lu = RealLu::new(n);
    if !lu.factorise(a) {
        return None;
    }
    let (mut s, _) = with_q(&conjugate, 1.0);
    lu.solve(&mut s);
    let first = with_q(&(s, vec![0.0; n]), 1.0);

    let (mut re, mut im) = with_q(q, 1.0);
    let mut complex = ComplexLu::new(n);
    if !complex.factorise_shifted(0.0, 2.0 * omega, a) {
        return None;
    }
    complex.solve(&mut re, &mut im);
    let last = with_q(&(re, im), -1.0);

    // C(q, q, q*) = (C(re, re, .) + C(im, im, .)) q
    let cubic: Vec<f64> = third(&q.0).iter().zip(third(&q.1)).map(|(x, z)| x + z).collect();
    let cubic = (apply(&cubic, &q.0), apply(&cubic, &q.1));
    Some((inner(&p, &cubic).0 - 2.0 * inner(&p, &first).0 + inner(&p, &last).0) / (2.0 * omega))
}

/// sum conj(p_i) q_i.
fn inner(p: &Vector, q: &Vector) -> Complex {
    (0..p.0.len()).fold((0.0, 0.0), |(re, im), i| {
        (re + p.0[i] * q.0[i] + p.1[i] * q.1[i], im + p.0[i] * q.1[i] - p.1[i] * q.0[i])
    })
}

fn apply(matrix: &[f64], v: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(v.len()).map(|row| row.iter().zip(v).map(|(m, v)| m * v).sum()).collect()
}
