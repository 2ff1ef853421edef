//! Small files that show one thing each.

use std::path::Path;

use onemap_model::{AxisOrder, FieldType, GeometryKind, Model, Surface, Value, Wrap};
use proptest::prelude::*;

use crate::testing::{CollectSink, area, source, volume};
use crate::{Error, Format, Options};

const HEAD: &str = "<?xml version='1.0' encoding='UTF-8'?><core:CityModel xmlns:core='c' xmlns:gml='g' xmlns:xlink='x'><gml:name>Model</gml:name><gml:boundedBy><gml:Envelope srsName='urn:ogc:def:crs:EPSG::25833' srsDimension='3'><gml:lowerCorner>367000 5808000 40</gml:lowerCorner><gml:upperCorner>367100 5808100 60</gml:upperCorner></gml:Envelope></gml:boundedBy>";

fn city(members: &str) -> String {
    format!("{HEAD}{members}</core:CityModel>")
}

/// A member with one object.
fn object(kind: &str, id: &str, inside: &str) -> String {
    format!(
        "<core:cityObjectMember><b:{kind} gml:id='{id}'>{inside}</b:{kind}></core:cityObjectMember>"
    )
}

fn polygon(id: &str, places: &str) -> String {
    format!(
        "<gml:Polygon gml:id='{id}'><gml:exterior><gml:LinearRing gml:id='{id}_r'><gml:posList>{places}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
    )
}

fn surfaces(level: &str, members: &[String]) -> String {
    let members = members.join("</gml:surfaceMember><gml:surfaceMember>");
    let members = format!("<gml:surfaceMember>{members}</gml:surfaceMember>");
    format!(
        "<b:lod{level}MultiSurface><gml:MultiSurface>{members}</gml:MultiSurface></b:lod{level}MultiSurface>"
    )
}

/// The sides of a box: ground, roof, four walls; their names, and their corners counter-clockwise from outside.
fn sides() -> [(&'static str, &'static str, &'static str); 6] {
    [
        ("GroundSurface", "g", "0 0 0 0 4 0 3 4 0 3 0 0 0 0 0"),
        ("RoofSurface", "r", "0 0 5 3 0 5 3 4 5 0 4 5 0 0 5"),
        ("WallSurface", "w1", "0 0 0 3 0 0 3 0 5 0 0 5 0 0 0"),
        ("WallSurface", "w2", "3 0 0 3 4 0 3 4 5 3 0 5 3 0 0"),
        ("WallSurface", "w3", "3 4 0 0 4 0 0 4 5 3 4 5 3 4 0"),
        ("WallSurface", "w4", "0 4 0 0 0 0 0 0 5 0 4 5 0 4 0"),
    ]
}

/// The boundary surfaces of the box.
fn boundaries() -> String {
    let boundary = |(kind, id, places): (&str, &str, &str)| {
        let inside = surfaces("2", &[polygon(id, places)]);
        format!("<b:boundedBy><b:{kind}>{inside}</b:{kind}></b:boundedBy>")
    };
    sides().into_iter().map(boundary).collect()
}

fn solid(members: &[String]) -> String {
    let members: String = members.concat();
    format!(
        "<b:lod2Solid><gml:Solid><gml:exterior><gml:CompositeSurface>{members}</gml:CompositeSurface></gml:exterior></gml:Solid></b:lod2Solid>"
    )
}

fn reference(id: &str) -> String {
    format!("<gml:surfaceMember xlink:href='#{id}'/>")
}

fn read_in(folder: &Path, bytes: &[u8], options: &Options) -> Result<CollectSink, Error> {
    let path = folder.join("city.gml");
    std::fs::write(&path, bytes).unwrap();
    let mut sink = CollectSink::default();
    super::read(&source(&path, Format::CityGml), options, &mut sink)?;
    Ok(sink)
}

fn try_read(gml: &[u8]) -> Result<CollectSink, Error> {
    read_in(tempfile::tempdir().unwrap().path(), gml, &Options::default())
}

fn read(gml: &str) -> CollectSink {
    try_read(gml.as_bytes()).unwrap()
}

fn model<'a>(sink: &'a CollectSink, id: &str) -> &'a Model {
    sink.record_of(id).model.as_deref().unwrap()
}

