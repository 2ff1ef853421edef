//! What the headers of tables mean.

use onemap_bounded::text::normalise_width;

use crate::draft::Level;

/// One end of a line, or the point of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum At {
    Row,
    From,
    To,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Number of the point, or of the points at a line's ends.
    Code(At),
    /// Number of the point at the other end of a line, in tables of one row for each end.
    Linked,
    /// Number of a line.
    Link,
    Northing,
    Easting,
    /// Coordinates of a line's ends in the line's own row.
    EndNorthing(At),
    EndEasting(At),
    Ground(At),
    /// Height of the pipe; the level is known where the header says it.
    Elevation(At),
    Top(At),
    Invert(At),
    Depth(At),
    WellDepth,
    Bottom,
    Feature,
    Appurtenance,
    FeatureCode,
    Class,
    Section,
    Shape,
    Width,
    Height,
    Diameter,
    Holes,
    HolesUsed,
    Cables,
    Material,
    Laying,
    Pressure,
    Flow,
    State,
    Built,
    Owner,
    Road,
    Length,
    /// Not wanted.
    Ignore,
}

/// Names of roles in a mapping file.
const NAMES: &[(&str, Role)] = &[
    ("code", Role::Code(At::Row)),
    ("from_node", Role::Code(At::From)),
    ("to_node", Role::Code(At::To)),
    ("linked", Role::Linked),
    ("link", Role::Link),
    ("northing", Role::Northing),
    ("easting", Role::Easting),
    ("northing_from", Role::EndNorthing(At::From)),
    ("northing_to", Role::EndNorthing(At::To)),
    ("easting_from", Role::EndEasting(At::From)),
    ("easting_to", Role::EndEasting(At::To)),
    ("ground", Role::Ground(At::Row)),
    ("ground_from", Role::Ground(At::From)),
    ("ground_to", Role::Ground(At::To)),
    ("elevation", Role::Elevation(At::Row)),
    ("elevation_from", Role::Elevation(At::From)),
    ("elevation_to", Role::Elevation(At::To)),
    ("top", Role::Top(At::Row)),
    ("top_from", Role::Top(At::From)),
    ("top_to", Role::Top(At::To)),
    ("invert", Role::Invert(At::Row)),
    ("invert_from", Role::Invert(At::From)),
    ("invert_to", Role::Invert(At::To)),
    ("depth", Role::Depth(At::Row)),
    ("depth_from", Role::Depth(At::From)),
    ("depth_to", Role::Depth(At::To)),
    ("well_depth", Role::WellDepth),
    ("bottom", Role::Bottom),
    ("feature", Role::Feature),
    ("appurtenance", Role::Appurtenance),
    ("feature_code", Role::FeatureCode),
    ("class", Role::Class),
    ("section", Role::Section),
    ("shape", Role::Shape),
    ("width", Role::Width),
    ("height", Role::Height),
    ("diameter", Role::Diameter),
    ("holes", Role::Holes),
    ("holes_used", Role::HolesUsed),
    ("cables", Role::Cables),
    ("material", Role::Material),
    ("laying", Role::Laying),
    ("pressure", Role::Pressure),
    ("flow", Role::Flow),
    ("state", Role::State),
    ("built", Role::Built),
    ("owner", Role::Owner),
    ("road", Role::Road),
    ("length", Role::Length),
    ("ignore", Role::Ignore),
];

