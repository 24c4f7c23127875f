//! Charts as PNG: the SVG, drawn with a font that the program carries, so that all machines draw the same bytes.

use std::sync::Arc;

use color_eyre::eyre::{OptionExt as _, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::panels::Chart;

/// DejaVu Sans, as far as names, numbers and reasons in Latin, Greek and Cyrillic need it.
const FONTS: [&[u8]; 2] = [include_bytes!("font/DejaVuSans.ttf"), include_bytes!("font/DejaVuSans-Bold.ttf")];
const FAMILY: &str = "DejaVu Sans";

/// Pixels for each unit of the SVG: text stays sharp on a projector.
const SCALE: f32 = 2.0;

impl Chart {
    /// Draws the chart.
    ///
    /// # Errors
    ///
    /// Fails when there is not enough memory for the picture.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        let mut fonts = Database::new();
        for font in FONTS {
            fonts.load_font_data(font.to_vec());
        }
        fonts.set_sans_serif_family(FAMILY);
        let options = Options { font_family: FAMILY.to_owned(), fontdb: Arc::new(fonts), ..Options::default() };
        let tree = Tree::from_str(&self.svg(), &options)?;
        let size = tree.size().to_int_size().scale_by(SCALE).ok_or_eyre("the picture is empty")?;
        let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_eyre("the picture is too large")?;
        resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
        Ok(pixels.encode_png()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::chart;
    use super::*;

    /// Returns the number of pixels from line `from` to `to` that are as dark as text.
    fn dark(picture: &Pixmap, from: usize, to: usize) -> usize {
        let width = picture.width() as usize;
        let pixels = picture.pixels()[from * width..to * width].iter();
        pixels.filter(|pixel| pixel.red() < 100 && pixel.green() < 100 && pixel.blue() < 100).count()
    }

    #[test]
    fn png_has_the_size_of_the_svg_twice_with_text_and_areas() {
        let chart = chart();
        let picture = Pixmap::decode_png(&chart.png().unwrap()).unwrap();
        assert_eq!(picture.width(), 2_400);
        assert!(chart.svg().contains(&format!("height=\"{}\"", picture.height() / 2)), "{}", picture.height());
        // Without a font, there would be nothing where the title is.
        let title = dark(&picture, 30, 80);
        assert!((120..24_000).contains(&title), "{title}");
        let orange = |pixel: &&resvg::tiny_skia::PremultipliedColorU8| pixel.red() > 220 && pixel.blue() < 60;
        let area = picture.pixels().iter().filter(orange).count();
        assert!(area > 10_000, "{area}");
    }

    #[test]
    fn png_is_the_same_each_time() {
        assert!(chart().png().unwrap() == chart().png().unwrap());
    }
}
