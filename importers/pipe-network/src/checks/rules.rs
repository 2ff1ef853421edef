//! The rules: one entry for each code of a finding.

use onemap_model::Severity::{self, Error, Info, Warning};

/// A rule of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Rule {
    /// Code that findings carry.
    pub code: &'static str,
    /// How much a finding of it matters.
    pub severity: Severity,
    /// What is wrong, in Chinese.
    pub zh: &'static str,
    /// What is wrong, in English.
    pub en: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

const fn new(
    code: &'static str,
    severity: Severity,
    zh: &'static str,
    en: &'static str,
    remedy: &'static str,
) -> Rule {
    Rule { code, severity, zh, en, remedy }
}

/// Lists all rules, tables first, then points, then lines.
pub fn codes() -> &'static [Rule] {
    RULES
}

/// Returns the rule with this code.
pub(super) fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

const RULES: &[Rule] = &[
    new(
        "empty-header",
        Warning,
        "表头为空",
        "A column has no name",
        "name the column in the table's header",
    ),
    new(
        "duplicate-header",
        Warning,
        "表头重复",
        "Two columns have one name",
        "give each column a name of its own",
    ),
    new(
        "missing-column",
        Error,
        "缺少必需列",
        "A column that is needed is not there",
        "add the column, or say with a mapping file which one it is",
    ),
    new("missing-value", Error, "必填项为空", "A cell that is needed is empty", "fill in the cell"),
    new(
        "not-a-number",
        Error,
        "数值列中不是数字",
        "A cell of a column of numbers holds no number",
        "correct the cell",
    ),
    new(
        "duplicate-point",
        Error,
        "点号重复",
        "Two points have one number",
        "give each point a number of its own; only the first was kept",
    ),
    new(
        "point-disagrees",
        Error,
        "同一点的记录不一致",
        "Records of one point differ",
        "make the records of the point agree",
    ),
    new(
        "same-place",
        Warning,
        "不同点号坐标重合",
        "Two points stand at one place",
        "make them one point, or correct the coordinates",
    ),
    new(
        "swapped-coordinates",
        Error,
        "X、Y坐标颠倒",
        "Northing and easting are exchanged",
        "exchange them; they were taken the other way round",
    ),
    new(
        "far-away",
        Error,
        "坐标超出测区",
        "The point is far from all the others",
        "correct the coordinates",
    ),
    new(
        "both-kinds",
        Warning,
        "特征与附属物同时填写",
        "Both feature and appurtenance are filled in",
        "clear one: a point with an appurtenance has no feature",
    ),
    new(
        "class-code",
        Error,
        "点号或要素代码与管线种类不符",
        "The number's letters or the feature code tell another class than the table",
        "correct the code or the class",
    ),
    new(
        "unknown-class",
        Warning,
        "管线种类未知",
        "The class is none of CJJ 61-2017",
        "use a code or name of appendix B, or say with a mapping file what it is",
    ),
    new(
        "unknown-material",
        Warning,
        "材质未知",
        "The material is none of CJJ 61-2017",
        "use a code or name of table C.0.1, or say with a mapping file what it is",
    ),
    new(
        "unknown-laying",
        Warning,
        "埋设方式未知",
        "The way of laying is none of CJJ 61-2017",
        "use a code or name of table C.0.2, or say with a mapping file what it is",
    ),
    new(
        "unknown-state",
        Warning,
        "使用状态未知",
        "The state is none of CJJ 61-2017",
        "use a code or name of table C.0.3, or say with a mapping file what it is",
    ),
    new(
        "unused-point",
        Warning,
        "孤立点",
        "No line ends at the point",
        "add its lines or remove the point",
    ),
    new(
        "degree",
        Warning,
        "特征与连接管线数不符",
        "As many lines as the feature says do not meet at the point",
        "correct the feature or the lines",
    ),
    new(
        "shallow-manhole",
        Warning,
        "井底高于管底",
        "A pipe lies deeper than the bottom of its manhole",
        "correct the depth of the manhole or of the pipe",
    ),
    new(
        "missing-end",
        Error,
        "管线端点缺失",
        "A point at which a line ends is not there",
        "add the point or correct its number",
    ),
    new(
        "start-is-end",
        Error,
        "起点与终点相同",
        "The line ends where it begins",
        "correct one of its ends",
    ),
    new(
        "duplicate-line",
        Error,
        "管线重复",
        "The line is there twice",
        "remove one of them; only the first was kept",
    ),
    new(
        "reversed-line",
        Error,
        "管线正反重复",
        "The line is there a second time the other way round",
        "remove one of them; only the first was kept",
    ),
    new(
        "one-sided-line",
        Warning,
        "管线缺少反向记录",
        "The line has a record at one of its ends only",
        "add the record of its other end",
    ),
    new(
        "sides-disagree",
        Error,
        "管线正反记录不一致",
        "The records at the two ends of a line differ",
        "make the records agree",
    ),
    new(
        "bad-section",
        Error,
        "管径或断面无法识别",
        "The section can not be read",
        "write a diameter such as 300 or a width and height such as 400×300, millimetres",
    ),
    new(
        "section-limit",
        Warning,
        "管径或断面超限",
        "The section is larger or smaller than pipes are",
        "correct the size; it is in millimetres",
    ),
    new(
        "depth-limit",
        Warning,
        "埋深超限",
        "The line lies deeper than the limit",
        "correct the depth or the height",
    ),
    new(
        "depth-sign",
        Warning,
        "埋深符号与埋设方式不符",
        "The depth's sign does not fit the way of laying",
        "write depths below ground as positive and overhead lines as negative numbers",
    ),
    new(
        "level-sum",
        Error,
        "地面高程≠埋深+管线高程",
        "Ground height is not the sum of depth and pipe height",
        "correct the one of the three that is wrong",
    ),
    new(
        "ground-disagrees",
        Error,
        "同一点各管线的地面高程不一致",
        "The ground height at a line's end is not that of its point",
        "make the ground heights of the point agree",
    ),
    new(
        "too-long",
        Warning,
        "管线超长",
        "The line is longer than the limit",
        "survey a point between, or correct the coordinates",
    ),
    new(
        "too-short",
        Warning,
        "管线过短",
        "The line is shorter than the limit",
        "make its ends one point",
    ),
    new(
        "length-disagrees",
        Warning,
        "长度与坐标不符",
        "The stated length is not that between the points",
        "correct the length or the points",
    ),
    new(
        "slope-limit",
        Warning,
        "坡度超限",
        "The line is steeper than the limit",
        "correct the heights of its ends",
    ),
    new(
        "back-fall",
        Error,
        "重力管道逆坡",
        "A gravity pipe rises in the direction of its flow",
        "correct the heights or the direction of flow",
    ),
    new(
        "against-fall",
        Info,
        "绘制方向与坡向相反",
        "The line is drawn from its lower to its higher end",
        "nothing: the flow is taken from the heights",
    ),
    new(
        "no-levels",
        Info,
        "管线无高程",
        "Heights of the line are not known",
        "survey the heights; it is shown without depth",
    ),
    new(
        "angle",
        Warning,
        "管线夹角过小",
        "Two lines leave a point at nearly the same direction",
        "check whether one of their other ends is wrong",
    ),
    new(
        "separate-part",
        Warning,
        "与主网不连通",
        "A small part of the network is joined to nothing else",
        "add the line that joins it",
    ),
    new(
        "holes",
        Error,
        "已用孔数大于总孔数",
        "More holes are used than there are",
        "correct one of the two",
    ),
    new(
        "bad-date",
        Warning,
        "建设年代不合理",
        "The year of building can not be right",
        "correct the year",
    ),
    new(
        "no-coordinates",
        Error,
        "点无坐标",
        "The point has no coordinates",
        "fill in its coordinates",
    ),
];