fn kinds(model: &Model) -> Vec<(Surface, usize)> {
    let mut kinds: Vec<_> = model.lods[0]
        .mesh
        .patches()
        .map(|(patch, triangles)| (patch.surface, triangles.len()))
        .collect();
    kinds.sort_unstable();
    kinds
}

const BOX: [(Surface, usize); 3] = [(Surface::Roof, 2), (Surface::Wall, 8), (Surface::Ground, 2)];

#[test]
fn a_solid_of_references_and_its_boundary_surfaces_are_one_shape() {
    let references: Vec<_> = sides().iter().map(|(_, id, _)| reference(id)).collect();
    let repeated: Vec<_> = sides()
        .iter()
        .map(|(_, id, places)| {
            format!(
                "<gml:surfaceMember>{}</gml:surfaceMember>",
                polygon(&format!("s_{id}"), places)
            )
        })
        .collect();
    for members in [references, repeated] {
        for inside in [solid(&members) + &boundaries(), boundaries() + &solid(&members)] {
            let sink = read(&city(&object("Building", "b", &inside)));
            let model = model(&sink, "b");
            assert_eq!(kinds(model), BOX);
            assert!((volume(&model.lods[0].mesh) - 60.0).abs() < 1e-9);
            assert_eq!(sink.value("b", "lod"), Value::Text("2".to_owned()));
            assert_eq!(sink.value("b", "cim_level"), Value::Int(3));
        }
    }
}

#[test]
fn objects_may_use_geometries_of_other_objects_before_or_after_them() {
    let turned = "<gml:surfaceMember><gml:OrientableSurface orientation='-'><gml:baseSurface xlink:href='#w2'/></gml:OrientableSurface></gml:surfaceMember>";
    let neighbour = object("Building", "n", &solid(&[turned.to_owned(), reference("nowhere")]));
    let owner = object("Building", "b", &boundaries());
    for members in [format!("{neighbour}{owner}"), format!("{owner}{neighbour}")] {
        let sink = read(&city(&members));
        let wall = &model(&sink, "n").lods[0].mesh;
        assert!((area(wall) - 20.0).abs() < 1e-9);
        // Seen from the other side.
        let [a, b, c] = wall.triangles[0].map(|i| wall.positions[i as usize]);
        let normal_x = (b[1] - a[1]) * (c[2] - a[2]) - (b[2] - a[2]) * (c[1] - a[1]);
        assert!(normal_x < 0.0);
        assert!(sink.noted("1 references lead to geometries that are not in the file"));
    }
}

#[test]
fn references_in_a_circle_reject_their_object_only() {
    let circle = "<b:lod2MultiSurface><gml:MultiSurface gml:id='m'><gml:surfaceMember xlink:href='#m'/><gml:surfaceMember xlink:href='#m'/></gml:MultiSurface></b:lod2MultiSurface>";
    let members = object("Building", "a", circle) + &object("Building", "b", &boundaries());
    let sink = read(&city(&members));
    assert_eq!((sink.records.len(), sink.rejects.len()), (1, 1));
    assert!(sink.rejects[0].reason.contains("refers to itself"), "{:?}", sink.rejects);
    // The same between objects.
    let other = object("Building", "c", &solid(&[reference("m")]));
    let sink = read(&city(&(other + &members)));
    assert!(sink.records.iter().any(|(_, record)| record.model.is_some()));
}

