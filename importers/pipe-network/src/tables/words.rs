//! Words and codes of CJJ 61-2017 in the cells of tables.

use onemap_bounded::text::normalise_width;
use onemap_model::{Element, PipeClass, PipeSystem};

/// Materials by table C.0.1, with what else is met.
const MATERIALS: &[(&str, &str, &[&str])] = &[
    ("ZT", "铸铁", &["铸铁管", "灰口铸铁", "cast iron", "ci"]),
    (
        "G",
        "钢",
        &["钢管", "镀锌钢管", "镀锌", "无缝钢管", "螺旋钢管", "不锈钢", "steel", "st", "gg"],
    ),
    (
        "T",
        "混凝土",
        &[
            "砼",
            "混凝土管",
            "砼管",
            "钢筋混凝土",
            "钢筋砼",
            "钢筋混凝土管",
            "预应力混凝土",
            "水泥",
            "concrete",
            "beton",
            "bt",
            "rcp",
            "rc",
            "tt",
            "hnt",
        ],
    ),
    (
        "PE",
        "PE",
        &["pe管", "聚乙烯", "hdpe", "pe100", "pe80", "mdpe", "双壁波纹管", "polyethylene"],
    ),
    (
        "PVC",
        "PVC",
        &[
            "pvc管",
            "upvc",
            "pvc-u",
            "塑料",
            "塑料管",
            "聚氯乙烯",
            "波纹管",
            "cpvc",
            "pp",
            "ppr",
            "pp-r",
            "plastic",
        ],
    ),
    ("BLG", "玻璃钢", &["玻璃钢管", "玻璃钢夹砂", "玻璃钢夹砂管", "grp", "frp"]),
    ("QM", "球墨铸铁", &["球墨", "球铁", "球墨铸铁管", "ductile iron", "di"]),
    ("ZS", "砖石", &["砖", "石", "砖砌", "砌石", "块石", "砖沟", "brick", "masonry", "msw"]),
    ("SM", "石棉", &["石棉水泥", "石棉管", "asbestos", "ac"]),
    ("TC", "陶瓷", &["陶瓷管", "陶土", "陶土管", "clay", "vc", "gres"]),
    ("TZ", "铜", &["铜芯", "铜缆", "copper", "cu", "电缆"]),
    ("VL", "铝", &["铝芯", "铝缆", "aluminium", "aluminum", "al", "lv"]),
    ("GX", "光纤", &["光缆", "光纤光缆", "fibre", "fiber", "fo"]),
];

/// Ways of laying by table C.0.2.
const LAYINGS: &[(&str, &[&str])] = &[
    ("ZM", &["直埋", "直接埋设", "埋地", "地埋"]),
    ("GM", &["管埋", "套管", "管道"]),
    ("GK", &["管块", "排管", "块埋"]),
    ("GG", &["管沟", "沟埋", "沟道", "暗沟", "方沟", "盖板沟", "地沟", "明沟"]),
    ("JK", &["架空", "架设"]),
    ("DM", &["地面", "明敷", "地上"]),
    ("SJ", &["上架", "上杆"]),
    ("XTD", &["小通道", "通道"]),
    ("ZH", &["综合管廊", "综合管沟", "管廊", "共同沟"]),
    ("RF", &["人防"]),
    ("JN", &["井内", "井内连线", "井内连接"]),
    ("DG", &["顶管", "拉管", "定向钻", "非开挖", "水平定向钻"]),
    ("SX", &["水下", "过河", "河底"]),
];

/// Makes a word comparable.
fn bare(text: &str) -> String {
    normalise_width(text).trim().to_lowercase()
}

/// Returns the name of a material by code or name; `None` where it is not known.
pub(crate) fn material(text: &str) -> Option<&'static str> {
    let word = bare(text);
    MATERIALS
        .iter()
        .find(|(code, name, others)| {
            code.eq_ignore_ascii_case(&word)
                || *name == word
                || name.eq_ignore_ascii_case(&word)
                || others.contains(&word.as_str())
        })
        .map(|(_, name, _)| *name)
}

/// Returns the code of a way of laying; `None` where it is not known.
pub(crate) fn laying(text: &str) -> Option<&'static str> {
    let word = bare(text);
    let word = word.trim_end_matches("敷设").trim_end_matches("埋设");
    LAYINGS
        .iter()
        .find(|(code, names)| code.eq_ignore_ascii_case(word) || names.contains(&word))
        .map(|(code, _)| *code)
}

/// Tells whether what is laid so lies above the ground or on it.
pub(crate) fn is_overhead(laying: &str) -> bool {
    matches!(laying, "JK" | "SJ" | "DM")
}

