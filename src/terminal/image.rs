//! Images of charts: SVG, or PNG where the name of the file ends so.

use std::path::{Path, PathBuf};

use color_eyre::eyre::Result;

use super::chart::Chart;

/// Image to be written; its name decides the format.
#[derive(Debug, Clone)]
pub(crate) struct ImageFile {
    path: PathBuf,
    format: ImageFormat,
}

#[derive(Debug, Clone, Copy)]
enum ImageFormat {
    Svg,
    #[cfg(feature = "png")]
    Png,
}

impl ImageFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the content of the file.
    ///
    /// # Errors
    ///
    /// Fails when there is not enough memory for the picture.
    #[cfg_attr(
        not(feature = "png"),
        allow(clippy::unnecessary_wraps, reason = "the same signature with and without PNG")
    )]
    pub(crate) fn draw(&self, chart: &Chart) -> Result<Vec<u8>> {
        match self.format {
            ImageFormat::Svg => Ok(chart.svg().into_bytes()),
            #[cfg(feature = "png")]
            ImageFormat::Png => chart.png(),
        }
    }
}

/// Reads the name of an image.
pub(crate) fn image_file(text: &str) -> Result<ImageFile, String> {
    /// Extensions of formats that are not written.
    const OTHERS: [&str; 6] = ["jpg", "jpeg", "gif", "webp", "pdf", "bmp"];
    if text.is_empty() {
        return Err("is empty: name a file, such as `chart.svg`".to_owned());
    }
    let path = PathBuf::from(text);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = match extension.to_ascii_lowercase().as_str() {
        #[cfg(feature = "png")]
        "png" => ImageFormat::Png,
        #[cfg(not(feature = "png"))]
        "png" => {
            let svg = path.with_extension("svg");
            let svg = svg.display();
            return Err(format!(
                "this build of qscale has no feature `png`: name the file `{svg}`, or build with `--features png`"
            ));
        }
        other if OTHERS.contains(&other) => {
            let svg = path.with_extension("svg");
            return Err(format!("writes SVG and PNG, not {extension}: name the file `{}`", svg.display()));
        }
        _ => ImageFormat::Svg,
    };
    Ok(ImageFile { path, format })
}
