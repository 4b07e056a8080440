use super::*;
use crate::testing::published_learning_data;

#[test]
fn published_courses_are_sums_of_their_changes() {
    let Some(directory) = published_learning_data() else { return };
    let ip3 = Courses::published_ip3(&directory).unwrap();
    assert_eq!((ip3.courses.len(), ip3.of_split(Split::Train).len()), (20, 7));
    let receptors = Courses::published_receptors(&directory).unwrap();
    assert_eq!((receptors.courses.len(), receptors.of_split(Split::Train).len()), (63, 42));
    // The second file has ten digits of each number.
    for (courses, rounding) in [(ip3, 1e-11), (receptors, 1.5e-9)] {
        let width = courses.width();
        for (c, course) in courses.courses.iter().enumerate() {
            assert_eq!((courses.times(c), course.change.len()), (401, 400 * width));
            for t in 0..400 {
                for p in 0..width {
                    let next = courses.standard(c, t)[p] + course.change[t * width + p];
                    assert!((next - courses.standard(c, t + 1)[p]).abs() < rounding, "course {c}, time {t}, {p}");
                }
            }
        }
    }
}

#[test]
fn targets_of_the_published_courses_have_the_stored_moments() {
    let Some(directory) = published_learning_data() else { return };
    let courses = Courses::published_ip3(&directory).unwrap();
    let points = courses.points(&courses.of_split(Split::Train));
    assert_eq!(points.count, 2800);
    let read = |name: &str| crate::testing::published_vector(&directory, name);
    let (means, deviations) = (read("ip3_out_mean.txt"), read("ip3_out_std.txt"));
    for (k, row) in points.targets.chunks_exact(points.count).enumerate() {
        let mean = row.iter().sum::<f64>() / 2800.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2799.0;
        assert!((mean - means[k]).abs() < 1e-9, "{mean} {}", means[k]);
        assert!((variance.sqrt() - deviations[k]).abs() < 1e-9);
    }
}
