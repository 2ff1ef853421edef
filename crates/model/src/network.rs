//! Pipe networks: what the fields of a layer of the kind `network` are called, and the classes of pipelines.
//!
//! A network is one layer. Its points are nodes (manholes, valves, reservoirs), its lines links (pipes, pumps, ducts),
//! its polygons areas that drain or are supplied. The z of a link's corners is the height of its centre line, the z of a
//! node's point that of the pipes that meet there; both are left out where no height is known.

/// Names of the fields. Every other field of a network is one of the source's own.
pub mod network_field {
    /// Id of a node or link in the source, unique in the layer together with [`ELEMENT`]'s kind (text): 物探点号, EPANET's id.
    pub const CODE: &str = "code";
    /// What the thing is, by the names of [`super::Element`] (text).
    pub const ELEMENT: &str = "element";
    /// Class by CJJ 61-2017 appendix B, such as `JS` (text).
    pub const CLASS: &str = "class";
    /// Subclass, such as `YS`; absent where only the class is known (text).
    pub const SUBCLASS: &str = "subclass";
    /// [`CODE`] of the node at the first corner of a link (text).
    pub const FROM: &str = "from_node";
    /// [`CODE`] of the node at the last corner of a link (text).
    pub const TO: &str = "to_node";
    /// Size of the section as delivered, such as `DN300`, `400×300`, `2*3` (text).
    pub const SECTION: &str = "section";
    /// Shape of the section: `round`, `rectangle`, `egg`, `arch`, `trapezoid`, `open` or another word of the source (text).
    pub const SHAPE: &str = "shape";
    /// Inner diameter of a round section, millimetres (float).
    pub const DIAMETER: &str = "diameter";
    /// Width of any other section, millimetres (float).
    pub const WIDTH: &str = "width";
    /// Height of any other section, millimetres (float).
    pub const HEIGHT: &str = "height";
    /// Outer diameter of the casing around it (套管), millimetres; surveys tell its nominal size, which is taken for that
    /// (float).
    pub const CASING: &str = "casing";
    /// Material of the casing, as [`MATERIAL`] (text).
    pub const CASING_MATERIAL: &str = "casing_material";
    /// Holes of a duct bank (int).
    pub const HOLES: &str = "holes";
    /// Holes in use (int).
    pub const HOLES_USED: &str = "holes_used";
    /// Cables in it (int).
    pub const CABLES: &str = "cables";
    /// Material, as delivered or by its name (text).
    pub const MATERIAL: &str = "material";
    /// How it is laid, by the code of CJJ 61-2017 table C.0.2 such as `ZM`, else as delivered (text).
    pub const LAYING: &str = "laying";
    /// Pressure or voltage, as delivered (text).
    pub const PRESSURE: &str = "pressure";
    /// Height of the ground at a node, metres (float).
    pub const GROUND: &str = "ground";
    /// Height of the ground at a link's first corner, metres (float).
    pub const GROUND_FROM: &str = "ground_from";
    /// Height of the ground at a link's last corner, metres (float).
    pub const GROUND_TO: &str = "ground_to";
    /// Surveyed height at a link's first corner, metres: of the top, bottom or centre as [`LEVEL`] says (float).
    pub const ELEVATION_FROM: &str = "elevation_from";
    /// Surveyed height at a link's last corner, metres (float).
    pub const ELEVATION_TO: &str = "elevation_to";
    /// Depth of that height below the ground at the first corner, metres; negative above the ground (float).
    pub const DEPTH_FROM: &str = "depth_from";
    /// Depth of that height below the ground at the last corner, metres; negative above the ground (float).
    pub const DEPTH_TO: &str = "depth_to";
    /// What the heights of a link are those of: `top`, `invert` (inner bottom) or `centre` (text).
    pub const LEVEL: &str = "level";
    /// Height of a node's bottom (manhole, tank), metres (float).
    pub const BOTTOM: &str = "bottom";
    /// Which way it flows: 1 from the first corner to the last, -1 the other way, 0 both or neither; null: not known (int).
    pub const FLOW: &str = "flow";
    /// Why [`FLOW`] is what it is: `given`, `inverts`, `element` or `computed` (text).
    pub const FLOW_BY: &str = "flow_by";
    /// Whether nothing can pass against [`FLOW`]: check valves, pumps (bool).
    pub const ONE_WAY: &str = "one_way";
    /// Whether a valve, pump or link is shut (bool).
    pub const CLOSED: &str = "closed";
    /// False for a valve that can not be turned: broken, buried, not reached (bool).
    pub const OPERABLE: &str = "operable";
    /// [`CODE`] of the link that a valve sits on, near the node [`AT_NODE`]; for valves given as positions (text).
    pub const ON_LINK: &str = "on_link";
    /// [`CODE`] of the node that such a valve can cut off from the link (text).
    pub const AT_NODE: &str = "at_node";
    /// Length along the pipe as the source states it, metres (float).
    pub const LENGTH: &str = "length";
    /// Year or date of building, as the source has it (text, int or date).
    pub const BUILT: &str = "built";
    /// Who owns it (text).
    pub const OWNER: &str = "owner";
    /// Road it lies in (text).
    pub const ROAD: &str = "road";
    /// What the surveyor called the point: 三通, 弯头, 检修井 (text).
    pub const FEATURE: &str = "feature";
    /// Appurtenance at the point: 阀门, 消防栓 (text).
    pub const APPURTENANCE: &str = "appurtenance";
}

