//! Pixels: a figure as PNG, and the cells of a heat map as a small image.

use super::axis::Scale;
use super::layout::fraction;
use super::resolve::{ResolvedColours, ResolvedPanel};
use super::series::HeatMap;
use super::{Figure, Panel, text};
use crate::error::ReportError;
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8, Transform};
use resvg::usvg::{FontResolver, Options, Tree, fontdb};
use std::sync::{Arc, LazyLock};

/// The fonts that travel with the figures and no others, so that a figure looks the same everywhere.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut database = fontdb::Database::new();
    for font in [text::REGULAR, text::BOLD, text::SYMBOLS] {
        database.load_font_data(font.to_vec());
    }
    database.set_sans_serif_family("Arimo");
    Arc::new(database)
});

impl Figure {
    /// The figure as PNG on white, `scale` times the size of its SVG at 96 dots per inch: 3.125 gives 300.
    ///
    /// # Errors
    /// As [`Figure::to_svg`]; [`ReportError::Raster`] if the image would be empty or too large.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>, ReportError> {
        let svg = self.to_svg()?;
        let failed = |reason: String| ReportError::Raster { figure: self.name.clone(), reason };
        // Signs of the second font ask for it by name; a search would set their whole line in it.
        let font_resolver = FontResolver { select_fallback: Box::new(|_, _, _| None), ..FontResolver::default() };
        let options =
            Options { fontdb: FONTS.clone(), font_family: "Arimo".into(), font_resolver, ..Options::default() };
        let tree = Tree::from_str(&svg, &options).map_err(|error| failed(error.to_string()))?;
        let scale = scale as f32;
        let size = [tree.size().width(), tree.size().height()].map(|side| (side * scale).ceil());
        if !size.iter().all(|side| (1.0..=20_000.0).contains(side)) {
            return Err(failed(format!("{} x {} pixels are not from 1 to 20000", size[0], size[1])));
        }
        let mut image = Pixmap::new(size[0] as u32, size[1] as u32)
            .ok_or_else(|| failed(format!("{} x {} pixels do not fit into memory", size[0], size[1])))?;
        image.fill(resvg::tiny_skia::Color::WHITE);
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut image.as_mut());
        image.encode_png().map_err(|error| failed(error.to_string()))
    }
}

/// The cells of a heat map over the plotting area as PNG; blank cells and the outside of the map are transparent.
///
/// Each cell becomes a block of many pixels, so that programs which smooth enlarged images do not blur the cells.
pub(super) fn heat_map_png(
    map: &HeatMap,
    panel: &Panel,
    ranges: &ResolvedPanel,
    colours: &ResolvedColours,
) -> Option<Vec<u8>> {
    let columns = cells(&map.x_edges, panel.x.scale, ranges.x);
    let rows = cells(&map.y_edges, panel.y.scale, ranges.y);
    let mut image = Pixmap::new(columns.len() as u32, rows.len() as u32)?;
    let stride = map.x_edges.len().saturating_sub(1);
    // Colours of all cells first: there are far fewer of them than pixels.
    let painted: Vec<Option<PremultipliedColorU8>> = map
        .values
        .iter()
        .map(|value| {
            let [r, g, b] = colours.of(*value)?.components();
            PremultipliedColorU8::from_rgba(r, g, b, 255)
        })
        .collect();
    let width = columns.len();
    for (j, line) in image.pixels_mut().chunks_mut(width).enumerate() {
        // Images begin at the top, axes at the bottom.
        let Some(row) = rows[rows.len() - 1 - j] else { continue };
        for (pixel, column) in line.iter_mut().zip(&columns) {
            if let Some(colour) = column.and_then(|c| painted[row * stride + c]) {
                *pixel = colour;
            }
        }
    }
    image.encode_png().ok()
}

/// The cell that each pixel along an axis lies in, from its low to its high end.
fn cells(edges: &[f64], scale: Scale, range: (f64, f64)) -> Vec<Option<usize>> {
    let places: Vec<f64> = edges.iter().map(|e| fraction(scale, range, *e)).collect();
    let count = places.len().saturating_sub(1);
    // Even cells that fill the axis need a whole number of pixels each; others take what is fine enough.
    let is_even =
        count > 0 && places.iter().enumerate().all(|(i, place)| (place - i as f64 / count as f64).abs() < 1e-9);
    let pixels = if is_even { count * (640 / count).clamp(1, 32) } else { 1000 };
    (0..pixels)
        .map(|i| {
            let place = (i as f64 + 0.5) / pixels as f64;
            let above = places.partition_point(|edge| *edge <= place);
            (above > 0 && above <= count).then(|| above - 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_cells_take_equally_many_pixels() {
        let cells = cells(&[0.0, 1.0, 2.0, 3.0], Scale::Linear, (0.0, 3.0));
        assert_eq!(cells.len(), 96);
        for cell in 0..3 {
            assert_eq!(cells.iter().filter(|c| **c == Some(cell)).count(), 32);
        }
    }

    #[test]
    fn outside_of_the_map_nothing_is_painted() {
        let cells = cells(&[1.0, 2.0], Scale::Linear, (0.0, 4.0));
        assert_eq!(cells.iter().filter(|c| c.is_some()).count(), 250);
        assert!(cells[..250].iter().all(Option::is_none) && cells[250] == Some(0));
    }

    #[test]
    fn on_a_log_axis_cells_follow_the_axis() {
        let cells = cells(&[1.0, 10.0, 1000.0], Scale::Log, (1.0, 1000.0));
        let first = cells.iter().filter(|c| **c == Some(0)).count() as f64 / cells.len() as f64;
        assert!((first - 1.0 / 3.0).abs() < 0.002, "{first}");
    }
}
