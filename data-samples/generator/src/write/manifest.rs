//! The manifest: what each file is, how it is to be imported and shown.

use serde_json::{Map, Value, json};

use super::WriteError;

/// A field: name, title in Chinese, title in English, unit.
type Field = (&'static str, &'static str, &'static str, &'static str);

fn fields(list: &[Field]) -> Value {
    let mut out = Map::new();
    for (name, zh, en, unit) in list {
        let mut title = json!({ "zh": zh, "en": en });
        if !unit.is_empty() {
            title["unit"] = json!(unit);
        }
        out.insert((*name).to_owned(), title);
    }
    Value::Object(out)
}

/// Forms `city.json`. Paths are relative to it. Layers stand in drawing order, the lowest first.
pub(super) fn manifest() -> Result<Vec<u8>, WriteError> {
    let base = ["底图", "Base map"];
    let plan = ["规划", "Planning"];
    let services = ["公共服务", "Public services"];
    let care = ["城市管理", "City management"];
    let green = ["城市绿化", "Urban greening"];
    let admin = ["行政区划", "Administration"];
    let layers = json!([
        {
            "path": "city/landuse_plan.shp", "format": "shapefile", "id": "landuse_plan", "title": "国土空间规划用地", "title_en": "Planned land use",
            "department": "自然资源和规划局", "department_en": "Natural Resources and Planning Bureau", "group": plan[0], "group_en": plan[1],
            "style": "landuse_plan", "id_field": "地块编号", "visible": false,
            "fields": fields(&[
                ("地块编号", "地块编号", "Parcel number", ""), ("用地编码", "用地编码", "Land-use code", ""), ("用地名称", "用地名称", "Land use", ""),
                ("面积", "面积", "Area", "m²"), ("容积率", "容积率", "Plot ratio", ""), ("绿地率", "绿地率", "Green share", "%"), ("规划期末", "规划期末", "Plan horizon", ""),
            ]),
        },
        {
            "path": "city/landuse_current.shp", "format": "shapefile", "id": "landuse_current", "title": "现状土地利用", "title_en": "Current land use",
            "department": "自然资源和规划局", "department_en": "Natural Resources and Planning Bureau", "group": plan[0], "group_en": plan[1],
            "style": "landuse_current", "id_field": "地块编号", "visible": false,
            "fields": fields(&[
                ("地块编号", "地块编号", "Parcel number", ""), ("地类编码", "地类编码", "Land-use code", ""), ("地类名称", "地类名称", "Land use", ""),
                ("面积", "面积", "Area", "m²"), ("权属单位", "权属单位", "Holder", ""), ("权属性质", "权属性质", "Ownership", ""),
            ]),
        },
        {
            "path": "city/green.geojson", "format": "geojson", "id": "green", "title": "绿地", "title_en": "Green space",
            "department": "城市管理局", "department_en": "City Management Bureau", "group": base[0], "group_en": base[1], "style": "green", "id_field": "id", "visible": true,
            "fields": fields(&[("id", "编号", "Id", ""), ("name", "名称", "Name", ""), ("class", "类型", "Class", ""), ("area", "面积", "Area", "m²")]),
        },
        {
            "path": "city/water.geojson", "format": "geojson", "id": "water", "title": "水系", "title_en": "Water",
            "department": "水务局", "department_en": "Water Affairs Bureau", "group": base[0], "group_en": base[1], "style": "water", "id_field": "id", "visible": true,
            "fields": fields(&[
                ("id", "编号", "Id", ""), ("name", "名称", "Name", ""), ("name_en", "英文名", "English name", ""), ("class", "类型", "Class", ""),
                ("area", "面积", "Area", "m²"), ("level", "常水位", "Water level", "m"),
            ]),
        },
        {
            "path": "city/roads.gpkg", "format": "geopackage", "table": "roads", "id": "roads", "title": "道路", "title_en": "Roads",
            "department": "交通运输局", "department_en": "Transport Bureau", "group": base[0], "group_en": base[1], "style": "roads", "id_field": "road_id", "visible": true,
            "state_field": "state", "valid_from_field": "year_built",
            "fields": fields(&[
                ("road_id", "道路编号", "Road id", ""), ("name", "道路名称", "Name", ""), ("name_en", "英文名", "English name", ""), ("class", "等级代码", "Class code", ""),
                ("class_zh", "道路等级", "Class", ""), ("lanes", "车道数", "Lanes", ""), ("width", "路面宽度", "Carriageway width", "m"), ("oneway", "单行", "One way", ""),
                ("speed", "限速", "Speed limit", "km/h"), ("bridge", "桥梁", "Bridge", ""), ("state", "状态", "State", ""), ("year_built", "建成年份", "Year of opening", ""),
                ("length", "长度", "Length", "m"),
            ]),
        },
        {
            "path": "city/buildings.fgb", "format": "flatgeobuf", "id": "buildings", "title": "建筑物", "title_en": "Buildings",
            "department": "住房和城乡建设局", "department_en": "Housing and Construction Bureau", "group": base[0], "group_en": base[1], "style": "buildings", "id_field": "id", "visible": true,
            "height_field": "height", "floors_field": "floors", "state_field": "state", "valid_from_field": "year_built", "valid_to_field": "year_demolished",
            "fields": fields(&[
                ("id", "建筑编号", "Building id", ""), ("name", "名称", "Name", ""), ("use", "用途", "Use", ""), ("height", "高度", "Height", "m"), ("floors", "层数", "Floors", ""),
                ("year_built", "建成年份", "Year built", ""), ("year_demolished", "拆除年份", "Year demolished", ""), ("structure", "结构", "Structure", ""), ("roof_shape", "屋顶形状", "Roof shape", ""), ("address", "地址", "Address", ""),
                ("state", "状态", "State", ""), ("roof_height", "屋顶高度", "Roof height", "m"), ("min_height", "底部高度", "Begins at", "m"), ("landmark", "地标", "Landmark", ""),
            ]),
            "solid": { "height": "height", "floors": "floors", "min_height": "min_height", "roof_shape": "roof_shape", "roof_height": "roof_height", "landmark": "landmark" },
        },
        {
            "path": "city/landmarks.city.json", "format": "cityjson", "kind": "model", "id": "landmarks", "title": "地标建筑", "title_en": "Landmarks",
            "department": "自然资源和规划局", "department_en": "Natural Resources and Planning Bureau", "group": base[0], "group_en": base[1], "style": "buildings", "visible": true,
            "valid_from_field": "建成年份",
            "fields": fields(&[
                ("名称", "名称", "Name", ""), ("用途", "用途", "Use", ""), ("建成年份", "建成年份", "Year built", ""), ("高度", "高度", "Height", "m"), ("层数", "层数", "Floors", ""),
            ]),
        },
        {
            "path": "city/trees.geojsonl", "format": "geojsonseq", "id": "trees", "title": "树木", "title_en": "Trees",
            "department": "城市管理局", "department_en": "City Management Bureau", "group": green[0], "group_en": green[1], "style": "trees", "id_field": "id", "visible": true,
            "valid_from_field": "planted",
            "fields": fields(&[
                ("id", "树木编号", "Tree id", ""), ("species", "树种", "Species", ""), ("height", "树高", "Height", "m"), ("crown", "冠幅", "Crown", "m"), ("planted", "种植年份", "Planted", ""),
            ]),
            "solid": { "symbol": "tree", "height": "height" },
        },
        {
            "path": "city/districts.gpkg", "format": "geopackage", "table": "communities", "id": "communities", "title": "社区", "title_en": "Communities",
            "department": "民政局", "department_en": "Civil Affairs Bureau", "group": admin[0], "group_en": admin[1], "style": "communities", "id_field": "code", "visible": false,
            "fields": fields(&[
                ("code", "区划代码", "Code", ""), ("name", "名称", "Name", ""), ("name_en", "英文名", "English name", ""), ("subdistrict", "所属街道", "Subdistrict", ""),
                ("population", "人口", "Population", "人"), ("households", "户数", "Households", "户"), ("area_km2", "面积", "Area", "km²"),
            ]),
        },
        {
            "path": "city/districts.gpkg", "format": "geopackage", "table": "subdistricts", "id": "subdistricts", "title": "街道", "title_en": "Subdistricts",
            "department": "民政局", "department_en": "Civil Affairs Bureau", "group": admin[0], "group_en": admin[1], "style": "districts", "id_field": "code", "visible": true,
            "fields": fields(&[
                ("code", "区划代码", "Code", ""), ("name", "名称", "Name", ""), ("name_en", "英文名", "English name", ""), ("population", "人口", "Population", "人"),
                ("households", "户数", "Households", "户"), ("area_km2", "面积", "Area", "km²"),
            ]),
        },
        {
            "path": "city/components.csv", "format": "csv", "id": "components", "title": "城市部件", "title_en": "Street furniture",
            "department": "城市管理局", "department_en": "City Management Bureau", "group": care[0], "group_en": care[1], "style": "components", "id_field": "部件编码", "visible": false,
            "state": "existing", "valid_from_field": "设置年月",
            "fields": fields(&[
                ("部件编码", "部件编码", "Code", ""), ("部件名称", "部件名称", "Kind", ""), ("部件大类", "部件大类", "Class", ""), ("主管部门", "主管部门", "Keeper", ""),
                ("所在道路", "所在道路", "Street", ""), ("部件状态", "部件状态", "Condition", ""), ("设置年月", "设置年月", "Set up", ""),
            ]),
        },
        {
            "path": "city/cameras.csv", "format": "csv", "id": "cameras", "title": "视频监控", "title_en": "Cameras",
            "department": "公安局", "department_en": "Public Security Bureau", "group": care[0], "group_en": care[1], "style": "cameras", "id_field": "编号", "visible": false,
            "crs": "EPSG:4527",
            "fields": fields(&[
                ("编号", "编号", "Id", ""), ("名称", "名称", "Name", ""), ("类型", "类型", "Type", ""), ("方位角", "方位角", "Bearing", "°"), ("视场角", "视场角", "Angle of view", "°"),
                ("安装高度", "安装高度", "Height above ground", "m"), ("可视距离", "可视距离", "Reach", "m"), ("状态", "状态", "State", ""),
            ]),
        },
        {
            "path": "city/schools.xlsx", "format": "xlsx", "id": "schools", "title": "学校", "title_en": "Schools",
            "department": "教育局", "department_en": "Education Bureau", "group": services[0], "group_en": services[1], "style": "schools", "id_field": "学校编号", "valid_from_field": "建校年份", "visible": true,
            "fields": fields(&[
                ("学校编号", "学校编号", "School id", ""), ("学校名称", "学校名称", "Name", ""), ("办学层次", "办学层次", "Level", ""), ("办学性质", "办学性质", "Ownership", ""),
                ("所属街道", "所属街道", "Subdistrict", ""), ("地址", "地址", "Address", ""), ("学生数", "学生数", "Pupils", "人"), ("教师数", "教师数", "Teachers", "人"),
                ("建校年份", "建校年份", "Founded", ""), ("联系电话", "联系电话", "Telephone", ""),
            ]),
        },
        {
            "path": "city/hospitals.xlsx", "format": "xlsx", "id": "hospitals", "title": "医疗机构", "title_en": "Hospitals",
            "department": "卫生健康委", "department_en": "Health Commission", "group": services[0], "group_en": services[1], "style": "hospitals", "id_field": "机构编号", "valid_from_field": "设立年份", "visible": true,
            "crs": "EPSG:4548",
            "fields": fields(&[
                ("机构编号", "机构编号", "Id", ""), ("机构名称", "机构名称", "Name", ""), ("机构类别", "机构类别", "Kind", ""), ("等级", "等级", "Grade", ""),
                ("所属街道", "所属街道", "Subdistrict", ""), ("地址", "地址", "Address", ""), ("床位数", "床位数", "Beds", "张"), ("医生数", "医生数", "Doctors", "人"),
                ("设立年份", "设立年份", "Founded", ""), ("联系电话", "联系电话", "Telephone", ""),
            ]),
        },
        {
            "path": "city/pois.csv", "format": "csv", "id": "pois", "title": "兴趣点", "title_en": "Points of interest",
            "department": "自然资源和规划局", "department_en": "Natural Resources and Planning Bureau", "group": services[0], "group_en": services[1], "style": "pois", "id_field": "编号", "visible": true,
            "fields": fields(&[
                ("编号", "编号", "Id", ""), ("名称", "名称", "Name", ""), ("类别", "类别", "Category", ""), ("地址", "地址", "Address", ""), ("电话", "电话", "Telephone", ""),
            ]),
        },
    ]);
    let document = json!({
        "name": "宿豫新城", "name_en": "Suyu New Town (a made-up district)",
        "about": "A made-up city district; no name, number or place in it is real.",
        "center": [118.28, 33.96], "zoom": 13,
        "states": { "现状": "existing", "在建": "building", "规划": "planned" },
        "layers": layers,
        "networks": networks(),
    });
    let mut out = serde_json::to_vec_pretty(&document)?;
    out.push(b'\n');
    Ok(out)
}

