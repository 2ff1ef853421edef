//! The buildings as FlatGeobuf in EPSG:4490, with its spatial index.

use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::{ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor};

use super::{WriteError, degrees};
use crate::city::City;
use crate::geom::Pt;

struct Polygon(Vec<Vec<Pt>>);

impl GeozeroGeometry for Polygon {
    fn process_geom<P: GeomProcessor>(&self, processor: &mut P) -> geozero::error::Result<()> {
        processor.polygon_begin(true, self.0.len(), 0)?;
        for (k, ring) in self.0.iter().enumerate() {
            processor.linestring_begin(false, ring.len() + 1, k)?;
            for (i, p) in ring.iter().chain(ring.first()).enumerate() {
                processor.xy(p.x, p.y, i)?;
            }
            processor.linestring_end(false, k)?;
        }
        processor.polygon_end(true, 0)
    }
}

/// The buildings.
pub(super) fn buildings(city: &City) -> Result<Vec<u8>, WriteError> {
    let options = FgbWriterOptions {
        write_index: true,
        detect_type: false,
        promote_to_multi: false,
        crs: FgbCrs {
            org: Some("EPSG"),
            code: 4490,
            name: Some("China Geodetic Coordinate System 2000"),
            ..FgbCrs::default()
        },
        title: Some("建筑物"),
        ..FgbWriterOptions::default()
    };
    let mut fgb = FgbWriter::create_with_options("buildings", GeometryType::Polygon, options)?;
    let columns = [
        ("id", ColumnType::String, "建筑编号"),
        ("name", ColumnType::String, "名称"),
        ("use", ColumnType::String, "用途"),
        ("height", ColumnType::Float, "高度"),
        ("floors", ColumnType::Short, "层数"),
        ("year_built", ColumnType::Short, "建成年份"),
        ("year_demolished", ColumnType::Short, "拆除年份"),
        ("structure", ColumnType::String, "结构"),
        ("roof_shape", ColumnType::String, "屋顶形状"),
        ("address", ColumnType::String, "地址"),
        ("state", ColumnType::String, "状态"),
        ("roof_height", ColumnType::Float, "屋顶高度"),
        ("min_height", ColumnType::Float, "底部高度"),
        ("landmark", ColumnType::Bool, "地标"),
    ];
    for (name, kind, title) in columns {
        fgb.add_column(name, kind, |fbb, column| column.title = Some(fbb.create_string(title)));
    }
    for b in city.buildings.iter().chain(&city.gone) {
        let d = &b.draft;
        let rings = std::iter::once(&d.ring)
            .chain(&d.holes)
            .map(|r| r.iter().map(|p| degrees(city, *p)).collect())
            .collect();
        let mut refused = Ok(());
        fgb.add_feature_geom(Polygon(rings), |feature| {
            let values = [
                Some(ColumnValue::String(&b.id)),
                (!b.name.is_empty()).then_some(ColumnValue::String(&b.name)),
                Some(ColumnValue::String(d.usage)),
                Some(ColumnValue::Float(d.height as f32)),
                Some(ColumnValue::Short(d.floors as i16)),
                Some(ColumnValue::Short(d.year as i16)),
                b.pulled_down.map(|year| ColumnValue::Short(year as i16)),
                Some(ColumnValue::String(d.structure)),
                Some(ColumnValue::String(d.roof)),
                (!b.address.is_empty()).then_some(ColumnValue::String(&b.address)),
                Some(ColumnValue::String(b.state.zh())),
                (d.roof_height > 0.0).then_some(ColumnValue::Float(d.roof_height as f32)),
                (d.min_height > 0.0).then_some(ColumnValue::Float(d.min_height as f32)),
                d.landmark.then_some(ColumnValue::Bool(true)),
            ];
            for (k, value) in values.iter().enumerate() {
                if let Some(value) = value
                    && let Err(error) = feature.property(k, columns[k].0, value)
                {
                    refused = Err(error);
                }
            }
        })?;
        refused?;
    }
    let mut out = Vec::new();
    fgb.write(&mut out)?;
    Ok(out)
}
