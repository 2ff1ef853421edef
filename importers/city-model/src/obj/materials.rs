//! Materials of OBJ (MTL files).

use onemap_model::{Material, Note, Sink, Stopped, Texture, Wrap};
use rustc_hash::FxHashMap;

use crate::Source;
use crate::texture::{Textures, read_file};

/// Most bytes of one MTL file. Real ones have some kilobytes.
const MAX_BYTES: u64 = 16 << 20;

/// The materials of all MTL files that a source names.
#[derive(Default)]
pub(super) struct Materials(FxHashMap<String, Material>);

/// A material as far as it is read.
struct Written {
    name: String,
    color: [f64; 3],
    opacity: f64,
    image: Option<(String, Wrap)>,
}

impl Materials {
    pub(super) fn get(&self, name: &str) -> Option<&Material> {
        self.0.get(name)
    }

    /// Reads an MTL file, named as in the source. One that is missing gives a note.
    pub(super) fn load(
        &mut self,
        name: &str,
        source: &Source,
        images: &mut Textures,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        let read = images.find(name).and_then(|path| read_file(&path, MAX_BYTES));
        let bytes = match read {
            Ok(bytes) => bytes,
            // Some name several files in one line, without saying where one ends.
            Err(_) if name.contains(".mtl ") => {
                for part in name.split_inclusive(".mtl") {
                    self.load(part.trim(), source, images, sink)?;
                }
                return Ok(());
            }
            Err(reason) => {
                let text =
                    format!("the materials '{name}' of '{}': the file {reason}", source.name);
                sink.note(None, Note::warning(text));
                return Ok(());
            }
        };
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text.into(),
            Err(_) => encoding_rs::GB18030.decode_without_bom_handling(&bytes).0,
        };
        let folder = name.replace('\\', "/");
        let folder = folder.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let mut current: Option<Written> = None;
        for line in text.lines().map(str::trim) {
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let rest = rest.trim();
            if word == "newmtl" {
                self.keep(current.take(), images, sink)?;
                let name = rest.to_owned();
                current = Some(Written { name, color: [0.8; 3], opacity: 1.0, image: None });
                continue;
            }
            let Some(written) = &mut current else { continue };
            let number =
                || rest.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
            match word {
                "Kd" => {
                    let found: Vec<f64> =
                        rest.split_whitespace().filter_map(|word| word.parse().ok()).collect();
                    match *found.as_slice() {
                        [r, g, b, ..] => written.color = [r, g, b],
                        [grey, ..] => written.color = [grey; 3],
                        [] => {}
                    }
                }
                "d" => written.opacity = number().unwrap_or(1.0),
                "Tr" => written.opacity = 1.0 - number().unwrap_or(0.0),
                "map_Kd" => {
                    let (path, wrap) = image_of(rest);
                    let path = match &folder {
                        Some(folder) => format!("{folder}/{path}"),
                        None => path.to_owned(),
                    };
                    written.image = Some((path, wrap));
                }
                _ => {}
            }
        }
        self.keep(current, images, sink)
    }

    fn keep(
        &mut self,
        written: Option<Written>,
        images: &mut Textures,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        let Some(written) = written else { return Ok(()) };
        let texture = match &written.image {
            Some((path, wrap)) => {
                images.image(path, sink)?.map(|image| Texture { image, wrap: *wrap })
            }
            None => None,
        };
        let byte = |x: f64| (x.clamp(0.0, 1.0) * 255.0).round() as u8;
        let [r, g, b] = written.color.map(byte);
        // Programs write any colour beside an image, often black; the image alone is meant.
        let color = if texture.is_some() { [255; 4] } else { [r, g, b, byte(written.opacity)] };
        self.0.insert(written.name, Material { color, texture, double_sided: true });
        Ok(())
    }
}

/// Returns the file of a texture statement, behind its options, and what is shown beyond the image.
fn image_of(text: &str) -> (&str, Wrap) {
    let mut rest = text;
    let mut wrap = Wrap::Repeat;
    while let Some(option) = rest.strip_prefix('-') {
        let (name, after) = option.split_once(char::is_whitespace).unwrap_or((option, ""));
        rest = after.trim_start();
        let (at_least, at_most) = match name {
            "o" | "s" | "t" => (1, 3),
            "mm" => (2, 2),
            "blendu" | "blendv" | "boost" | "bm" | "cc" | "clamp" | "imfchan" | "texres"
            | "type" => (1, 1),
            _ => return (text, Wrap::Repeat),
        };
        for i in 0..at_most {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if i >= at_least && word.parse::<f64>().is_err() {
                break;
            }
            if name == "clamp" && word.eq_ignore_ascii_case("on") {
                wrap = Wrap::Clamp;
            }
            rest = after.trim_start();
        }
    }
    (rest, wrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_behind_options() {
        for (text, path, wrap) in [
            ("a b.png", "a b.png", Wrap::Repeat),
            ("-s 1 1 1 -clamp on tex/a.png", "tex/a.png", Wrap::Clamp),
            ("-o 0.5 a.png", "a.png", Wrap::Repeat),
            ("-mm 0 1 -bm 2 a.png", "a.png", Wrap::Repeat),
            ("-odd.png", "-odd.png", Wrap::Repeat),
        ] {
            assert_eq!(image_of(text), (path, wrap), "{text}");
        }
    }
}