/// Headers that mean something by themselves, best first among those of one role. Written as [`plain_header`] has them.
const ALIASES: &[(Role, &[&str])] = &[
    (
        Role::Linked,
        &[
            "连接点号",
            "连接物探点号",
            "连接点",
            "连接点编号",
            "连向点号",
            "连接方向",
            "连接管点号",
            "相连点号",
            "ljdh",
            "linkpoint",
            "linkpointno",
            "connpoint",
            "linkno",
            "connectno",
            "connno",
            "linkexpno",
            "nextpoint",
            "ljd",
            "conpoint",
            "link_exp",
        ],
    ),
    (
        Role::Link,
        &[
            "管线编号",
            "管线号",
            "管段编号",
            "管段号",
            "线号",
            "管线点线号",
            "线编号",
            "lineid",
            "lineno",
            "linecode",
            "pipeid",
            "pipeno",
            "linkid",
            "conduitid",
            "edgeid",
            "segmentid",
            "gxbh",
            "gdbh",
            "strengid",
            "pipecode",
            "linename",
        ],
    ),
    (
        Role::Code(At::Row),
        &[
            "物探点号",
            "物探点编号",
            "外业点号",
            "探测点号",
            "管线点号",
            "管线点编号",
            "管线点预编号",
            "管点编号",
            "管点号",
            "测点号",
            "测量点号",
            "点编号",
            "点号",
            "节点编号",
            "节点号",
            "井编号",
            "井号",
            "图上点号",
            "expno",
            "expnum",
            "surveyid",
            "pointid",
            "pointno",
            "pointnumber",
            "pointnum",
            "pointcode",
            "ptno",
            "pno",
            "wtdh",
            "dh",
            "gxdh",
            "gdbh",
            "mappointno",
            "tsdh",
            "nodeid",
            "nodecode",
            "nodeno",
            "manholeid",
            "manholeno",
            "putcode",
            "knoopcode",
            "node",
            "junctionid",
            "code",
            "id",
            "name",
        ],
    ),
    (
        Role::Code(At::From),
        &[
            "qddh",
            "qdbh",
            "qdh",
            "fnode",
            "beginput",
            "beginknoop",
            "startknoop",
            "usnode",
            "upnode",
            "unode",
            "inletnode",
            "sourcenode",
            "node1",
            "nodea",
            "us",
            "upmh",
            "usmh",
            "usmanhole",
            "usnodeid",
            "fromnode",
            "from",
            "begin",
            "beginpunt",
            "sexpno",
            "fromid",
            "frommh",
            "vonknoten",
            "schachtoben",
            "knoop1",
            "起始井",
            "上游井号",
            "上游井",
            "上游点号",
            "上游节点",
            "首点",
            "本点号",
        ],
    ),
    (
        Role::Code(At::To),
        &[
            "zddh",
            "zdbh",
            "zdh",
            "tnode",
            "eindput",
            "eindknoop",
            "dsnode",
            "downnode",
            "dnode",
            "outletnode",
            "targetnode",
            "node2",
            "nodeb",
            "ds",
            "dnmh",
            "dsmh",
            "dsmanhole",
            "dsnodeid",
            "tonode",
            "to",
            "eindpunt",
            "eexpno",
            "toid",
            "tomh",
            "nachknoten",
            "schachtunten",
            "knoop2",
            "终止井",
            "下游井号",
            "下游井",
            "下游点号",
            "下游节点",
            "末点",
        ],
    ),
    (
        Role::Northing,
        &[
            "x",
            "x坐标",
            "坐标x",
            "纵坐标",
            "纵坐标x",
            "x纵坐标",
            "北坐标",
            "xcoor",
            "xcoord",
            "coordx",
            "pointx",
            "northing",
            "平面坐标x",
            "坐标北",
            "north",
            "x(北)",
        ],
    ),
    (
        Role::Easting,
        &[
            "y",
            "y坐标",
            "坐标y",
            "横坐标",
            "横坐标y",
            "y横坐标",
            "东坐标",
            "ycoor",
            "ycoord",
            "coordy",
            "pointy",
            "easting",
            "平面坐标y",
            "坐标东",
            "east",
        ],
    ),
    (
        Role::WellDepth,
        &[
            "井深",
            "检查井深",
            "welldepth",
            "wdepth",
            "manholedepth",
            "welldeep",
            "js_depth",
            "putdiepte",
        ],
    ),
    (
        Role::Bottom,
        &[
            "井底高程",
            "井底标高",
            "井底高",
            "wellbottom",
            "bottomelev",
            "bottomheight",
            "sumpelevation",
            "putbodem",
        ],
    ),
    (
        Role::Feature,
        &[
            "特征",
            "特征点",
            "点特征",
            "管点特征",
            "管线点特征",
            "feature",
            "tz",
            "featuretype",
            "pointfeature",
            "点性",
        ],
    ),
    (
        Role::Appurtenance,
        &[
            "附属物",
            "附属物名称",
            "附属物类型",
            "附属设施",
            "附属物种类",
            "附属设施名称",
            "subsid",
            "appurtenance",
            "fsw",
            "attachment",
            "adjunct",
            "facility",
            "putfunct2",
            "puttype",
            "nodetype",
        ],
    ),
    (
        Role::FeatureCode,
        &[
            "要素代码",
            "点编码",
            "点代码",
            "线编码",
            "管线代码",
            "ysdm",
            "featurecode",
            "gb",
            "编码",
            "分类代码",
            "要素编码",
        ],
    ),
    (
        Role::Class,
        &[
            "管线类型",
            "管线种类",
            "管线类别",
            "管类",
            "管种",
            "管线类",
            "管线大类",
            "管线小类",
            "种类",
            "管线名称",
            "管线性质",
            "管线代号",
            "类别代码",
            "pipetype",
            "linetype",
            "class",
            "gxlx",
            "gxzl",
            "pipeclass",
            "pipelinetype",
            "subclass",
            "utility",
            "system",
            "管线种类代码",
        ],
    ),
    (
        Role::Section,
        &[
            "管径或断面",
            "管径或断面尺寸",
            "断面尺寸",
            "管径",
            "管径断面",
            "断面",
            "管径断面尺寸",
            "规格",
            "管径规格",
            "沟截面宽高",
            "尺寸",
            "管径尺寸",
            "断面规格",
            "断面宽高",
            "截面尺寸",
            "管块尺寸",
            "dsize",
            "psize",
            "pipesize",
            "size",
            "gj",
            "dmcc",
            "psdia",
            "sectionsize",
            "section",
            "dn",
            "gjhdm",
            "d_s",
            "ds_size",
            "管径mm",
            "buistypec",
            "profiel",
        ],
    ),
    (
        Role::Diameter,
        &[
            "diameter",
            "pipediameter",
            "dia",
            "diam",
            "innerdiameter",
            "内径",
            "公称直径",
            "直径",
            "diametermm",
            "buisdiameter",
            "nominaldiameter",
        ],
    ),
    (
        Role::Shape,
        &[
            "断面形状",
            "断面类型",
            "shape",
            "sectionshape",
            "vorm",
            "截面形状",
            "xsectshape",
            "profileshape",
        ],
    ),
    (Role::Width, &["断面宽", "宽度", "宽", "width", "沟宽", "管宽", "breedte", "断面宽度"]),
    (Role::Height, &["断面高", "高度", "断面高度", "height", "沟高", "管高", "hoogte"]),
    (
        Role::Holes,
        &[
            "总孔数",
            "孔数",
            "管孔数",
            "holes",
            "totalholes",
            "holecount",
            "holenum",
            "zks",
            "totalhole",
            "holesum",
            "tubecount",
        ],
    ),
    (
        Role::HolesUsed,
        &[
            "已用孔数",
            "占用孔数",
            "使用孔数",
            "usedholes",
            "holesused",
            "yyks",
            "usedhole",
            "holeused",
        ],
    ),
    (
        Role::Cables,
        &[
            "电缆条数",
            "电缆根数",
            "光缆条数",
            "缆线条数",
            "条数",
            "根数",
            "cables",
            "cablecount",
            "dlts",
            "cabnum",
            "cablenum",
        ],
    ),
    (
        Role::Material,
        &[
            "材质",
            "管材",
            "管线材料",
            "管线材质",
            "材料",
            "管道材质",
            "material",
            "materiaal",
            "cz",
            "pipematerial",
            "materiaal1",
            "mat",
            "管材质",
        ],
    ),
    (
        Role::Laying,
        &[
            "埋设方式",
            "埋设类型",
            "敷设方式",
            "埋设方法",
            "敷设类型",
            "laying",
            "embed",
            "msfs",
            "emplace",
            "emtype",
            "buriedtype",
            "layingmethod",
            "埋设",
            "埋设类别",
            "layingtype",
            "method",
        ],
    ),
    (
        Role::Pressure,
        &[
            "压力",
            "电压",
            "压力电压",
            "压力值",
            "压力或电压",
            "压力等级",
            "电压等级",
            "电压值",
            "压力级别",
            "pressure",
            "voltage",
            "yl",
            "dy",
            "pres",
            "pressvolt",
        ],
    ),
    (
        Role::Flow,
        &[
            "流向",
            "水流方向",
            "管线流向",
            "flowdirection",
            "flowdir",
            "flow",
            "flowdirect",
            "lx",
            "direction",
            "fdir",
        ],
    ),
    (
        Role::State,
        &[
            "使用状态",
            "使用状况",
            "状态",
            "管线状态",
            "运行状态",
            "使用情况",
            "state",
            "status",
            "usestate",
            "syzt",
            "usestatus",
            "生命周期",
            "现状",
        ],
    ),
    (
        Role::Built,
        &[
            "建设年代",
            "埋设年代",
            "建设时间",
            "敷设年代",
            "建成年代",
            "埋设日期",
            "建设日期",
            "建成日期",
            "竣工日期",
            "埋设时间",
            "敷设时间",
            "建设年份",
            "埋设年份",
            "竣工时间",
            "年代",
            "aanlegjaar",
            "built",
            "builddate",
            "buildyear",
            "constructiondate",
            "installdate",
            "installyear",
            "mdate",
            "jsnd",
            "msnd",
            "yearbuilt",
            "buriedyear",
            "constructionyear",
            "year",
            "installationdate",
        ],
    ),
    (
        Role::Owner,
        &[
            "权属单位",
            "权属",
            "产权单位",
            "管理单位",
            "权属单位名称",
            "权属单位代码",
            "所有者",
            "belong",
            "owner",
            "qsdw",
            "ownership",
            "eigenaar",
            "ownerdept",
            "管线权属单位",
            "使用单位",
        ],
    ),
    (
        Role::Road,
        &[
            "道路名称",
            "所在道路",
            "道路",
            "路名",
            "所在道路名称",
            "所在位置",
            "街道名称",
            "road",
            "roadname",
            "straatnaam",
            "street",
            "address",
            "dlmc",
            "szdl",
            "addr",
        ],
    ),
    (
        Role::Length,
        &[
            "长度",
            "管线长度",
            "管长",
            "管段长度",
            "length",
            "pipelength",
            "lengte",
            "lengtetot",
            "平面长度",
        ],
    ),
    // Deformed by the ten characters of dBASE.
    (
        Role::Invert(At::From),
        &[
            "bobactuee",
            "bobbegin",
            "bobbeginknoop",
            "bobbeginpunt",
            "起始内底标高",
            "上游管底标高",
            "上游管底高程",
        ],
    ),
    (
        Role::Invert(At::To),
        &["bobactu1", "bobeind", "bobeindknoop", "bobeindpunt", "下游管底标高", "下游管底高程"],
    ),
    (Role::Ground(At::Row), &["maaiveld"]),
];

