//! Chinese names with their pinyin. All of them are made up; none is meant to be a real place.

use crate::rng::Rng;

/// A name in Chinese and in English (pinyin).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

impl Name {
    /// Joins a Chinese and an English name.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// Main streets that run north-south, west to east: stem, pinyin, whether they carry 北路/南路.
pub const NORTH_SOUTH: [(&str, &str, bool); 12] = [
    ("陆桥路", "Luqiao Road", false),
    ("迎宾大道", "Yingbin Avenue", false),
    ("西环路", "West Ring Road", false),
    ("青年", "Qingnian", true),
    ("幸福", "Xingfu", true),
    ("文昌", "Wenchang", true),
    ("人民大道", "Renmin Avenue", false),
    ("运河", "Yunhe", true),
    ("发展大道", "Fazhan Avenue", false),
    ("东环路", "East Ring Road", false),
    ("科技", "Keji", true),
    ("临港大道", "Lingang Avenue", false),
];

/// Main streets that run east-west, south to north: stem, pinyin, whether they carry 东路/西路.
pub const EAST_WEST: [(&str, &str, bool); 11] = [
    ("圩东路", "Weidong Road", false),
    ("南湖路", "Nanhu Road", false),
    ("南环路", "South Ring Road", false),
    ("长江", "Changjiang", true),
    ("建设", "Jianshe", true),
    ("解放", "Jiefang", true),
    ("黄河", "Huanghe", true),
    ("市府", "Shifu", true),
    ("北环路", "North Ring Road", false),
    ("大学路", "Daxue Road", false),
    ("林场路", "Linchang Road", false),
];

/// The four sides of the ring: west, east, south, north.
pub const RING: [(&str, &str); 4] = [
    ("西环快速路", "West Ring Expressway"),
    ("东环快速路", "East Ring Expressway"),
    ("南环快速路", "South Ring Expressway"),
    ("北环快速路", "North Ring Expressway"),
];

/// The streets along the left (north) and right (south) bank.
pub const RIVERSIDE: [(&str, &str); 2] =
    [("滨河北路", "Binhe North Road"), ("滨河南路", "Binhe South Road")];

/// The streets along the canal, left (east) and right.
pub const CANALSIDE: [(&str, &str); 2] = [("河东路", "Hedong Road"), ("河西路", "Hexi Road")];

/// The river.
pub const RIVER: (&str, &str) = ("宿新河", "Suxin River");
/// The canal.
pub const CANAL: (&str, &str) = ("通济运河", "Tongji Canal");

const FIRST: [(&str, &str); 40] = [
    ("文", "wen"),
    ("兴", "xing"),
    ("康", "kang"),
    ("明", "ming"),
    ("和", "he"),
    ("德", "de"),
    ("永", "yong"),
    ("富", "fu"),
    ("安", "an"),
    ("华", "hua"),
    ("春", "chun"),
    ("锦", "jin"),
    ("金", "jin"),
    ("玉", "yu"),
    ("东", "dong"),
    ("新", "xin"),
    ("宏", "hong"),
    ("泰", "tai"),
    ("瑞", "rui"),
    ("嘉", "jia"),
    ("育", "yu"),
    ("振", "zhen"),
    ("丰", "feng"),
    ("朝", "chao"),
    ("翠", "cui"),
    ("桂", "gui"),
    ("柳", "liu"),
    ("枫", "feng"),
    ("银", "yin"),
    ("梅", "mei"),
    ("湖", "hu"),
    ("云", "yun"),
    ("青", "qing"),
    ("学", "xue"),
    ("清", "qing"),
    ("凤", "feng"),
    ("龙", "long"),
    ("双", "shuang"),
    ("百", "bai"),
    ("景", "jing"),
];

const SECOND: [(&str, &str); 36] = [
    ("昌", "chang"),
    ("兴", "xing"),
    ("盛", "sheng"),
    ("园", "yuan"),
    ("林", "lin"),
    ("阳", "yang"),
    ("达", "da"),
    ("宁", "ning"),
    ("祥", "xiang"),
    ("业", "ye"),
    ("泉", "quan"),
    ("塘", "tang"),
    ("桥", "qiao"),
    ("山", "shan"),
    ("苑", "yuan"),
    ("谊", "yi"),
    ("华", "hua"),
    ("康", "kang"),
    ("源", "yuan"),
    ("平", "ping"),
    ("庆", "qing"),
    ("和", "he"),
    ("春", "chun"),
    ("远", "yuan"),
    ("湾", "wan"),
    ("竹", "zhu"),
    ("杏", "xing"),
    ("溪", "xi"),
    ("霞", "xia"),
    ("风", "feng"),
    ("秀", "xiu"),
    ("光", "guang"),
    ("贤", "xian"),
    ("仁", "ren"),
    ("义", "yi"),
    ("智", "zhi"),
];

/// Surnames that villages and lanes are called after.
const FAMILY: [(&str, &str); 32] = [
    ("张", "zhang"),
    ("王", "wang"),
    ("李", "li"),
    ("赵", "zhao"),
    ("陈", "chen"),
    ("刘", "liu"),
    ("孙", "sun"),
    ("周", "zhou"),
    ("吴", "wu"),
    ("徐", "xu"),
    ("朱", "zhu"),
    ("高", "gao"),
    ("马", "ma"),
    ("胡", "hu"),
    ("郭", "guo"),
    ("何", "he"),
    ("罗", "luo"),
    ("宋", "song"),
    ("唐", "tang"),
    ("韩", "han"),
    ("冯", "feng"),
    ("袁", "yuan"),
    ("曹", "cao"),
    ("蔡", "cai"),
    ("沈", "shen"),
    ("彭", "peng"),
    ("卢", "lu"),
    ("蒋", "jiang"),
    ("丁", "ding"),
    ("魏", "wei"),
    ("叶", "ye"),
    ("杜", "du"),
];

const HAMLET: [(&str, &str); 10] = [
    ("庄", "zhuang"),
    ("圩", "wei"),
    ("集", "ji"),
    ("楼", "lou"),
    ("湾", "wan"),
    ("桥", "qiao"),
    ("塘", "tang"),
    ("店", "dian"),
    ("营", "ying"),
    ("洼", "wa"),
];

/// First halves of compound names: older, then newer.
const ESTATE_OLD: [&str; 24] = [
    "红旗", "建设", "东方", "光明", "和平", "向阳", "前进", "团结", "新华", "曙光", "永安", "富康",
    "金桥", "阳光", "银河", "桃园", "梅园", "杏花", "春晖", "惠民", "兴业", "康乐", "友谊", "胜利",
];
const ESTATE_NEW: [&str; 32] = [
    "翡翠", "香樟", "金色", "御景", "滨河", "铂悦", "锦绣", "书香", "紫薇", "翰林", "凤凰", "丽景",
    "水岸", "观澜", "天和", "锦程", "恒盛", "明珠", "湖滨", "世纪", "中央", "国际", "碧水", "龙湾",
    "西城", "东郡", "运河", "枫林", "云山", "江南", "玫瑰", "星河",
];
const ESTATE_OLD_END: [&str; 5] = ["新村", "小区", "一村", "二村", "家园"];
const ESTATE_NEW_END: [&str; 14] = [
    "花园", "华府", "名都", "雅苑", "家园", "公馆", "花城", "新城", "嘉园", "府", "名邸", "壹号",
    "上城", "里",
];

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_ascii_uppercase().to_string() + chars.as_str())
}

