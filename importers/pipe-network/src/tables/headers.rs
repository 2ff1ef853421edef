//! Headers of tables as survey offices, engineers and programs write them.
//!
//! Words are separated by spaces and written as [`super::plain_header`] leaves them: without spaces, underscores and
//! units. Among the words for one role the first is the best.

use super::roles::{At, Role};

/// Names of roles in a mapping file.
pub(super) const NAMES: &[(&str, Role)] = &[
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
    ("casing", Role::Casing),
    ("casing_material", Role::CasingMaterial),
    ("holes", Role::Holes),
    ("holes_used", Role::HolesUsed),
    ("cables", Role::Cables),
    ("material", Role::Material),
    ("laying", Role::Laying),
    ("pressure", Role::Pressure),
    ("flow", Role::Flow),
    ("state", Role::State),
    ("closed", Role::Closed),
    ("operable", Role::Operable),
    ("built", Role::Built),
    ("owner", Role::Owner),
    ("road", Role::Road),
    ("length", Role::Length),
    ("ignore", Role::Ignore),
];

/// Headers that mean something by themselves.
pub(super) const ALIASES: &[(Role, &str)] = &[
    (
        Role::Closed,
        "开关状态 阀门状态 启闭状态 开闭状态 阀门开关状态 valvestate valvestatus openstate closed",
    ),
    (Role::Operable, "可操作性 可操作 是否可操作 完好状态 operable workable"),
    (
        Role::Linked,
        "连接点号 连接物探点号 连接点 连接点编号 连向点号 连接方向 连接管点号 相连点号 ljdh linkpoint \
         linkpointno connpoint linkno connectno connno linkexpno nextpoint ljd conpoint link_exp",
    ),
    (
        Role::Link,
        "管线编号 管线号 管段编号 管段号 线号 管线点线号 线编号 lineid lineno linecode pipeid pipeno \
         linkid conduitid edgeid segmentid gxbh gdbh strengid pipecode linename",
    ),
    (
        Role::Code(At::Row),
        "物探点号 物探点编号 外业点号 探测点号 管线点号 管线点编号 管线点预编号 管点编号 管点号 测点号 \
         测量点号 点编号 点号 节点编号 节点号 井编号 井号 图上点号 expno expnum surveyid pointid pointno \
         pointnumber pointnum pointcode ptno pno wtdh dh gxdh gdbh mappointno tsdh nodeid nodecode \
         nodeno manholeid manholeno putcode knoopcode node junctionid code id name",
    ),
    (
        Role::Code(At::From),
        "qddh qdbh qdh fnode beginput beginknoop startknoop usnode upnode unode inletnode sourcenode \
         node1 nodea us upmh usmh usmanhole usnodeid fromnode from begin beginpunt sexpno fromid frommh \
         vonknoten schachtoben knoop1 起始井 上游井号 上游井 上游点号 上游节点 首点 本点号",
    ),
    (
        Role::Code(At::To),
        "zddh zdbh zdh tnode eindput eindknoop dsnode downnode dnode outletnode targetnode node2 nodeb \
         ds dnmh dsmh dsmanhole dsnodeid tonode to eindpunt eexpno toid tomh nachknoten schachtunten \
         knoop2 终止井 下游井号 下游井 下游点号 下游节点 末点",
    ),
    (
        Role::Northing,
        "x x坐标 坐标x 纵坐标 纵坐标x x纵坐标 北坐标 xcoor xcoord coordx pointx northing 平面坐标x \
         坐标北 north x(北)",
    ),
    (
        Role::Easting,
        "y y坐标 坐标y 横坐标 横坐标y y横坐标 东坐标 ycoor ycoord coordy pointy easting 平面坐标y 坐标东 \
         east",
    ),
    (Role::WellDepth, "井深 检查井深 welldepth wdepth manholedepth welldeep js_depth putdiepte"),
    (
        Role::Bottom,
        "井底高程 井底标高 井底高 wellbottom bottomelev bottomheight sumpelevation putbodem",
    ),
    (
        Role::Feature,
        "特征 特征点 点特征 管点特征 管线点特征 feature tz featuretype pointfeature 点性",
    ),
    (
        Role::Appurtenance,
        "附属物 附属物名称 附属物类型 附属设施 附属物种类 附属设施名称 subsid appurtenance fsw \
         attachment adjunct facility putfunct2 puttype nodetype",
    ),
    (
        Role::FeatureCode,
        "要素代码 点编码 点代码 线编码 管线代码 ysdm featurecode gb 编码 分类代码 要素编码",
    ),
    (
        Role::Class,
        "管线类型 管线种类 管线类别 管类 管种 管线类 管线大类 管线小类 种类 管线名称 管线性质 管线代号 \
         类别代码 pipetype linetype class gxlx gxzl pipeclass pipelinetype subclass utility system \
         管线种类代码",
    ),
    (
        Role::Section,
        "管径或断面 管径或断面尺寸 断面尺寸 管径 管径断面 断面 管径断面尺寸 规格 管径规格 沟截面宽高 \
         尺寸 管径尺寸 断面规格 断面宽高 截面尺寸 管块尺寸 dsize psize pipesize size gj dmcc psdia \
         sectionsize section dn gjhdm d_s ds_size 管径mm buistypec profiel",
    ),
    (
        Role::Diameter,
        "diameter pipediameter dia diam innerdiameter 内径 公称直径 直径 diametermm buisdiameter \
         nominaldiameter",
    ),
    (Role::Shape, "断面形状 断面类型 shape sectionshape vorm 截面形状 xsectshape profileshape"),
    (Role::Width, "断面宽 宽度 宽 width 沟宽 管宽 breedte 断面宽度"),
    (Role::Height, "断面高 高度 断面高度 height 沟高 管高 hoogte"),
    (
        Role::Casing,
        "套管管径 套管外径 套管直径 套管尺寸 套管规格 套管断面 套管口径 保护管管径 保护管外径 保护管直径 \
         保护管规格 保护管尺寸 保护套管管径 外套管管径 外套管直径 外护管外径 外护管管径 套管 保护套管 \
         保护管 外套管 外护管 casingdiameter casingsize casingdn casing sleevediameter sleevesize sleeve \
         tggj",
    ),
    (
        Role::CasingMaterial,
        "套管材质 套管材料 套管管材 保护管材质 保护管材料 保护套管材质 保护套管材料 外套管材质 \
         外护管材质 casingmaterial sleevematerial tgcz",
    ),
    (
        Role::Holes,
        "总孔数 孔数 管孔数 holes totalholes holecount holenum zks totalhole holesum tubecount",
    ),
    (Role::HolesUsed, "已用孔数 占用孔数 使用孔数 usedholes holesused yyks usedhole holeused"),
    (
        Role::Cables,
        "电缆条数 电缆根数 光缆条数 缆线条数 条数 根数 cables cablecount dlts cabnum cablenum",
    ),
    (
        Role::Material,
        "材质 管材 管线材料 管线材质 材料 管道材质 material materiaal cz pipematerial materiaal1 mat \
         管材质",
    ),
    (
        Role::Laying,
        "埋设方式 埋设类型 敷设方式 埋设方法 敷设类型 laying embed msfs emplace emtype buriedtype \
         layingmethod 埋设 埋设类别 layingtype method",
    ),
    (
        Role::Pressure,
        "压力 电压 压力电压 压力值 压力或电压 压力等级 电压等级 电压值 压力级别 pressure voltage yl dy \
         pres pressvolt",
    ),
    (Role::Flow, "流向 水流方向 管线流向 flowdirection flowdir flow flowdirect lx direction fdir"),
    (
        Role::State,
        "使用状态 使用状况 状态 管线状态 运行状态 使用情况 state status usestate syzt usestatus 生命周期 \
         现状",
    ),
    (
        Role::Built,
        "建设年代 埋设年代 建设时间 敷设年代 建成年代 埋设日期 建设日期 建成日期 竣工日期 埋设时间 \
         敷设时间 建设年份 埋设年份 竣工时间 年代 aanlegjaar built builddate buildyear constructiondate \
         installdate installyear mdate jsnd msnd yearbuilt buriedyear constructionyear year \
         installationdate",
    ),
    (
        Role::Owner,
        "权属单位 权属 产权单位 管理单位 权属单位名称 权属单位代码 所有者 belong owner qsdw ownership \
         eigenaar ownerdept 管线权属单位 使用单位",
    ),
    (
        Role::Road,
        "道路名称 所在道路 道路 路名 所在道路名称 所在位置 街道名称 road roadname straatnaam street \
         address dlmc szdl addr",
    ),
    (Role::Length, "长度 管线长度 管长 管段长度 length pipelength lengte lengtetot 平面长度"),
    (
        Role::Invert(At::From),
        "bobactuee bobbegin bobbeginknoop bobbeginpunt 起始内底标高 上游管底标高 上游管底高程",
    ),
    (Role::Invert(At::To), "bobactu1 bobeind bobeindknoop bobeindpunt 下游管底标高 下游管底高程"),
    (Role::Ground(At::Row), "maaiveld"),
];

