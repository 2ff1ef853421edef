//! Block references: the shapes of a block, moved to where it is inserted.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::affine::{Affine, Point};
use super::raw::Raw;
use super::shapes::{Made, Shape, make, moved};
use super::tables::{Tables, key};
use super::text::Decoder;
use crate::limits::{
    MAX_DXF_BLOCK_DEPTH, MAX_DXF_BLOCK_SHAPES, MAX_DXF_EXPANDED, MAX_DXF_EXPANDED_VERTICES,
};

/// How an entity is to be drawn, before `ByLayer` and `ByBlock` are looked up.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub(super) layer: Rc<str>,
    pub(super) color: Color,
    pub(super) linetype: Rc<str>,
    pub(super) is_hidden: bool,
}

/// An entity of a block, with what does not change from reference to reference.
#[derive(Debug)]
pub(super) struct BlockEntity {
    raw: Raw,
    look: Look,
    /// The block that it refers to, as it is looked up.
    target: Option<String>,
}

impl BlockEntity {
    pub(super) fn new(raw: Raw, decoder: &Decoder) -> Self {
        let look = Look::of(&raw, decoder);
        let target = is_reference(&raw.kind).then(|| key(&decoder.text(raw.text(2))));
        Self { raw, look, target }
    }
}

/// Tells whether entities of this kind are drawn by a block.
pub(super) fn is_reference(kind: &str) -> bool {
    matches!(kind, "INSERT" | "DIMENSION" | "ACAD_TABLE")
}

/// A colour as an entity states it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Color {
    #[default]
    ByLayer,
    ByBlock,
    Index(u8),
    Rgb([u8; 3]),
}

impl Look {
    /// Reads how an entity is drawn.
    pub(super) fn of(raw: &Raw, decoder: &Decoder) -> Self {
        let color = match (raw.int(420), raw.int(62)) {
            (Some(rgb), _) => Color::Rgb(super::color::rgb(rgb)),
            (None, Some(0)) => Color::ByBlock,
            (None, Some(index @ 1..=255)) => Color::Index(index as u8),
            _ => Color::ByLayer,
        };
        Self {
            layer: decoder.text(raw.text(8)).trim().into(),
            color,
            linetype: decoder.text(raw.text(6)).into(),
            is_hidden: raw.flags(60) != 0,
        }
    }

    /// Takes over what an entity of a block leaves to the reference: layer 0, and what is `ByBlock`.
    fn inside(&self, reference: &Self) -> Self {
        let mut own = self.clone();
        own.take_over(reference);
        own
    }

    fn take_over(&mut self, reference: &Self) {
        if matches!(&*self.layer, "0" | "") {
            self.layer.clone_from(&reference.layer);
        }
        if self.color == Color::ByBlock {
            self.color = reference.color;
        }
        if self.linetype.eq_ignore_ascii_case("BYBLOCK") {
            self.linetype.clone_from(&reference.linetype);
        }
        self.is_hidden |= reference.is_hidden;
    }
}

/// A shape of a block, where the reference puts it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) kind: String,
    pub(super) look: Look,
    pub(super) shape: Shape,
}

/// Expands block references, within the limits of one file.
pub(super) struct Expander<'a> {
    pub(super) tables: &'a Tables,
    pub(super) decoder: Decoder,
    /// Entities of blocks and vertices met so far.
    entities: usize,
    vertices: usize,
    /// Blocks that are too large, by name, so that each is tried once.
    too_large: FxHashSet<String>,
}

/// What a reference became.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub(super) parts: Vec<Part>,
    pub(super) repairs: Vec<&'static str>,
}

impl Expanded {
    fn repair(&mut self, what: &'static str) {
        if !self.repairs.contains(&what) {
            self.repairs.push(what);
        }
    }
}

/// Why a reference is not expanded.
enum Failed {
    /// The block becomes too much.
    TooLarge,
    Reason(String),
}

impl<'a> Expander<'a> {
    pub(super) fn new(tables: &'a Tables, decoder: Decoder) -> Self {
        Self { tables, decoder, entities: 0, vertices: 0, too_large: FxHashSet::default() }
    }