/// What a node or link of a network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Element {
    /// A node without a thing of its own: joint, bend, end.
    Junction,
    /// A chamber that people can enter: 检修井, 人孔.
    Manhole,
    /// A chamber that a hand can reach into: 手孔.
    Handhole,
    /// Where rain enters: 雨水篦.
    Inlet,
    /// Where water leaves the network: 排放口.
    Outfall,
    /// Water of a given head: a source.
    Reservoir,
    /// A tank or basin: a source.
    Tank,
    /// A works, station or regulator that feeds the network: a source.
    Source,
    /// A fire hydrant: 消防栓.
    Hydrant,
    /// Somebody who is supplied or drained: 用户, 水表.
    Customer,
    /// A valve, as a node, a link, or a position on a link.
    Valve,
    /// A pump or pumping station.
    Pump,
    /// A cabinet, transformer, lamp, or another device.
    Device,
    /// A pipe, culvert or open channel.
    Pipe,
    /// A duct, or a bank of them.
    Duct,
    /// A cable laid by itself.
    Cable,
    /// A weir.
    Weir,
    /// An orifice.
    Orifice,
    /// A link of a drainage model with a rating curve.
    Outlet,
    /// An area that drains to a node, or is supplied.
    Catchment,
}

impl Element {
    const NAMES: [(Self, &'static str); 20] = [
        (Self::Junction, "junction"),
        (Self::Manhole, "manhole"),
        (Self::Handhole, "handhole"),
        (Self::Inlet, "inlet"),
        (Self::Outfall, "outfall"),
        (Self::Reservoir, "reservoir"),
        (Self::Tank, "tank"),
        (Self::Source, "source"),
        (Self::Hydrant, "hydrant"),
        (Self::Customer, "customer"),
        (Self::Valve, "valve"),
        (Self::Pump, "pump"),
        (Self::Device, "device"),
        (Self::Pipe, "pipe"),
        (Self::Duct, "duct"),
        (Self::Cable, "cable"),
        (Self::Weir, "weir"),
        (Self::Orifice, "orifice"),
        (Self::Outlet, "outlet"),
        (Self::Catchment, "catchment"),
    ];

    /// Returns the name used in fields.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// Reads a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(element, _)| *element)
    }

    /// Tells whether a network under pressure is fed from here.
    pub fn is_source(self) -> bool {
        matches!(self, Self::Reservoir | Self::Tank | Self::Source)
    }
}

/// Class of pipelines by CJJ 61-2017, appendix B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum PipeClass {
    /// 给水.
    Water,
    /// 排水: storm, foul and combined sewers.
    Drainage,
    /// 燃气.
    Gas,
    /// 热力.
    Heat,
    /// 电力.
    Power,
    /// 通信.
    Telecom,
    /// 工业.
    Industrial,
    /// 其他: shared trenches, unknown pipes.
    Other,
}

impl PipeClass {
    /// All classes, in the standard's order.
    pub const ALL: [Self; 8] = [
        Self::Water,
        Self::Drainage,
        Self::Gas,
        Self::Heat,
        Self::Power,
        Self::Telecom,
        Self::Industrial,
        Self::Other,
    ];

    /// Returns the standard's code.
    pub fn code(self) -> &'static str {
        ["JS", "PS", "RQ", "RL", "DL", "TX", "GY", "QT"][self as usize]
    }

    /// Returns the standard's colour, red, green, blue.
    pub fn colour(self) -> [u8; 3] {
        match self {
            Self::Water => [0, 255, 255],
            Self::Drainage => [76, 57, 38],
            Self::Gas => [255, 0, 255],
            Self::Heat => [255, 128, 0],
            Self::Power => [255, 0, 0],
            Self::Telecom => [0, 255, 0],
            Self::Industrial => [0, 0, 0],
            Self::Other => [102, 0, 204],
        }
    }

    /// Tells whether what flows in it falls, so that the surveyed height is the inner bottom; else it is the top.
    pub fn is_gravity(self) -> bool {
        self == Self::Drainage
    }

    /// Reads the code of a class.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.code().eq_ignore_ascii_case(code))
    }
}

/// A class or subclass of pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipeSystem {
    /// The standard's code: of a class (`JS`) or a subclass (`ZS`).
    pub code: &'static str,
    /// The class it belongs to.
    pub class: PipeClass,
    /// Name in Chinese.
    pub zh: &'static str,
    /// Name in English.
    pub en: &'static str,
    /// Other codes and names that surveys use.
    pub aliases: &'static [&'static str],
}