/// A role of a line's end, or of the point of the row.
type MakeRole = fn(At) -> Role;

/// Words for the heights and depths of a point, or of a line's end beside a word for the end.
pub(super) const LEVELS: &[(MakeRole, &str)] = &[
    (
        Role::Ground,
        "地面高程 地面标高 地面高 地表高程 井盖高程 井口高程 surfh surfaceh surface ground groundelev \
         groundelevation groundlevel dmgc gl coverlevel rimelev rim surfaceelev surfheight groundheight \
         groundh surfelev",
    ),
    (
        Role::Top,
        "管顶高程 管顶标高 管外顶高程 外顶高程 管块顶高程 顶高程 沟顶高程 top topelev toph topheight \
         topelevation gdgc 管线顶高程 tope topz",
    ),
    (
        Role::Invert,
        "管底高程 管底标高 管内底高程 内底高程 沟底高程 管道内底高程 内底标高 管内底标高 底高程 渠底高程 \
         流水面高程 invert inverte invertelev invertelevation inv invertlevel bottomh il invertz inverth \
         bob",
    ),
    (
        Role::Elevation,
        "高程 管线高程 管线标高 管道高程 管线点高程 管点高程 标高 管高程 elev elevation pipeh pipeelev \
         lineh h z gc gxgc deeph pipeheight pipelevel 管线高 high lineelev pipeelevation level",
    ),
    (
        Role::Depth,
        "埋深 管线埋深 管顶埋深 管底埋深 内底埋深 外顶埋深 中心埋深 管内底埋深 深度 depth bdepth \
         burydepth burieddepth deep deepth ms 埋设深度 diepte dep",
    ),
    (Role::EndNorthing, "x x坐标 坐标x 纵坐标 northing"),
    (Role::EndEasting, "y y坐标 坐标y 横坐标 easting"),
    (
        Role::Code,
        "点号 物探点号 管线点号 点编号 管点编号 管点号 编号 点 井号 节点 节点编号 节点号 外业点号 预编号 \
         探测点号 测点号 管线点编号 管线点预编号 点物探号 井编号 号 井 point pointid pointno pnt pt ptno \
         node nodeid nodecode no id code pno expno junction knoop put mh manhole knot vertex",
    ),
];

/// Words for the beginning of a line, longest first. One-letter ones need a separator after them.
pub(super) const FROM_WORDS: &str =
    "起始点 起始 起点 首点 始点 上游 起 upstream begin start from up us qd s f";

/// Words for its end.
pub(super) const TO_WORDS: &str =
    "终止点 终止 终点 止点 末点 下游 终 止 downstream eind stop end to dn down ds zd e t";