    /// Expands the reference; an error says why it can not be kept.
    pub(super) fn expand(&mut self, raw: &Raw, look: &Look) -> Result<Expanded, String> {
        if let Some(wrong) = &raw.wrong {
            return Err(wrong.clone());
        }
        let name = self.decoder.text(raw.text(2));
        if name.is_empty() {
            return Err("it names no block".to_owned());
        }
        let target = key(&name);
        match self.tables.blocks.get(&target) {
            None => return Err(format!("its block '{name}' is not in the file")),
            Some(block) if block.is_external => {
                return Err(format!(
                    "its block '{name}' is another file; import that, or bind it (command XREF)"
                ));
            }
            Some(_) => {}
        }
        let mut out = Expanded::default();
        let result = if self.too_large.contains(&target) {
            Err(Failed::TooLarge)
        } else {
            self.reference(raw, &target, &Affine::IDENTITY, look, 0, &mut out)
        };
        match result {
            Ok(()) => Ok(out),
            Err(Failed::Reason(reason)) => Err(reason),
            Err(Failed::TooLarge) => {
                self.too_large.insert(target);
                Err("its block becomes more shapes than are read; explode it and save (command EXPLODE)".to_owned())
            }
        }
    }

    fn reference(
        &mut self,
        raw: &Raw,
        target: &str,
        map: &Affine,
        look: &Look,
        depth: usize,
        out: &mut Expanded,
    ) -> Result<(), Failed> {
        if depth >= MAX_DXF_BLOCK_DEPTH {
            let reason = format!(
                "blocks are nested more than {MAX_DXF_BLOCK_DEPTH} deep, or contain themselves"
            );
            return Err(Failed::Reason(reason));
        }
        let tables = self.tables;
        // A nested reference to nothing does not spoil the rest.
        let Some(block) = tables.blocks.get(target) else {
            out.repair("a block in the block that is not in the file was left out");
            return Ok(());
        };
        for place in places(raw, block.base).map_err(Failed::Reason)? {
            let map = map.after(&place);
            for entity in &block.entities {
                self.entities += 1;
                let too_much = out.parts.len() >= MAX_DXF_BLOCK_SHAPES
                    || self.entities > MAX_DXF_EXPANDED
                    || self.vertices > MAX_DXF_EXPANDED_VERTICES;
                if too_much {
                    return Err(Failed::TooLarge);
                }
                if let Some(target) = &entity.target {
                    let look = entity.look.inside(look);
                    self.reference(&entity.raw, target, &map, &look, depth + 1, out)?;
                } else {
                    self.entity(entity, &map, look, out);
                }
            }
        }
        Ok(())
    }

    fn entity(&mut self, entity: &BlockEntity, map: &Affine, look: &Look, out: &mut Expanded) {
        // Definitions of attributes are not drawn.
        if matches!(entity.raw.kind.as_str(), "ATTDEF" | "VIEWPORT" | "SEQEND") {
            return;
        }
        match make(&entity.raw, &self.decoder) {
            Made::Shape(shape) => {
                self.vertices = self.vertices.saturating_add(shape.geometry.xy.len());
                for repair in &shape.repairs {
                    out.repair(repair);
                }
                let look = entity.look.inside(look);
                out.parts.push(Part {
                    kind: entity.raw.kind.clone(),
                    look,
                    shape: moved(shape, map),
                });
            }
            Made::Wrong(_) => out.repair("damaged parts of the block were left out"),
            Made::Unknown => {
                out.repair("parts of the block of kinds that are not read were left out");
            }
        }
    }
}

/// Returns the maps of a reference: one, or one for every cell of its grid.
fn places(raw: &Raw, base: Point) -> Result<Vec<Affine>, String> {
    if raw.kind != "INSERT" {
        // The block of a dimension or table is drawn where it stands; a table is inserted at its point.
        let at =
            if raw.kind == "ACAD_TABLE" { raw.point(10).unwrap_or_default() } else { [0.0; 3] };
        return Ok(vec![Affine::translation(at)]);
    }
    let at = raw.point(10).ok_or("it has no place")?;
    let scale = [41, 42, 43].map(|code| raw.real(code).unwrap_or(1.0));
    let count = |code| raw.int(code).unwrap_or(1).max(1);
    let (columns, rows) = (count(70), count(71));
    if columns.saturating_mul(rows) > MAX_DXF_BLOCK_SHAPES as i64 {
        return Err("its grid has more cells than are read".to_owned());
    }
    let (dx, dy) = (raw.real(44).unwrap_or_default(), raw.real(45).unwrap_or_default());
    let outer = Affine::extrusion(raw.normal())
        .after(&Affine::translation(at))
        .after(&Affine::rotation(raw.real(50).unwrap_or_default()));
    let inner = Affine::scaling(scale).after(&Affine::translation(base.map(|c| -c)));
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
    Ok(cells
        .map(|(row, column)| {
            let step = Affine::translation([dx * column as f64, dy * row as f64, 0.0]);
            outer.after(&step).after(&inner)
        })
        .collect())
}
