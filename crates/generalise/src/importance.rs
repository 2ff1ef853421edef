//! What makes a feature more important than its size does, and what joins features: by the layer's settings, or
//! by the names that fields usually have.

use onemap_model::{FieldType, GeometryClass, Importance, Schema, ValueRef};

/// Names of fields with the class of a road, river or pipe.
const CLASS_FIELDS: [&str; 12] = [
    "highway",
    "fclass",
    "class",
    "road_class",
    "waterway",
    "railway",
    "道路等级",
    "等级",
    "类别",
    "道路类型",
    "type",
    "类型",
];
/// Names of fields with a name.
const NAME_FIELDS: [&str; 9] =
    ["name", "NAME", "Name", "名称", "道路名称", "路名", "name:zh", "NAME_CHN", "ref"];
/// Names of fields with a number that ranks places.
const NUMBER_FIELDS: [&str; 8] =
    ["population", "pop", "pop_max", "POP_MAX", "人口", "常住人口", "importance", "重要性"];
/// Road classes, most important first: OpenStreetMap's, and those of GB 50220 and JTG B01.
const ROAD_CLASSES: [&str; 44] = [
    "motorway",
    "高速公路",
    "高速",
    "国家高速",
    "省级高速",
    "trunk",
    "快速路",
    "城市快速路",
    "国道",
    "primary",
    "主干路",
    "主干道",
    "一级公路",
    "省道",
    "secondary",
    "次干路",
    "次干道",
    "二级公路",
    "县道",
    "tertiary",
    "三级公路",
    "乡道",
    "motorway_link",
    "trunk_link",
    "primary_link",
    "secondary_link",
    "tertiary_link",
    "支路",
    "四级公路",
    "unclassified",
    "residential",
    "街道",
    "街巷",
    "living_street",
    "小区路",
    "pedestrian",
    "service",
    "内部道路",
    "track",
    "cycleway",
    "footway",
    "人行道",
    "path",
    "steps",
];

/// Chooses what ranks the features of a layer before their size: for lines a class of roads, for points a
/// number such as the population; `None` where no field is known.
pub fn usual_importance(schema: &Schema, class: GeometryClass) -> Option<Importance> {
    let number = |kind| matches!(kind, FieldType::Int | FieldType::Float);
    let field = match class {
        GeometryClass::Line => CLASS_FIELDS
            .iter()
            .find(|name| schema.field(name).is_some_and(|f| f.kind == FieldType::Text)),
        GeometryClass::Point => {
            NUMBER_FIELDS.iter().find(|name| schema.field(name).is_some_and(|f| number(f.kind)))
        }
        _ => None,
    }?;
    let order = match class {
        GeometryClass::Line => ROAD_CLASSES.iter().map(|&class| class.to_owned()).collect(),
        _ => Vec::new(),
    };
    Some(Importance { field: (*field).to_owned(), order })
}

/// Chooses the fields whose equal values join lines: a name and a class. Other shapes are joined only where
/// the layer says so.
pub fn usual_merge(schema: &Schema, class: GeometryClass) -> Vec<String> {
    if class != GeometryClass::Line {
        return Vec::new();
    }
    let first = |names: &[&str]| {
        names.iter().find(|name| schema.field(name).is_some()).map(|&name| name.to_owned())
    };
    first(&NAME_FIELDS).into_iter().chain(first(&CLASS_FIELDS)).collect()
}

/// Returns how important a value makes its feature; 0 for what the order does not know.
pub fn importance_of(importance: &Importance, value: ValueRef<'_>) -> f32 {
    if importance.order.is_empty() {
        return match value {
            ValueRef::Int(n) => n as f32,
            ValueRef::Float(x) => x as f32,
            ValueRef::Bool(b) => f32::from(u8::from(b)),
            ValueRef::Text(text) => text.trim().parse().unwrap_or(0.0),
            _ => 0.0,
        };
    }
    let place = |text: &str| importance.order.iter().position(|known| known == text.trim());
    let place = match value {
        ValueRef::Null => None,
        ValueRef::Text(text) => place(text),
        other => place(&other.to_string()),
    };
    place.map_or(0.0, |place| (importance.order.len() - place) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onemap_model::Field;

    #[test]
    fn roads_are_ranked_by_class_and_joined_by_name_and_class() {
        let schema = Schema {
            fields: vec![
                Field::new("名称", FieldType::Text),
                Field::new("道路等级", FieldType::Text),
                Field::new("宽度", FieldType::Float),
            ],
        };
        let importance = usual_importance(&schema, GeometryClass::Line).unwrap();
        let of = |text| importance_of(&importance, ValueRef::Text(text));
        assert!(of("快速路") > of("主干路") && of("主干路") > of("支路"));
        assert_eq!(of("无名"), 0.0);
        assert_eq!(usual_merge(&schema, GeometryClass::Line), ["名称", "道路等级"]);
        assert_eq!(usual_importance(&schema, GeometryClass::Polygon), None);
        assert!(usual_merge(&schema, GeometryClass::Point).is_empty());
    }

    #[test]
    fn numbers_rank_by_themselves() {
        let importance = Importance { field: "pop".into(), order: vec![] };
        assert_eq!(importance_of(&importance, ValueRef::Int(9_000_000)), 9e6);
        assert_eq!(importance_of(&importance, ValueRef::Text(" 12.5 ")), 12.5);
        assert_eq!(importance_of(&importance, ValueRef::Null), 0.0);
    }
}