/// Words for the heights and depths of a point, or of a line's end after a word for the end.
const LEVELS: &[(fn(At) -> Role, &[&str])] = &[
    (
        Role::Ground,
        &[
            "地面高程",
            "地面标高",
            "地面高",
            "地表高程",
            "井盖高程",
            "井口高程",
            "surfh",
            "surfaceh",
            "surface",
            "ground",
            "groundelev",
            "groundelevation",
            "groundlevel",
            "dmgc",
            "gl",
            "coverlevel",
            "rimelev",
            "rim",
            "surfaceelev",
            "surfheight",
            "groundheight",
            "groundh",
            "surfelev",
        ],
    ),
    (
        Role::Top,
        &[
            "管顶高程",
            "管顶标高",
            "管外顶高程",
            "外顶高程",
            "管块顶高程",
            "顶高程",
            "沟顶高程",
            "top",
            "topelev",
            "toph",
            "topheight",
            "topelevation",
            "gdgc",
            "管线顶高程",
            "tope",
            "topz",
        ],
    ),
    (
        Role::Invert,
        &[
            "管底高程",
            "管底标高",
            "管内底高程",
            "内底高程",
            "沟底高程",
            "管道内底高程",
            "内底标高",
            "管内底标高",
            "底高程",
            "渠底高程",
            "流水面高程",
            "invert",
            "inverte",
            "invertelev",
            "invertelevation",
            "inv",
            "invertlevel",
            "bottomh",
            "il",
            "invertz",
            "inverth",
            "bob",
        ],
    ),
    (
        Role::Elevation,
        &[
            "高程",
            "管线高程",
            "管线标高",
            "管道高程",
            "管线点高程",
            "管点高程",
            "标高",
            "管高程",
            "elev",
            "elevation",
            "pipeh",
            "pipeelev",
            "lineh",
            "h",
            "z",
            "gc",
            "gxgc",
            "deeph",
            "pipeheight",
            "pipelevel",
            "管线高",
            "high",
            "lineelev",
            "pipeelevation",
            "level",
        ],
    ),
    (
        Role::Depth,
        &[
            "埋深",
            "管线埋深",
            "管顶埋深",
            "管底埋深",
            "内底埋深",
            "外顶埋深",
            "中心埋深",
            "管内底埋深",
            "深度",
            "depth",
            "bdepth",
            "burydepth",
            "burieddepth",
            "deep",
            "deepth",
            "ms",
            "埋设深度",
            "diepte",
            "dep",
        ],
    ),
    (Role::EndNorthing, &["x", "x坐标", "坐标x", "纵坐标", "northing"]),
    (Role::EndEasting, &["y", "y坐标", "坐标y", "横坐标", "easting"]),
    (
        Role::Code,
        &[
            "点号",
            "物探点号",
            "管线点号",
            "点编号",
            "管点编号",
            "管点号",
            "编号",
            "点",
            "井号",
            "节点",
            "节点编号",
            "节点号",
            "外业点号",
            "预编号",
            "探测点号",
            "测点号",
            "管线点编号",
            "管线点预编号",
            "点物探号",
            "井编号",
            "号",
            "井",
            "point",
            "pointid",
            "pointno",
            "pnt",
            "pt",
            "ptno",
            "node",
            "nodeid",
            "nodecode",
            "no",
            "id",
            "code",
            "pno",
            "expno",
            "junction",
            "knoop",
            "put",
            "mh",
            "manhole",
            "knot",
            "vertex",
        ],
    ),
];

