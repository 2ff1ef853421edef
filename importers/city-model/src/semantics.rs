//! What surfaces are, by the names of CityGML and CityJSON.

use onemap_model::Surface;

/// Returns the surface of a semantic type of CityJSON, or of a class of CityGML.
pub(crate) fn surface(name: &str) -> Surface {
    match name {
        "RoofSurface" => Surface::Roof,
        "WallSurface" => Surface::Wall,
        "GroundSurface" => Surface::Ground,
        "ClosureSurface" | "WaterClosureSurface" => Surface::Closure,
        "OuterCeilingSurface" => Surface::OuterCeiling,
        "OuterFloorSurface" => Surface::OuterFloor,
        "Window" | "WindowSurface" => Surface::Window,
        "Door" | "DoorSurface" => Surface::Door,
        "InteriorWallSurface" | "CeilingSurface" | "FloorSurface" => Surface::Interior,
        "WaterSurface" => Surface::Water,
        "TrafficArea"
        | "AuxiliaryTrafficArea"
        | "Marking"
        | "TransportationMarking"
        | "Hole"
        | "TransportationHole" => Surface::Traffic,
        "" => Surface::Unknown,
        _ => Surface::Other,
    }
}

/// Returns what the surfaces of an object are when they are not told: water and roads are what they are.
pub(crate) fn surface_of_object(kind: &str) -> Surface {
    match kind {
        "WaterBody" => Surface::Water,
        "Road" | "Railway" | "TransportSquare" | "Square" | "Track" => Surface::Traffic,
        _ => Surface::Unknown,
    }
}
