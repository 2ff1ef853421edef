//! The city as a whole: built once, then asked by every writer.

use crate::blocks::{Division, divide, lots};
use crate::buildings::{self, Building};
use crate::districts::{self, Area};
use crate::furniture::{self, Camera, Component};
use crate::geom::{Pt, Ring, contains};
use crate::gk::GaussKruger;
use crate::landmarks::{self, Landmark};
use crate::places::{self, Place};
use crate::plan::{ORIGIN_EAST, ORIGIN_NORTH};
use crate::roads::{self, Road};
use crate::streets::Network;
use crate::terrain::Terrain;
use crate::trees::{self, Tree};
use crate::zoning::{self, Parcel};

/// Everything that the district consists of.
#[derive(Clone, Debug)]
pub struct City {
    /// The seed it was grown from.
    pub seed: u64,
    /// Streets, river, canal, border.
    pub network: Network,
    /// Blocks, green strips, street land.
    pub division: Division,
    /// Parcels.
    pub parcels: Vec<Parcel>,
    /// Buildings that stand, or will.
    pub buildings: Vec<Building>,
    /// Buildings that stood where others stand now.
    pub gone: Vec<Building>,
    /// Sports grounds with the parcel they lie in.
    pub grounds: Vec<(usize, Ring)>,
    /// The ground.
    pub terrain: Terrain,
    /// Pieces of street between junctions.
    pub roads: Vec<Road>,
    /// Subdistricts.
    pub subdistricts: Vec<Area>,
    /// Communities.
    pub communities: Vec<Area>,
    /// Shops, offices, sights and everything else that a map shows as a point.
    pub pois: Vec<Place>,
    /// Schools.
    pub schools: Vec<Place>,
    /// Hospitals and surgeries.
    pub hospitals: Vec<Place>,
    /// Street furniture.
    pub components: Vec<Component>,
    /// Cameras.
    pub cameras: Vec<Camera>,
    /// Landmarks around the civic square, which are no [`City::buildings`].
    pub landmarks: Vec<Landmark>,
    /// Trees of the centre.
    pub trees: Vec<Tree>,
    zone: GaussKruger,
}

impl City {
    /// Grows the city from a seed. The same seed gives the same city, on any machine.
    pub fn build(seed: u64) -> City {
        let network = Network::build(seed);
        let division = divide(&network);
        let lots = lots(&division.blocks, seed);
        let parcels = zoning::assign(&division.blocks, lots, seed);
        let (buildings, grounds) = buildings::build(&network, &parcels, seed);
        let gone = buildings::gone::build(&network, &parcels, buildings.len(), seed);
        let terrain = Terrain::new(&network.river, &network.canal, &parcels);
        let roads = roads::build(&network, &division, seed);
        let (subdistricts, communities) = districts::build(&network, &buildings, seed);
        let mut city = City {
            seed,
            network,
            division,
            parcels,
            buildings,
            gone,
            grounds,
            terrain,
            roads,
            subdistricts,
            communities,
            pois: Vec::new(),
            schools: Vec::new(),
            hospitals: Vec::new(),
            components: Vec::new(),
            cameras: Vec::new(),
            landmarks: landmarks::landmarks(),
            trees: Vec::new(),
            zone: GaussKruger::new(117.0),
        };
        city.schools = places::schools(&city);
        city.hospitals = places::hospitals(&city);
        city.pois = places::pois(&city);
        city.components = furniture::components(&city);
        city.cameras = furniture::cameras(&city);
        city.trees = trees::trees(&city);
        city
    }

    /// Returns longitude (x) and latitude (y) in degrees of a place in local metres, in CGCS2000.
    pub fn lon_lat(&self, p: Pt) -> Pt {
        self.zone.inverse(p.x + ORIGIN_EAST, p.y + ORIGIN_NORTH)
    }

    /// Returns easting (x, without a zone number) and northing (y) in metres in EPSG:4548.
    pub fn gauss_kruger(&self, p: Pt) -> Pt {
        Pt { x: p.x + ORIGIN_EAST, y: p.y + ORIGIN_NORTH }
    }

    /// Returns the community that a place lies in.
    pub fn community_at(&self, p: Pt) -> Option<&Area> {
        self.communities.iter().find(|c| c.parts.iter().any(|(ring, _)| contains(ring, p)))
    }
}
