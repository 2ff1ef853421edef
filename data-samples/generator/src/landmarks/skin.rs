//! What faces look like: a picture that repeats at its natural size, or a colour.

/// A look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skin {
    /// Courses of grey brick.
    Brick,
    /// Large slabs of pale stone.
    Stone,
    /// Grey roof tiles.
    GreyTiles,
    /// Yellow glazed roof tiles.
    GoldTiles,
    /// A curtain wall of glass: panes of two floors.
    Glass,
    /// A wall with a window for each bay of a floor.
    Facade,
    /// Red columns and lattice windows of a hall's bay.
    Lattice,
    /// White metal with standing seams.
    Metal,
    /// Rows of seats.
    Seats,
    /// Bare concrete.
    Concrete,
    /// Red lacquer.
    Red,
    /// White plaster.
    Plaster,
    /// Dark glass.
    Pane,
    /// A wooden gate.
    Gate,
    /// Gilded.
    Gold,
    /// Green slate of blocks' roofs seen from afar.
    Slate,
}

/// How a picture repeats over a face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// A whole number of times: nothing is cut.
    Whole,
    /// At its size, on and on.
    Run,
}

/// How a skin is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Name of the picture, without its ending.
    pub picture: Option<&'static str>,
    /// Colour where there is no picture, or it is too far to be seen: red, green, blue from 0 to 1.
    pub color: [f64; 3],
    /// Width and height of the picture, metres.
    pub(super) tile: [f64; 2],
    pub(super) fit: Fit,
}

impl Skin {
    /// All skins.
    pub const ALL: [Self; 16] = [
        Self::Brick,
        Self::Stone,
        Self::GreyTiles,
        Self::GoldTiles,
        Self::Glass,
        Self::Facade,
        Self::Lattice,
        Self::Metal,
        Self::Seats,
        Self::Concrete,
        Self::Red,
        Self::Plaster,
        Self::Pane,
        Self::Gate,
        Self::Gold,
        Self::Slate,
    ];

    /// Returns how it is drawn.
    pub fn look(self) -> Look {
        let picture = |name, color, tile, fit| Look { picture: Some(name), color, tile, fit };
        let color = |color| Look { picture: None, color, tile: [1.0, 1.0], fit: Fit::Run };
        match self {
            Self::Brick => picture("brick", [0.48, 0.49, 0.49], [2.4, 1.2], Fit::Run),
            Self::Stone => picture("stone", [0.84, 0.81, 0.75], [4.8, 4.8], Fit::Run),
            Self::GreyTiles => picture("tiles_grey", [0.38, 0.41, 0.43], [2.0, 2.0], Fit::Run),
            Self::GoldTiles => picture("tiles_gold", [0.76, 0.58, 0.22], [2.0, 2.0], Fit::Run),
            Self::Glass => picture("glass", [0.43, 0.57, 0.66], [6.0, 8.0], Fit::Whole),
            Self::Facade => picture("facade", [0.74, 0.71, 0.66], [4.0, 4.0], Fit::Whole),
            Self::Lattice => picture("lattice", [0.56, 0.28, 0.21], [3.6, 4.0], Fit::Whole),
            Self::Metal => picture("metal", [0.86, 0.87, 0.88], [3.0, 3.0], Fit::Run),
            Self::Seats => picture("seats", [0.42, 0.54, 0.70], [2.5, 2.5], Fit::Whole),
            Self::Concrete => color([0.72, 0.71, 0.68]),
            Self::Red => color([0.56, 0.17, 0.13]),
            Self::Plaster => color([0.93, 0.91, 0.86]),
            Self::Pane => color([0.24, 0.33, 0.40]),
            Self::Gate => color([0.42, 0.14, 0.10]),
            Self::Gold => color([0.83, 0.66, 0.26]),
            Self::Slate => color([0.42, 0.46, 0.47]),
        }
    }

    /// Returns what lines the reveals of windows of this skin.
    pub(super) fn frame(self) -> Self {
        if self == Self::Lattice { Self::Gate } else { Self::Concrete }
    }
}