/// Gives out names, none twice.
#[derive(Debug)]
pub struct Names {
    rng: Rng,
    used: std::collections::BTreeSet<String>,
}

impl Names {
    /// Starts with the names that are taken.
    pub fn new(seed: u64) -> Self {
        let mut used = std::collections::BTreeSet::new();
        for (zh, ..) in NORTH_SOUTH.iter().chain(&EAST_WEST) {
            used.insert(zh.trim_end_matches(['路', '道', '大']).to_owned());
        }
        Self { rng: Rng::stream(seed, "names", 0), used }
    }

    fn pair(&mut self, first: &[(&str, &str)], second: &[(&str, &str)]) -> (String, String) {
        for _ in 0..400 {
            let (a, b) = (*self.rng.pick(first), *self.rng.pick(second));
            let zh = format!("{}{}", a.0, b.0);
            if a.0 != b.0 && self.used.insert(zh.clone()) {
                return (zh, capital(&format!("{}{}", a.1, b.1)));
            }
        }
        // The pairs have run out: new (新) ones.
        let (a, b) = (*self.rng.pick(first), *self.rng.pick(second));
        (format!("新{}{}", a.0, b.0), capital(&format!("xin{}{}", a.1, b.1)))
    }

    /// Names a shop; shops may share a name.
    pub fn shop(&mut self) -> String {
        const OWNER: [&str; 12] =
            ["老", "阿", "大", "小", "福", "新", "万", "鑫", "聚", "顺", "喜", "天"];
        match self.rng.int(0, 2) {
            0 => format!("{}{}", self.rng.pick(&FIRST).0, self.rng.pick(&SECOND).0),
            1 => format!("{}{}", self.rng.pick(&OWNER), self.rng.pick(&FAMILY).0),
            _ => format!("{}记", self.rng.pick(&FAMILY).0),
        }
    }

