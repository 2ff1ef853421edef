//! Places that a map shows as points: shops, offices, sights, schools, hospitals.

use crate::buildings::Building;
use crate::city::City;
use crate::geom::{Pt, along};
use crate::graph::Class;
use crate::names::Names;
use crate::rng::Rng;
use crate::zoning::{Kind, State};

/// A place with an address.
#[derive(Clone, Debug)]
pub struct Place {
    /// Number.
    pub id: String,
    /// Name.
    pub name: String,
    /// Category in Chinese.
    pub category: &'static str,
    /// Address.
    pub address: String,
    /// Where it is.
    pub at: Pt,
    /// Telephone: random digits after 0527-5550.
    pub phone: String,
    /// Year of opening.
    pub year: u16,
    /// Pupils, beds: whatever its size is counted in.
    pub size: u32,
    /// Teachers, doctors.
    pub staff: u32,
    /// Level: 公办/民办 for schools, 三级/二级/一级 for hospitals.
    pub level: &'static str,
    /// Subdistrict.
    pub subdistrict: String,
}

fn phone(rng: &mut Rng) -> String {
    format!("0527-5550{:04}", rng.int(0, 9999))
}

fn subdistrict(city: &City, p: Pt) -> String {
    city.community_at(p)
        .and_then(|c| c.parent)
        .and_then(|d| city.subdistricts.get(d))
        .map_or_else(String::new, |d| d.name.zh.clone())
}

fn place(city: &City, b: &Building, name: String, category: &'static str, rng: &mut Rng) -> Place {
    Place {
        id: String::new(),
        name,
        category,
        address: b.address.clone(),
        at: b.at,
        phone: phone(rng),
        year: b.draft.year,
        size: 0,
        staff: 0,
        level: "",
        subdistrict: subdistrict(city, b.at),
    }
}

/// Returns kindergartens, schools and the university.
pub fn schools(city: &City) -> Vec<Place> {
    let mut out = Vec::new();
    let mut done = std::collections::BTreeSet::new();
    for (k, b) in city.buildings.iter().enumerate() {
        if b.state != State::Existing {
            continue;
        }
        let mut rng = Rng::stream(city.seed, "schools", k as u64);
        let p = &city.parcels[b.parcel];
        let (name, category, size, level) = match p.kind {
            Kind::Primary if b.draft.name == "教学楼" => {
                (p.name.clone(), "小学", rng.int(720, 2400), "公办")
            }
            Kind::Secondary if b.draft.name == "教学楼" => {
                (p.name.clone(), "中学", rng.int(1200, 3600), "公办")
            }
            Kind::Campus if b.draft.name == "图书馆" => {
                (p.name.clone(), "高等院校", 16_800, "公办")
            }
            _ if b.draft.usage == "幼儿园" => (
                format!("{}幼儿园", p.name),
                "幼儿园",
                rng.int(120, 420),
                if rng.chance(0.45) { "民办" } else { "公办" },
            ),
            _ => continue,
        };
        if !done.insert(b.parcel) {
            continue;
        }
        let mut s = place(city, b, name, category, &mut rng);
        s.id = format!("XX{:04}", out.len() + 1);
        (s.size, s.level) = (size as u32, level);
        s.staff = s.size / rng.int(11, 17) as u32;
        out.push(s);
    }
    out
}

/// Returns hospitals, and a surgery for each community that has a shop to put it in.
pub fn hospitals(city: &City) -> Vec<Place> {
    let mut out = Vec::new();
    for (k, b) in city.buildings.iter().enumerate() {
        let p = &city.parcels[b.parcel];
        if p.kind == Kind::Hospital && b.draft.name == "门诊楼" && b.state == State::Existing {
            let mut rng = Rng::stream(city.seed, "hospitals", k as u64);
            let mut h = place(city, b, p.name.clone(), "综合医院", &mut rng);
            if p.name.contains("中医") || p.name.contains("妇幼") || p.name.contains("儿童") {
                h.category = "专科医院";
            }
            h.level = if out.len() < 2 { "三级甲等" } else { "二级甲等" };
            h.size = rng.int(260, 1200) as u32;
            h.staff = h.size / 2;
            out.push(h);
        }
    }
    for (c, area) in city.communities.iter().enumerate() {
        let mut rng = Rng::stream(city.seed, "surgeries", c as u64);
        let rural = area.name.zh.ends_with('村');
        let inside = |b: &&Building| {
            let fits = if rural {
                b.draft.usage == "农村住宅"
            } else {
                b.draft.usage == "商业" && b.draft.floors <= 3
            };
            fits && b.state == State::Existing
                && area.parts.iter().any(|(r, _)| crate::geom::contains(r, b.at))
        };
        let all: Vec<&Building> = city.buildings.iter().filter(inside).collect();
        if all.is_empty() {
            continue;
        }
        let b = *rng.pick(&all);
        let stem = area.name.zh.trim_end_matches("社区").trim_end_matches('村');
        let (name, category) = if rural {
            (format!("{stem}村卫生室"), "村卫生室")
        } else {
            (format!("{stem}社区卫生服务站"), "社区卫生服务站")
        };
        let mut h = place(city, b, name, category, &mut rng);
        h.level = "未定级";
        h.size = rng.int(0, 12) as u32;
        h.staff = rng.int(3, 18) as u32;
        out.push(h);
    }
    for (n, h) in out.iter_mut().enumerate() {
        h.id = format!("YY{:04}", n + 1);
    }
    out
}