/// Returns the name of a state of life by table C.0.3 and the words in use; `None` where it is not known.
pub(crate) fn state(text: &str) -> Option<&'static str> {
    Some(match bare(text).as_str() {
        "0" | "在用" | "使用" | "正常" | "现状" | "已用" | "运行" | "existing" | "in use"
        | "active" | "2" | "空管" | "备用" | "预留" | "停用" | "3" | "其他" | "其它" => {
            "existing"
        }
        "1" | "废弃" | "报废" | "废" | "拆除" | "retired" | "abandoned" => "retired",
        "规划" | "拟建" | "设计" | "planned" => "planned",
        "在建" | "施工" | "新建" | "building" => "building",
        _ => return None,
    })
}

/// Tells whether a valve is shut; `None` where the word does not say.
pub(crate) fn is_closed(text: &str) -> Option<bool> {
    match bare(text).as_str() {
        "关" | "关闭" | "闭" | "常闭" | "closed" | "shut" | "true" | "是" => Some(true),
        "开" | "开启" | "打开" | "常开" | "open" | "false" | "否" => Some(false),
        _ => None,
    }
}

/// Tells whether a valve can be turned; `None` where the word does not say.
pub(crate) fn is_operable(text: &str) -> Option<bool> {
    match bare(text).as_str() {
        "可操作" | "完好" | "正常" | "良好" | "是" | "true" | "yes" => Some(true),
        "不可操作" | "损坏" | "失效" | "锈死" | "掩埋" | "被埋" | "埋没" | "否" | "false"
        | "no" | "broken" | "buried" => Some(false),
        _ => None,
    }
}

/// Finds a class or subclass by code or name, also within a word such as 给水管线.
pub(crate) fn system(text: &str) -> Option<&'static PipeSystem> {
    let word = normalise_width(text);
    let word = word.trim();
    if let Some(found) = PipeSystem::find(word) {
        return Some(found);
    }
    let short = word
        .trim_end_matches("管线")
        .trim_end_matches("管道")
        .trim_end_matches("管网")
        .trim_end_matches("管");
    if let Some(found) = PipeSystem::find(short) {
        return Some(found);
    }
    match word.parse::<usize>() {
        Ok(n @ 1..=8) => PipeClass::ALL.get(n - 1).and_then(|class| PipeSystem::find(class.code())),
        _ => None,
    }
}

/// Words in names of tables and files that tell the class; longer ones first.
const TABLE_WORDS: &[(&str, &str)] = &[
    ("storm", "YS"),
    ("rainwater", "YS"),
    ("foul", "WS"),
    ("wastewater", "WS"),
    ("sewage", "WS"),
    ("sanitary", "WS"),
    ("combined", "HS"),
    ("sewer", "PS"),
    ("drain", "PS"),
    ("riool", "PS"),
    ("water", "JS"),
    ("gas", "RQ"),
    ("heat", "RL"),
    ("power", "DL"),
    ("electric", "DL"),
    ("cable", "DL"),
    ("telecom", "TX"),
    ("tele", "TX"),
];

/// Finds the class that the name of a table, sheet or file tells.
pub(crate) fn system_of_name(name: &str) -> Option<&'static PipeSystem> {
    let name = normalise_width(name);
    let name = name.trim();
    if let Some(found) = system(name) {
        return Some(found);
    }
    let mut best: Option<(&'static PipeSystem, usize)> = None;
    for system in onemap_model::PIPE_SYSTEMS {
        let words = std::iter::once(system.zh).chain(system.aliases.iter().copied());
        for word in words.filter(|word| !word.is_ascii()) {
            if name.contains(word) && best.is_none_or(|(_, length)| word.len() > length) {
                best = Some((system, word.len()));
            }
        }
    }
    if let Some((system, _)) = best {
        return Some(system);
    }
    let lower = name.to_lowercase();
    if let Some((_, code)) = TABLE_WORDS.iter().find(|(word, _)| lower.contains(word)) {
        return PipeSystem::find(code);
    }
    // `JSPOINT`, `WS_LINE`, `J点`: a code at the beginning or the end.
    let key = super::group::key(name);
    let code: String = key.chars().filter(char::is_ascii_alphabetic).collect();
    PipeSystem::find(&code).filter(|_| !code.is_empty())
}

/// Finds the class that the letters at the beginning of a point's number tell.
pub(crate) fn system_of_code(code: &str) -> Option<&'static PipeSystem> {
    let letters: String = code.chars().take_while(char::is_ascii_alphabetic).collect();
    let upper = letters.to_uppercase();
    PipeSystem::find(&upper).filter(|_| !letters.is_empty() && letters.len() <= 2)
}