/// Words for the beginning and the end of a line, longest first. One-letter ones need a separator after them.
const FROM_WORDS: &[&str] = &[
    "起始点",
    "起始",
    "起点",
    "首点",
    "始点",
    "上游",
    "起",
    "upstream",
    "begin",
    "start",
    "from",
    "up",
    "us",
    "qd",
    "s",
    "f",
];
const TO_WORDS: &[&str] = &[
    "终止点",
    "终止",
    "终点",
    "止点",
    "末点",
    "下游",
    "终",
    "止",
    "downstream",
    "eind",
    "stop",
    "end",
    "to",
    "dn",
    "down",
    "ds",
    "zd",
    "e",
    "t",
];

impl Role {
    /// Reads the name of a role in a mapping file.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, role)| *role)
    }

    /// Lists the names.
    pub(crate) fn names() -> String {
        NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Finds the role of a header; the lower the number, the better the name fits.
    pub(crate) fn of_header(header: &str) -> Option<(Self, usize)> {
        let plain = plain_header(header);
        for (role, names) in ALIASES {
            if let Some(rank) = names.iter().position(|name| *name == plain) {
                return Some((*role, rank));
            }
        }
        if let Some((role, rank)) = level(&plain, At::Row) {
            return Some((role, rank));
        }
        end_role(header, &plain)
    }

    /// Tells what the heights in a column are those of, where its header says so.
    pub(crate) fn level_of_header(header: &str) -> Option<Level> {
        let plain = plain_header(header);
        if ["管顶", "外顶", "顶高程", "顶埋深", "top"].iter().any(|word| plain.contains(word))
        {
            Some(Level::Top)
        } else if ["管底", "内底", "沟底", "底高程", "底埋深", "invert", "bob"]
            .iter()
            .any(|word| plain.contains(word))
        {
            Some(Level::Invert)
        } else if plain.contains("中心") || plain.contains("centre") || plain.contains("center") {
            Some(Level::Centre)
        } else {
            None
        }
    }
}