#[test]
fn parts_rooms_and_things_of_extensions_are_records_with_parent_and_children() {
    let part = format!(
        "<b:consistsOfBuildingPart><b:BuildingPart gml:id='p'><b:measuredHeight uom='m'>5</b:measuredHeight>{}</b:BuildingPart></b:consistsOfBuildingPart>",
        boundaries()
    );
    let room = format!(
        "<b:interiorRoom><b:Room>{}</b:Room></b:interiorRoom>",
        surfaces("4", &[polygon("q", "0 0 0 1 0 0 1 1 0")])
    );
    let ade = "<b:ade><t:Properties><t:owner>Li</t:owner><t:cellar><t:Cellar gml:id='k'><t:depth uom='#m'>2.5</t:depth></t:Cellar></t:cellar></t:Properties></b:ade>";
    let sink = read(&city(&object("Building", "b", &format!("{part}{room}{ade}"))));
    let ids: Vec<_> = sink.records.iter().map(|(_, r)| r.id.clone().unwrap().to_string()).collect();
    assert_eq!(ids, ["b", "p", "b/Room-2", "k"]);
    assert_eq!(sink.value("b", "children"), Value::Json("[\"p\",\"b/Room-2\",\"k\"]".to_owned()));
    assert_eq!(sink.value("p", "parent"), Value::Text("b".to_owned()));
    assert_eq!(sink.value("b/Room-2", "type"), Value::Text("Room".to_owned()));
    assert_eq!(sink.value("b", "ade.owner"), Value::Text("Li".to_owned()));
    assert_eq!(sink.value("k", "depth"), Value::Float(2.5));
    assert!(sink.record_of("b").model.is_none() && sink.record_of("p").model.is_some());
    let layer = &sink.layers[0];
    assert_eq!((layer.name.as_str(), layer.title.as_deref()), ("city", Some("Model")));
    assert_eq!(layer.crs.as_deref(), Some("urn:ogc:def:crs:EPSG::25833"));
    assert_eq!(layer.axis_order, AxisOrder::EastNorth);
    let height = layer.fields.iter().find(|f| f.name == "measuredHeight").unwrap();
    assert_eq!((height.kind, height.unit.as_deref()), (FieldType::Float, Some("m")));
}

#[test]
fn attributes_are_typed_flattened_and_translated_by_their_code_lists() {
    let list = "<gml:Dictionary><gml:dictionaryEntry><gml:Definition><gml:description>住宅</gml:description><gml:name>411</gml:name></gml:Definition></gml:dictionaryEntry></gml:Dictionary>";
    let inside = "<gml:description>A house</gml:description><core:creationDate>2020-02-29</core:creationDate><b:class>1000</b:class><b:usage codeSpace='list.xml'>411</b:usage><b:function codeSpace='list.xml'>9</b:function><b:storeysAboveGround>3</b:storeysAboveGround><b:roofAngle>0.5</b:roofAngle><b:zip>01234</b:zip><b:isOld>true</b:isOld><b:note>a</b:note><b:note>b</b:note><b:type>x</b:type>
        <gen:intAttribute name='数'><gen:value>7</gen:value></gen:intAttribute><gen:genericAttributeSet name='set'><gen:measureAttribute name='w'><gen:value uom='m'>2</gen:value></gen:measureAttribute></gen:genericAttributeSet>
        <core:genericAttribute><gen:DoubleAttribute><gen:name>three</gen:name><gen:value>1</gen:value></gen:DoubleAttribute></core:genericAttribute>
        <uro:detail><uro:Detail><uro:year>2016</uro:year></uro:Detail></uro:detail>
        <uro:risk><uro:FloodRisk><uro:depth uom='m'>1.5</uro:depth></uro:FloodRisk></uro:risk><uro:risk><uro:SlideRisk><uro:area>2</uro:area></uro:SlideRisk></uro:risk>
        <uro:extra><uro:KeyValuePair><uro:key codeSpace='list.xml'>411</uro:key><uro:stringValue>yes</uro:stringValue></uro:KeyValuePair></uro:extra><uro:extra><uro:KeyValuePair><uro:key>k2</uro:key><uro:intValue>5</uro:intValue></uro:KeyValuePair></uro:extra>
        <b:address><core:Address><core:xalAddress><x:AddressDetails><x:Country><x:CountryName>China</x:CountryName></x:Country><x:PostCode><x:Identifier>0123</x:Identifier></x:PostCode></x:AddressDetails></core:xalAddress><core:multiPoint><gml:MultiPoint><gml:pointMember><gml:Point><gml:pos>1 2 3</gml:pos></gml:Point></gml:pointMember></gml:MultiPoint></core:multiPoint></core:Address></b:address>
        <con:height><con:Height><con:status>measured</con:status><con:value uom='m'>11</con:value></con:Height></con:height><core:generalizesTo xlink:href='#other'/>";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("list.xml"), list).unwrap();
    let gml = city(&object("Building", "b", inside));
    let sink = read_in(folder.path(), gml.as_bytes(), &Options::default()).unwrap();
    let text = |text: &str| Value::Text(text.to_owned());
    for (name, value) in [
        ("description", text("A house")),
        ("creationDate", Value::Date("2020-02-29".parse().unwrap())),
        ("class", text("1000")),
        ("usage", text("住宅")),
        ("usage_code", text("411")),
        ("function", text("9")),
        ("function_code", Value::Null),
        ("storeysAboveGround", Value::Int(3)),
        ("roofAngle", Value::Float(0.5)),
        ("zip", text("01234")),
        ("isOld", Value::Bool(true)),
        ("note", Value::Json("[\"a\",\"b\"]".to_owned())),
        ("type_", text("x")),
        ("数", Value::Int(7)),
        ("set.w", Value::Float(2.0)),
        ("three", Value::Float(1.0)),
        ("detail.year", Value::Int(2016)),
        ("extra.住宅", text("yes")),
        ("extra.k2", Value::Int(5)),
        ("address.CountryName", text("China")),
        ("address.PostCode", text("0123")),
        ("height.status", text("measured")),
        ("measuredHeight", Value::Float(11.0)),
        ("generalizesTo", text("other")),
    ] {
        assert_eq!(sink.value("b", name), value, "{name}");
    }
    let Value::Json(risks) = sink.value("b", "risk") else { panic!("no list of risks") };
    let expected =
        serde_json::json!([{"type": "FloodRisk", "depth": 1.5}, {"type": "SlideRisk", "area": 2}]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&risks).unwrap(), expected);
    assert!(sink.record_of("b").geometry.is_none());
}