    /// Names a street of the town.
    pub fn street(&mut self) -> Name {
        let (zh, en) = self.pair(&FIRST, &SECOND);
        Name::new(format!("{zh}路"), format!("{en} Road"))
    }

    /// Names a lane of the old town.
    pub fn lane(&mut self) -> Name {
        const TAIL: [(&str, &str); 6] = [
            ("家", "jia"),
            ("井", "jing"),
            ("府", "fu"),
            ("坊", "fang"),
            ("门", "men"),
            ("桥", "qiao"),
        ];
        let (zh, en) = if self.rng.chance(0.6) {
            self.pair(&FAMILY, &TAIL)
        } else {
            self.pair(&FIRST, &SECOND)
        };
        Name::new(format!("{zh}巷"), format!("{en} Lane"))
    }

    /// Names a village.
    pub fn village(&mut self) -> Name {
        let (zh, en) = self.pair(&FAMILY, &HAMLET);
        Name::new(zh, en)
    }

    /// Names a neighbourhood.
    pub fn quarter(&mut self) -> Name {
        let (zh, en) = self.pair(&FIRST, &SECOND);
        Name::new(zh, en)
    }

    /// Names a housing compound.
    pub fn estate(&mut self, year: u16) -> String {
        for _ in 0..200 {
            let zh = if year < 2000 {
                format!("{}{}", self.rng.pick(&ESTATE_OLD), self.rng.pick(&ESTATE_OLD_END))
            } else {
                format!("{}{}", self.rng.pick(&ESTATE_NEW), self.rng.pick(&ESTATE_NEW_END))
            };
            if self.used.insert(zh.clone()) {
                return zh;
            }
        }
        let (zh, _) = self.pair(&FIRST, &SECOND);
        format!("{zh}{}", if year < 2000 { "小区" } else { "花园" })
    }

    /// Names a firm's works or premises.
    pub fn firm(&mut self) -> String {
        const TRADE: [&str; 16] = [
            "纺织",
            "机械",
            "电子",
            "食品",
            "包装",
            "新材料",
            "家居",
            "玻璃",
            "光电",
            "木业",
            "服饰",
            "印务",
            "环保",
            "汽配",
            "酒业",
            "智能装备",
        ];
        let (zh, _) = self.pair(&FIRST, &SECOND);
        format!("{zh}{}", self.rng.pick(&TRADE))
    }
}