/// The networks below ground, and the files that show what checks of surveys find.
fn networks() -> Value {
    let files =
        |paths: &[&str]| -> Vec<String> { paths.iter().map(|p| format!("city/{p}")).collect() };
    let entry = |id: &str,
                 paths: &[&str],
                 title: (&str, &str),
                 owner: (&str, &str),
                 layout: &str,
                 crs: &str| {
        json!({
            "kind": "network", "id": id, "paths": files(paths), "format": layout, "crs": crs, "title": title.0, "title_en": title.1,
            "department": owner.0, "department_en": owner.1, "group": "地下管线", "group_en": "Underground", "style": "pipes",
            "visible": false,
        })
    };
    let water = ("水务局", "Water Affairs Bureau");
    let houses = ("住房和城乡建设局", "Housing and Construction Bureau");
    let mut list = vec![
        entry(
            "water_network",
            &["water_survey.xlsx"],
            ("给水管网", "Water supply"),
            water,
            "survey",
            "EPSG:4548",
        ),
        entry(
            "sewer_network",
            &["sewer_survey.xlsx"],
            ("排水管网", "Sewers"),
            water,
            "survey",
            "EPSG:4548",
        ),
        entry(
            "gas_network",
            &["gas_points.csv", "gas_lines.csv"],
            ("燃气管网", "Gas"),
            houses,
            "survey",
            "EPSG:4527",
        ),
        entry(
            "heat_network",
            &["heat_points.shp", "heat_lines.shp"],
            ("热力管网", "District heating"),
            houses,
            "survey",
            "EPSG:4548",
        ),
        entry(
            "cable_network",
            &["cables_survey.xlsx"],
            ("电力通信管网", "Power and telecom"),
            ("自然资源和规划局", "Natural Resources and Planning Bureau"),
            "survey",
            "EPSG:4548",
        ),
    ];
    // Not imported by the demonstration: the same networks as models, and surveys for the checks.
    for (id, path, zh, en, layout) in [
        (
            "water_model",
            "water.inp",
            "给水水力模型",
            "Hydraulic model of the water supply",
            "epanet",
        ),
        ("storm_model", "storm.inp", "雨水水力模型", "Hydraulic model of the storm sewers", "swmm"),
        (
            "water_part",
            "water_survey_part.xlsx",
            "给水普查 (局部)",
            "Water survey of a neighbourhood",
            "survey",
        ),
        (
            "water_faults",
            "water_survey_faults.xlsx",
            "给水普查 (含错误)",
            "The same with faults on purpose",
            "survey",
        ),
        (
            "sewer_part",
            "sewer_survey_part.xlsx",
            "排水普查 (局部)",
            "Sewer survey of a neighbourhood",
            "survey",
        ),
        (
            "sewer_faults",
            "sewer_survey_faults.xlsx",
            "排水普查 (含错误)",
            "The same with faults on purpose",
            "survey",
        ),
    ] {
        let mut one = entry(id, &[path], (zh, en), water, layout, "EPSG:4548");
        one["demo"] = json!(false);
        list.push(one);
    }
    Value::Array(list)
}