/// A PNG of one pixel, and an appearance that puts it on the box's roof and colours the rest.
fn looks(folder: &Path) -> String {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(1, 1).write_to(&mut png, image::ImageFormat::Png).unwrap();
    std::fs::write(folder.join("roof.png"), png.into_inner()).unwrap();
    "<app:Appearance><app:theme>t</app:theme><app:surfaceDataMember><app:ParameterizedTexture><app:imageURI>roof.png</app:imageURI><app:wrapMode>mirror</app:wrapMode><app:target uri='#r'><app:TexCoordList><app:textureCoordinates ring='#r_r'>0 0 1 0 1 0.75 0 0.75 0 0</app:textureCoordinates></app:TexCoordList></app:target></app:ParameterizedTexture></app:surfaceDataMember><app:surfaceDataMember><app:X3DMaterial><app:diffuseColor>1 0 0</app:diffuseColor><app:target>#w1</app:target><app:target>#solid</app:target></app:X3DMaterial></app:surfaceDataMember></app:Appearance>".to_owned()
}

#[test]
fn looks_are_found_wherever_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let look = looks(folder.path());
    let of_file = format!("<app:appearanceMember>{look}</app:appearanceMember>");
    let of_object = format!("<app:appearance>{look}</app:appearance>");
    let plain = object("Building", "b", &boundaries());
    let painted = object("Building", "b", &format!("{of_object}{}", boundaries()));
    let painted_late = object("Building", "b", &format!("{}{of_object}", boundaries()));
    for members in [format!("{of_file}{plain}"), format!("{plain}{of_file}"), painted, painted_late]
    {
        let sink = read_in(folder.path(), city(&members).as_bytes(), &Options::default()).unwrap();
        let model = model(&sink, "b");
        let mesh = &model.lods[0].mesh;
        let roof = mesh.patches().find(|(patch, _)| patch.surface == Surface::Roof).unwrap();
        let material = &model.materials[roof.0.material.unwrap() as usize];
        assert_eq!(material.texture.as_ref().unwrap().wrap, Wrap::Mirror);
        let lowest = mesh.positions.iter().position(|&p| p == [0.0, 0.0, 5.0]).unwrap();
        assert!(roof.1.iter().flatten().any(|&i| mesh.uvs[i as usize] == [0.0, 1.0]), "{lowest}");
        assert!(roof.1.iter().flatten().any(|&i| mesh.uvs[i as usize] == [1.0, 0.25]));
        let red = model.materials.iter().position(|m| m.color == [255, 0, 0, 255]).unwrap();
        let painted: Vec<_> =
            mesh.patches().filter(|(patch, _)| patch.material == Some(red as u32)).collect();
        assert_eq!((painted.len(), painted[0].1.len()), (1, 2));
        let other = Options { theme: Some("u".to_owned()), ..Options::default() };
        let sink = read_in(folder.path(), city(&members).as_bytes(), &other).unwrap();
        assert!(sink.blobs.is_empty());
    }
}