/// Words for what stands at a point, most telling first.
const ELEMENTS: &[(&str, Element)] = &[
    ("消防栓", Element::Hydrant),
    ("消火栓", Element::Hydrant),
    ("hydrant", Element::Hydrant),
    ("阀", Element::Valve),
    ("闸", Element::Valve),
    ("valve", Element::Valve),
    ("雨水篦", Element::Inlet),
    ("雨水箅", Element::Inlet),
    ("雨篦", Element::Inlet),
    ("雨箅", Element::Inlet),
    ("水篦", Element::Inlet),
    ("污篦", Element::Inlet),
    ("进水口", Element::Inlet),
    ("雨水口", Element::Inlet),
    ("inlet", Element::Inlet),
    ("gully", Element::Inlet),
    ("排放口", Element::Outfall),
    ("出水口", Element::Outfall),
    ("排水口", Element::Outfall),
    ("排污口", Element::Outfall),
    ("污水处理厂", Element::Outfall),
    ("outfall", Element::Outfall),
    ("水源井", Element::Source),
    ("水源", Element::Source),
    ("水厂", Element::Source),
    ("配气站", Element::Source),
    // A station feeds a network; a box at a house is fed by it.
    ("调压箱", Element::Device),
    ("调压柜", Element::Device),
    ("调压", Element::Source),
    ("门站", Element::Source),
    ("储配站", Element::Source),
    ("热源", Element::Source),
    ("热电厂", Element::Source),
    ("锅炉", Element::Source),
    ("变电", Element::Source),
    ("发电厂", Element::Source),
    ("works", Element::Source),
    ("regulator", Element::Source),
    ("substation", Element::Source),
    ("泵", Element::Pump),
    ("pump", Element::Pump),
    ("水池", Element::Tank),
    ("水塔", Element::Tank),
    ("水箱", Element::Tank),
    ("化粪池", Element::Tank),
    ("tank", Element::Tank),
    ("reservoir", Element::Reservoir),
    ("用户", Element::Customer),
    ("入户", Element::Customer),
    ("接户", Element::Customer),
    ("进户", Element::Customer),
    ("进房", Element::Customer),
    ("入房", Element::Customer),
    ("水表", Element::Customer),
    ("热力站", Element::Customer),
    ("换热站", Element::Customer),
    ("customer", Element::Customer),
    ("手孔", Element::Handhole),
    ("handhole", Element::Handhole),
    ("人孔", Element::Manhole),
    ("井", Element::Manhole),
    ("manhole", Element::Manhole),
    ("箱", Element::Device),
    // 环网柜 (ring main unit) and other cabinets.
    ("柜", Element::Device),
    ("开闭所", Element::Device),
    ("灯", Element::Device),
    ("杆", Element::Device),
    ("变压器", Element::Device),
    ("配电", Element::Device),
    ("开关", Element::Device),
    ("信号", Element::Device),
    ("电话亭", Element::Device),
    ("监控", Element::Device),
    ("cabinet", Element::Device),
    ("lamp", Element::Device),
];

/// Tells what stands at a point by its appurtenance, else by its feature.
pub(crate) fn element(feature: Option<&str>, appurtenance: Option<&str>) -> Element {
    for text in [appurtenance, feature].into_iter().flatten() {
        let lower = text.to_lowercase();
        if let Some((_, element)) = ELEMENTS.iter().find(|(word, _)| lower.contains(word)) {
            return *element;
        }
    }
    Element::Junction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes_of_the_standard_are_known() {
        assert_eq!(material("QM"), Some("球墨铸铁"));
        assert_eq!(material("砼"), Some("混凝土"));
        assert_eq!(material("纸"), None);
        assert_eq!(laying("直埋"), Some("ZM"));
        assert_eq!(laying("ｇｋ"), Some("GK"));
        assert_eq!(state("1"), Some("retired"));
        assert_eq!(system("给水管线").unwrap().code, "JS");
        assert_eq!(system("2").unwrap().code, "PS");
        for (name, code) in [
            ("JSPOINT", "JS"),
            ("WSLINE", "WS"),
            ("雨水点表", "YS"),
            ("W", "WS"),
            ("gas_points", "RQ"),
            ("污水", "WS"),
            ("J点", "JS"),
        ] {
            assert_eq!(system_of_name(name).map(|system| system.code), Some(code), "{name}");
        }
        assert_eq!(system_of_name("点表"), None);
        assert_eq!(system_of_code("WS12").unwrap().code, "WS");
        assert_eq!(element(None, Some("阀门井")), Element::Valve);
        assert_eq!(element(Some("三通"), None), Element::Junction);
        for (thing, is) in [
            ("调压站", Element::Source),
            ("城西高中压调压站", Element::Source),
            ("调压箱", Element::Device),
            ("楼栋调压箱", Element::Device),
            ("环网柜", Element::Device),
            ("配电箱", Element::Device),
        ] {
            assert_eq!(element(None, Some(thing)), is, "{thing}");
        }
    }
}