impl PipeSystem {
    /// Finds a class or subclass by code, name or alias, in any case.
    pub fn find(text: &str) -> Option<&'static Self> {
        let text = text.trim();
        PIPE_SYSTEMS.iter().find(|system| {
            system.code.eq_ignore_ascii_case(text)
                || system.zh == text
                || system.en.eq_ignore_ascii_case(text)
                || system.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(text))
        })
    }

    /// Tells whether this is a whole class.
    pub fn is_class(&self) -> bool {
        self.code == self.class.code()
    }
}

/// The classes and subclasses of CJJ 61-2017, appendix B, with the names that surveys use for them.
pub const PIPE_SYSTEMS: &[PipeSystem] = {
    use PipeClass::{Drainage, Gas, Heat, Industrial, Other, Power, Telecom, Water};
    const fn system(
        code: &'static str,
        class: PipeClass,
        zh: &'static str,
        en: &'static str,
        aliases: &'static [&'static str],
    ) -> PipeSystem {
        PipeSystem { code, class, zh, en, aliases }
    }
    &[
        system("JS", Water, "给水", "water", &["J", "上水", "自来水", "water supply"]),
        system("JY", Water, "原水", "raw water", &[]),
        system("SS", Water, "输水", "water transmission", &[]),
        system("ZS", Water, "中水", "reclaimed water", &["再生水"]),
        system("JP", Water, "配水", "water distribution", &[]),
        system("JZ", Water, "直饮", "drinking water", &["直饮水"]),
        system("XS", Water, "消防", "fire water", &["消防水"]),
        system("LS", Water, "绿化", "irrigation", &["绿化水"]),
        system("JH", Water, "循环", "circulating water", &["循环水"]),
        system("PS", Drainage, "排水", "drainage", &["P", "sewer"]),
        system("YS", Drainage, "雨水", "storm sewer", &["Y", "storm"]),
        system("WS", Drainage, "污水", "foul sewer", &["W", "foul"]),
        system("HS", Drainage, "合流", "combined sewer", &["雨污合流", "combined"]),
        system("RQ", Gas, "燃气", "gas", &["R"]),
        system("MQ", Gas, "煤气", "coal gas", &[]),
        system("YH", Gas, "液化气", "liquefied gas", &[]),
        system("TR", Gas, "天然气", "natural gas", &["TQ"]),
        system("RL", Heat, "热力", "heat", &["district heating"]),
        system("RS", Heat, "热水", "hot water", &[]),
        system("ZQ", Heat, "蒸汽", "steam", &[]),
        system("DL", Power, "电力", "power", &["L", "electricity"]),
        system("GD", Power, "供电", "power supply", &[]),
        system("LD", Power, "路灯", "street light", &["LT"]),
        system("XH", Power, "交通信号", "traffic signal", &[]),
        system("DC", Power, "电车", "tram", &[]),
        system("GG", Power, "广告", "advertising", &[]),
        system("TX", Telecom, "通信", "telecom", &["D", "电信", "DX", "通讯"]),
        system("DH", Telecom, "电话", "telephone", &[]),
        system("DS", Telecom, "有线电视", "cable television", &[]),
        system("XX", Telecom, "信息网络", "data network", &[]),
        system("GB", Telecom, "广播", "broadcast", &[]),
        system("GY", Industrial, "工业", "industrial", &["G"]),
        system("QQ", Industrial, "氢", "hydrogen", &["氢气"]),
        system("YQ", Industrial, "氧", "oxygen", &["氧气"]),
        system("GQ", Industrial, "乙炔", "acetylene", &[]),
        system("QT", Other, "其他", "other", &["Q"]),
        system("ZH", Other, "综合管沟", "shared trench", &["综合管廊"]),
        system("BM", Other, "不明", "unknown", &["不明管线"]),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_the_names_they_have() {
        for (at, (element, name)) in Element::NAMES.iter().enumerate() {
            assert_eq!(*element as usize, at);
            assert_eq!(Element::from_name(name), Some(*element));
            assert_eq!(element.name(), *name);
        }
    }

    #[test]
    fn systems_are_found_by_code_name_and_alias_and_none_is_ambiguous() {
        assert_eq!(PipeSystem::find("ys").unwrap().zh, "雨水");
        assert_eq!(PipeSystem::find("自来水").unwrap().class, PipeClass::Water);
        assert_eq!(PipeSystem::find("LT").unwrap().code, "LD");
        assert_eq!(PipeSystem::find("nothing"), None);
        for class in PipeClass::ALL {
            assert!(PipeSystem::find(class.code()).unwrap().is_class());
            assert_eq!(PipeClass::from_code(class.code()), Some(class));
        }
        for system in PIPE_SYSTEMS {
            for name in [system.code, system.zh, system.en].iter().chain(system.aliases) {
                assert_eq!(PipeSystem::find(name).unwrap().code, system.code, "{name}");
            }
        }
    }
}