#[test]
fn a_colour_of_a_whole_geometry_holds_for_its_polygons() {
    let folder = tempfile::tempdir().unwrap();
    let look = looks(folder.path());
    let references: Vec<_> = sides().iter().map(|(_, id, _)| reference(id)).collect();
    let solid = solid(&references).replace("<gml:Solid>", "<gml:Solid gml:id='solid'>");
    let inside = format!("<app:appearance>{look}</app:appearance>{}{solid}", boundaries());
    let gml = city(&object("Building", "b", &inside));
    let sink = read_in(folder.path(), gml.as_bytes(), &Options::default()).unwrap();
    let model = model(&sink, "b");
    assert!(model.lods[0].mesh.patches.iter().all(|patch| patch.material.is_some()));
    assert!(model.materials.iter().all(|material| !material.double_sided));
}

fn implicit(template: &str, matrix: &str, at: &str) -> String {
    format!(
        "<b:lod1ImplicitRepresentation><core:ImplicitGeometry><core:mimeType>model/vrml</core:mimeType><core:transformationMatrix>{matrix}</core:transformationMatrix>{template}<core:referencePoint><gml:Point><gml:pos>{at}</gml:pos></gml:Point></core:referencePoint></core:ImplicitGeometry></b:lod1ImplicitRepresentation>"
    )
}

#[test]
fn templates_are_put_where_their_objects_stand() {
    let identity = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1";
    let square = "<gml:MultiSurface gml:id='t'><gml:surfaceMember>".to_owned()
        + &polygon("tp", "0 0 0 1 0 0 1 1 0 0 1 0 0 0 0")
        + "</gml:surfaceMember></gml:MultiSurface>";
    let own = format!("<core:relativeGMLGeometry>{square}</core:relativeGMLGeometry>");
    let shared = "<core:relativeGMLGeometry xlink:href='#t'/>";
    let doubled_and_mirrored = "-2 0 0 0 0 2 0 0 0 0 2 0 0 0 0 1";
    let file = "<core:libraryObject>tree.wrl</core:libraryObject>";
    let at = "367010 5808010 40";
    let members = object("Tree", "a", &implicit(&own, identity, at))
        + &object("Tree", "b", &implicit(shared, doubled_and_mirrored, at))
        + &object("Tree", "c", &implicit(file, identity, at))
        + &object("Tree", "d", &implicit(shared, "1 2", at));
    let sink = read(&city(&members));
    let (low, high) = crate::testing::extent([model(&sink, "a")].into_iter());
    assert_eq!((low, high), ([367_010.0, 5_808_010.0, 40.0], [367_011.0, 5_808_011.0, 40.0]));
    let mirrored = &model(&sink, "b").lods[0].mesh;
    let (low, high) = crate::testing::extent([model(&sink, "b")].into_iter());
    assert_eq!((low[0], high[1]), (367_008.0, 5_808_012.0));
    let [a, b, c] = mirrored.triangles[0].map(|i| mirrored.positions[i as usize]);
    assert!((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]) > 0.0);
    assert!(sink.record_of("c").model.is_none());
    assert!(sink.noted("1 objects are shapes in files of their own"));
    assert_eq!(sink.rejects.len(), 1);
    // In degrees, metres of the template are metres on the ground.
    let degrees = city(&object("Tree", "a", &implicit(&own, identity, "35.5 139.7 10")))
        .replace("EPSG::25833", "EPSG::6697")
        .replace("367000 5808000", "35.5 139.7");
    let sink = read(&degrees);
    assert_eq!(sink.layers[0].axis_order, AxisOrder::NorthEast);
    assert!(sink.noted("latitude, longitude"));
    let (low, high) = crate::testing::extent([model(&sink, "a")].into_iter());
    assert!(((high[0] - low[0]) * 110_957.0 - 1.0).abs() < 0.01, "{low:?} {high:?}");
    assert!(((high[1] - low[1]) * 90_700.0 - 1.0).abs() < 0.01);
}