fn level(plain: &str, at: At) -> Option<(Role, usize)> {
    LEVELS
        .iter()
        .filter(|(make, _)| {
            at != At::Row
                || !matches!(make(at), Role::Code(_) | Role::EndNorthing(_) | Role::EndEasting(_))
        })
        .find_map(|(make, names)| {
            names.iter().position(|name| *name == plain).map(|rank| (make(at), rank))
        })
}

/// Reads headers such as 起点埋深, `start_depth`, `埋深(起点)`, `invert_us`.
fn end_role(header: &str, plain: &str) -> Option<(Role, usize)> {
    let lower = normalise_width(header).trim().to_lowercase();
    let parts: Vec<&str> =
        lower.split(['_', '-', ' ', '.', '(', ')', '（', '）']).filter(|p| !p.is_empty()).collect();
    for (at, words) in [(At::From, FROM_WORDS), (At::To, TO_WORDS)] {
        for word in words {
            if word.len() > 1 {
                if let Some(rest) = plain.strip_prefix(word)
                    && let Some(found) = level(rest, at)
                {
                    return Some(found);
                }
                if let Some(rest) = plain.strip_suffix(word)
                    && let Some(found) = level(rest, at)
                {
                    return Some(found);
                }
            }
            // `S_DEPTH`, `DEPTH_S`, `埋深(起点)`.
            if let [first, rest @ ..] = parts.as_slice()
                && first == word
                && let Some(found) = level(&plain_header(&rest.concat()), at)
            {
                return Some(found);
            }
            if let [rest @ .., last] = parts.as_slice()
                && last == word
                && let Some(found) = level(&plain_header(&rest.concat()), at)
            {
                return Some(found);
            }
        }
        if words.contains(&plain) && plain.chars().count() > 1 {
            return Some((Role::Code(at), 99));
        }
    }
    None
}