const SHOPS: [(&str, &[&str], f64); 9] = [
    (
        "餐饮服务",
        &["面馆", "牛肉汤馆", "火锅店", "饭店", "小吃店", "烧烤店", "茶楼", "早点铺", "羊肉馆"],
        0.26,
    ),
    (
        "购物服务",
        &["超市", "便利店", "五金店", "水果店", "服装店", "文具店", "家电城", "花店", "烟酒店"],
        0.28,
    ),
    (
        "生活服务",
        &["理发店", "洗衣店", "照相馆", "快递驿站", "汽车美容", "浴室", "房产中介", "手机维修"],
        0.19,
    ),
    ("医疗保健", &["大药房", "口腔诊所", "中医诊所", "眼镜店"], 0.07),
    ("金融服务", &["银行网点", "储蓄所", "自助银行", "保险营业部"], 0.05),
    ("休闲娱乐", &["健身房", "网吧", "影城", "棋牌室", "台球厅"], 0.05),
    ("科教文化", &["培训中心", "书店", "画室", "琴行"], 0.04),
    ("住宿服务", &["宾馆", "快捷酒店", "招待所"], 0.03),
    ("汽车服务", &["汽修厂", "轮胎店", "洗车行"], 0.03),
];

/// Returns about three thousand points of interest.
pub fn pois(city: &City) -> Vec<Place> {
    let mut out = Vec::new();
    let mut names = Names::new(city.seed ^ 0x3333);
    let mut seen = std::collections::BTreeSet::new();
    for (k, b) in city.buildings.iter().enumerate() {
        if b.state != State::Existing {
            continue;
        }
        let p = &city.parcels[b.parcel];
        let mut rng = Rng::stream(city.seed, "pois", k as u64);
        let first = !p.name.is_empty() && !seen.contains(&b.parcel);
        let category = match p.kind {
            Kind::Compound(_) if b.draft.usage == "住宅" => Some("住宅小区"),
            Kind::Factory | Kind::Warehouse | Kind::Lab => Some("公司企业"),
            Kind::Primary | Kind::Secondary | Kind::Campus => Some("科教文化"),
            Kind::Hospital => Some("医疗保健"),
            Kind::Park | Kind::Forest | Kind::Stadium => Some("休闲娱乐"),
            Kind::Government => Some("政府机构"),
            Kind::Culture => Some("科教文化"),
            Kind::Mall | Kind::Market => Some("购物服务"),
            Kind::Towers | Kind::Office => Some("商务楼宇"),
            Kind::Village => Some("村庄"),
            Kind::Station => Some("交通设施"),
            _ => None,
        };
        if let (true, Some(category)) = (first, category) {
            seen.insert(b.parcel);
            out.push(place(city, b, p.name.clone(), category, &mut rng));
        }
        let shops = match b.draft.usage {
            "商业" => 0.62,
            "商住" => 1.0,
            "办公" | "酒店" => 0.5,
            _ => 0.0,
        };
        if !rng.chance(shops) {
            continue;
        }
        let weights: Vec<(usize, f64)> = SHOPS.iter().enumerate().map(|(i, s)| (i, s.2)).collect();
        let (name, category) = match b.draft.usage {
            "酒店" => (format!("{}大酒店", names.shop()), "住宿服务"),
            "办公" => (format!("{}科技有限公司", names.shop()), "公司企业"),
            _ => {
                let shop = &SHOPS[rng.weighted(&weights)];
                (format!("{}{}", names.shop(), rng.pick(shop.1)), shop.0)
            }
        };
        out.push(place(city, b, name, category, &mut rng));
    }
    for road in &city.roads {
        let busy = matches!(road.class, Class::Primary | Class::Secondary);
        if busy && road.length > 330.0 && !road.name.zh.is_empty() && !road.bridge {
            let (at, dir) = along(&road.line, road.length * 0.45);
            let at = at + dir.left() * (crate::roads::carriageway(road.class) / -2.0 - 2.5);
            out.push(Place {
                id: String::new(),
                name: format!("{}(公交站)", names.quarter().zh),
                category: "交通设施",
                address: road.name.zh.clone(),
                at,
                phone: String::new(),
                year: road.year,
                size: 0,
                staff: 0,
                level: "",
                subdistrict: subdistrict(city, at),
            });
        }
    }
    for (n, p) in out.iter_mut().enumerate() {
        p.id = format!("P{:05}", n + 1);
    }
    out
}