#[test]
fn a_roof_in_degrees_that_is_not_quite_flat_is_cut_as_seen_from_above() {
    // An L, 10 m by 10 m, whose heights differ by centimetres; in degrees it is 10,000 times as high as wide.
    let (n, e) = (9e-6, 1.1e-5);
    let corners = [(0., 0.), (0., 10.), (5., 10.), (5., 5.), (10., 5.), (10., 0.), (0., 0.)];
    let heights = [5.0, 5.02, 4.99, 5.03, 4.98, 5.01, 5.0];
    let places = corners
        .iter()
        .zip(heights)
        .map(|((x, y), z)| format!("{} {} {z}", 35.5 + y * n, 139.7 + x * e))
        .collect::<Vec<_>>()
        .join(" ");
    let gml = city(&object("Building", "b", &surfaces("2", &[polygon("p", &places)])))
        .replace("EPSG::25833", "EPSG::6697")
        .replace("367000 5808000", "35.5 139.7");
    let sink = read(&gml);
    let mesh = &model(&sink, "b").lods[0].mesh;
    let flat: f64 = mesh
        .triangles
        .iter()
        .map(|t| {
            let [a, b, c] = t.map(|i| mesh.positions[i as usize]);
            let turn = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
            turn.abs() / 2.0 / (n * e)
        })
        .sum();
    assert!((flat - 75.0).abs() < 0.01, "{flat}");
}

#[test]
fn roads_have_lines_and_traffic_areas_and_water_is_water() {
    let line = "<b:lod0Network><gml:GeometricComplex><gml:element><gml:LineString><gml:posList>0 0 0 5 0 0</gml:posList></gml:LineString></gml:element></gml:GeometricComplex></b:lod0Network>";
    let area = format!(
        "<b:trafficArea><b:TrafficArea gml:id='ta'><b:usage>1</b:usage>{}</b:TrafficArea></b:trafficArea>",
        surfaces("2", &[polygon("p", "0 0 0 1 0 0 1 1 0")])
    );
    let intersection = "<b:lod2TerrainIntersection><gml:MultiCurve><gml:curveMember><gml:LineString><gml:posList>0 0 0 9 9 9</gml:posList></gml:LineString></gml:curveMember></gml:MultiCurve></b:lod2TerrainIntersection>";
    let members = object("Road", "r0", line)
        + &object("Road", "r2", &(area + intersection))
        + &object("WaterBody", "w", &surfaces("1", &[polygon("q", "0 0 0 1 0 0 1 1 0")]));
    let sink = read(&city(&members));
    let flat = sink.record_of("r0").geometry.as_ref().unwrap();
    assert_eq!((flat.kind, flat.z.len()), (GeometryKind::MultiLineString, 2));
    assert_eq!(sink.value("r0", "lod"), Value::Text("0".to_owned()));
    assert_eq!(kinds(model(&sink, "r2")), [(Surface::Traffic, 1)]);
    assert_eq!(kinds(model(&sink, "w")), [(Surface::Water, 1)]);
    assert_eq!(sink.records.len(), 3);
    assert!(sink.noted("1 boundary surfaces have attributes"));
}

