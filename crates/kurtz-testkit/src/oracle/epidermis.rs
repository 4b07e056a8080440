//! The single proliferative compartment model (Clayton et al. 2007): its five moments of order 1 and 2 close.

use super::{Matrix, solve_linear};

/// The matrix of d(m_A, m_B, V_A, C_AB, V_B)/dt for A -> 2A (r1 lambda), A -> A + B ((1 - r1 - r2) lambda),
/// A -> 2B (r2 lambda), B -> 0 (Gamma) (Yang, Peng, Zhu & Hong 2020, eq. 13).
pub fn epidermis_matrix(lambda: f64, r1: f64, r2: f64, gamma: f64) -> Matrix {
    let growth = (r1 - r2) * lambda;
    let shed = (1.0 - r1 + r2) * lambda;
    Matrix::from_rows(&[
        &[growth, 0.0, 0.0, 0.0, 0.0],
        &[shed, -gamma, 0.0, 0.0, 0.0],
        &[(r1 + r2) * lambda, 0.0, 2.0 * growth, 0.0, 0.0],
        &[-2.0 * r2 * lambda, 0.0, shed, growth - gamma, 0.0],
        &[(1.0 - r1 + 3.0 * r2) * lambda, gamma, 0.0, 2.0 * shed, -2.0 * gamma],
    ])
}

/// (m_A, m_B, V_A, C_AB, V_B) at `time` in weeks, from 10 A, at lambda = 1.1, r1 = 0.0836, r2 = 0.0764, Gamma = 0.31.
pub fn epidermis_moments(time: f64) -> [f64; 5] {
    let solved = solve_linear(&epidermis_matrix(1.1, 0.0836, 0.0764, 0.31), &[10.0, 0.0, 0.0, 0.0, 0.0], time);
    solved.try_into().expect("five moments")
}

/// Sampled by an independent program with 1e6 trajectories: week, (m_A, m_B, V_A, C_AB, V_B), their standard errors.
pub const EPIDERMIS_TABLE: [(f64, [f64; 5], [f64; 5]); 4] = [
    (1.0, [10.0780, 9.4336, 1.7821, -0.5830, 9.894], [0.0013, 0.0031, 0.0029, 0.0044, 0.014]),
    (5.0, [10.4014, 28.4483, 9.346, 11.673, 52.15], [0.0031, 0.0072, 0.014, 0.027, 0.08]),
    (10.0, [10.8206, 35.6231, 19.820, 42.27, 150.83], [0.0045, 0.0123, 0.032, 0.08, 0.24]),
    (20.0, [11.7162, 40.1728, 44.716, 124.39, 430.7], [0.0067, 0.0208, 0.078, 0.22, 0.7]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FalsePositive;
    use crate::statistics::assert_z;

    #[test]
    fn the_moment_equations_agree_with_a_million_trajectories() {
        for (week, values, errors) in EPIDERMIS_TABLE {
            for (i, exact) in epidermis_moments(week).into_iter().enumerate() {
                assert_z(&format!("week {week}, moment {i}"), values[i], exact, errors[i], FalsePositive(1e-6));
            }
        }
    }
}