/// Returns a header without spaces, underscores, and units in brackets, in lower case and half width.
pub(crate) fn plain_header(header: &str) -> String {
    let narrow = normalise_width(header).trim().to_lowercase();
    let base = narrow
        .split(['(', '[', '{', '（'])
        .next()
        .filter(|base| !base.trim().is_empty())
        .unwrap_or(&narrow);
    let plain: String = base
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-' | '.' | '/' | ':' | '\t' | '\n' | '\r' | '、'))
        .collect();
    plain
        .strip_suffix("mm")
        .filter(|rest| !rest.is_empty() && !rest.is_ascii())
        .map_or(plain.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_survey_offices_and_engineers_are_understood() {
        use At::{From, Row, To};
        for (headers, expected) in [
            (
                &["物探点号", "图上点号", "管线点预编号", "EXP_NO", "SURVEY_ID", "点号", "CODE"][..],
                Role::Code(Row),
            ),
            (&["连接点号", "LJDH", "LinkPoint"], Role::Linked),
            (
                &[
                    "起点点号",
                    "起始点号",
                    "起点",
                    "BEGINPUT",
                    "from_node",
                    "S_POINT",
                    "us_node",
                    "起点物探点号",
                    "START_ID",
                    "fnode",
                    "beginknoop",
                ],
                Role::Code(From),
            ),
            (
                &[
                    "终点点号",
                    "终止点号",
                    "EINDPUT",
                    "to_node",
                    "E_Point",
                    "ds_node",
                    "终点物探点号",
                ],
                Role::Code(To),
            ),
            (&["X", "X坐标", "纵坐标(X)", "Ｘ"], Role::Northing),
            (&["Y", "Y坐标(m)", "横坐标"], Role::Easting),
            (&["地面高程", "地面高程(m)", "SURF_H"], Role::Ground(Row)),
            (&["起点地面高程"], Role::Ground(From)),
            (&["管顶高程"], Role::Top(Row)),
            (&["管底高程", "管内底高程"], Role::Invert(Row)),
            (&["起点管顶高程"], Role::Top(From)),
            (&["终点管底高程", "BOB_ACTU_1"], Role::Invert(To)),
            (&["起点高程", "起点管线高程", "S_ELEV"], Role::Elevation(From)),
            (&["埋深", "B_DEPTH", "埋深(m)"], Role::Depth(Row)),
            (&["起点埋深", "S_DEEP", "start_depth", "埋深(起点)", "QDMS"], Role::Depth(From)),
            (&["终点埋深", "depth_to", "E_DEPTH"], Role::Depth(To)),
            (&["管径或断面", "管径(mm)", "断面尺寸", "沟截面宽高"], Role::Section),
            (&["压力(电压)", "压力", "电压值"], Role::Pressure),
            (&["附属物", "SUBSID"], Role::Appurtenance),
            (&["建设年代", "埋设年代", "AANLEGJAAR"], Role::Built),
        ] {
            for header in headers {
                let plain = plain_header(header);
                let found = Role::of_header(header).map(|(role, _)| role);
                // 埋深(起点) keeps its bracket only in the parts.
                assert!(
                    found == Some(expected) || header.contains("(起点)"),
                    "{header} ({plain}): {found:?}"
                );
            }
        }
        assert_eq!(Role::of_header("备注"), None);
    }
}