#[test]
fn only_the_levels_that_the_user_wants_are_kept() {
    let inside = surfaces("1", &[polygon("p", "0 0 0 1 0 0 1 1 0")]) + &boundaries();
    let gml = city(&object("Building", "b", &inside));
    let options = Options { lods: vec!["1".to_owned()], ..Options::default() };
    let folder = tempfile::tempdir().unwrap();
    let sink = read_in(folder.path(), gml.as_bytes(), &options).unwrap();
    assert_eq!(sink.value("b", "lod"), Value::Text("1".to_owned()));
    assert_eq!(model(&sink, "b").lods.len(), 1);
    let all = read(&gml);
    let levels: Vec<_> = model(&all, "b").lods.iter().map(|lod| lod.level.clone()).collect();
    assert_eq!(levels, ["1", "2"]);
    let options = Options { layers: vec!["other".to_owned()], ..Options::default() };
    assert!(read_in(folder.path(), gml.as_bytes(), &options).unwrap().layers.is_empty());
}

#[test]
fn broken_coordinates_reject_their_object_and_a_ring_without_area_is_left_out() {
    let bad =
        |id: &str, places: &str| object("Building", id, &surfaces("2", &[polygon(id, places)]));
    let members = bad("nan", "0 0 0 NaN 0 0 1 1 0")
        + &bad("short", "0 0 0 1 0 0 1 1")
        + &bad("line", "0 0 0 1 0 0")
        + &object("Building", "b", &boundaries());
    let sink = read(&city(&members));
    let rejected: Vec<_> = sink.rejects.iter().map(|r| r.id.clone().unwrap()).collect();
    assert_eq!(rejected, ["nan", "short"]);
    assert!(sink.rejects[0].reason.contains("'NaN'"), "{:?}", sink.rejects);
    assert!(sink.record_of("line").model.is_none());
    assert!(sink.noted("1 surfaces or holes have no area"));
    assert!(sink.record_of("b").model.is_some());
}

#[test]
fn a_doctype_a_cut_off_file_and_another_root_are_refused() {
    let gml = city(&object("Building", "b", &boundaries()));
    let bomb = gml.replacen(
        "<core:CityModel",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><core:CityModel",
        1,
    );
    let said = |bytes: &[u8]| try_read(bytes).unwrap_err().to_string();
    assert!(said(bomb.as_bytes()).contains("DOCTYPE"));
    assert!(said(&gml.as_bytes()[..gml.len() / 2]).contains("cut off"));
    assert!(said(b"<kml><a/></kml>").contains("kml"));
    assert!(try_read(b"").is_err());
}

#[test]
fn gbk_is_read_as_declared() {
    let gml = city(&object("Building", "b", "<gml:name>宿迁</gml:name>")).replace("UTF-8", "GBK");
    let (bytes, _, _) = encoding_rs::GBK.encode(&gml);
    let sink = try_read(&bytes).unwrap();
    assert_eq!(sink.value("b", "name"), Value::Text("宿迁".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn damaged_files_never_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_usize..40), 1..6)) {
        let references: Vec<_> = sides().iter().map(|(_, id, _)| reference(id)).collect();
        let look = "<app:appearanceMember><app:Appearance><app:surfaceDataMember><app:X3DMaterial><app:target>#w1</app:target></app:X3DMaterial></app:surfaceDataMember></app:Appearance></app:appearanceMember>";
        let tree = implicit("<core:relativeGMLGeometry xlink:href='#g'/>", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1", "1 2 3");
        let members = object("Building", "b", &(boundaries() + &solid(&references))) + &object("Tree", "t", &tree) + look;
        let mut bytes = city(&members).into_bytes();
        for (at, byte, length) in edits {
            let start = at.index(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, [byte]);
        }
        let _ = try_read(&bytes);
    }
}
