//! What each analysis says of small networks that can be read off a drawing.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use onemap_model::{Geometry, Value};
use onemap_network::{
    AgeLevel, AgeRules, Ambiguous, Direction, DirectionBy, GroupBy, IsolateQuery, NetworkBuilder,
    NetworkError, PathQuery, TraceDirection, TraceQuery,
};

use support::{Layer, id, lend, schema, text};

fn pipe() -> (&'static str, Value) {
    ("element", text("pipe"))
}

fn line(corners: &[[f64; 3]]) -> Geometry {
    let mut line = Geometry::empty(onemap_model::GeometryKind::LineString);
    for corner in corners {
        line.push_z(*corner);
    }
    line.end_line();
    line
}

#[test]
fn lines_without_codes_meet_where_their_ends_are_equal() {
    let mut layer = Layer::default();
    let (a, b, c) = ([118.0, 33.0, 1.0], [118.001, 33.0, 1.0], [118.002, 33.0, 1.0]);
    layer.push(Some(line(&[a, b])), &[]);
    layer.push(Some(line(&[c, b])), &[]);
    // A tenth of a millimetre is no gap, a decimetre is.
    layer.push(Some(line(&[[118.001, 33.000_000_001, 1.0], [118.001, 33.001, 1.0]])), &[]);
    layer.push(Some(line(&[[118.002_001, 33.0, 1.0], [118.003, 33.0, 1.0]])), &[]);
    layer.node("N", [118.001, 33.0], &[]);
    let network = layer.build();
    let ends = |n| network.link(network.link_of(id(n)).unwrap()).ends();
    assert_eq!(ends(1)[1], ends(2)[1]);
    assert_eq!(ends(1)[1], ends(3)[0]);
    assert_ne!(ends(2)[0], ends(4)[0]);
    assert_eq!(network.node(ends(1)[1]).id(), Some(id(5)));
    assert!(network.node(ends(1)[0]).is_made_up());
    assert_eq!(network.node(ends(1)[0]).at(), Some([118.0, 33.0]));
}

#[test]
fn the_direction_comes_from_what_is_given_then_the_fall_and_never_from_the_drawing() {
    let mut layer = Layer::default();
    let sewer = ("class", text("PS"));
    let (high, low) = ([118.0, 33.0, 5.0], [118.001, 33.0, 4.0]);
    let level = [118.001, 33.0, 5.0];
    let falls = layer.push(Some(line(&[high, low])), std::slice::from_ref(&sewer));
    let rises = layer.push(Some(line(&[low, high])), std::slice::from_ref(&sewer));
    let given = layer.push(Some(line(&[high, low])), &[sewer.clone(), ("flow", Value::Int(-1))]);
    let flat = layer.push(Some(line(&[high, level])), std::slice::from_ref(&sewer));
    let water = layer.push(Some(line(&[high, low])), &[("class", text("JS"))]);
    let inverts = [
        sewer,
        ("level", text("invert")),
        ("elevation_from", Value::Float(1.0)),
        ("elevation_to", Value::Float(2.0)),
    ];
    let surveyed = layer.push(Some(Geometry::line(vec![[118.0, 33.0], [118.001, 33.0]])), &inverts);
    let pump = layer.link("P", ["A", "B"], &[("element", text("pump"))]);
    let network = layer.build();
    for (link, direction, by) in [
        (falls, Direction::Forward, DirectionBy::Inverts),
        (rises, Direction::Backward, DirectionBy::Inverts),
        (given, Direction::Backward, DirectionBy::Given),
        (flat, Direction::Ambiguous, DirectionBy::Nothing),
        (water, Direction::Ambiguous, DirectionBy::Nothing),
        (surveyed, Direction::Backward, DirectionBy::Inverts),
        (pump, Direction::Forward, DirectionBy::Element),
    ] {
        let link = network.link(network.link_of(link).unwrap());
        assert_eq!((link.direction(), link.direction_by()), (direction, by));
    }
}

/// Sewers A→B→C→outfall with a loop B→D→B, and a flat pipe from C to E.
fn sewers() -> Layer {
    let mut layer = Layer::default();
    let flow = |flow| {
        [
            pipe(),
            ("flow", Value::Int(flow)),
            ("length", Value::Float(10.0)),
            ("section", text("DN300")),
        ]
    };
    for code in ["A", "B", "C", "D", "E"] {
        layer.node(
            code,
            [118.0, 33.0 + layer.features.len() as f64 * 1e-3],
            &[("element", text("manhole"))],
        );
    }
    layer.node("O", [118.1, 33.0], &[("element", text("outfall"))]);
    layer.link("AB", ["A", "B"], &flow(1));
    layer.link("CB", ["C", "B"], &flow(-1));
    layer.link("CO", ["C", "O"], &flow(1));
    layer.link("BD", ["B", "D"], &flow(1));
    layer.link("DB", ["D", "B"], &flow(1));
    layer.link("CE", ["C", "E"], &[pipe(), ("length", Value::Float(5.0))]);
    layer
}

#[test]
fn a_trace_lists_features_lengths_ends_loops_and_what_is_ambiguous() {
    let layer = sewers();
    let network = layer.build();
    let from = layer.id_of("AB", "pipe");
    let trace = network.trace(&TraceQuery::new(from, TraceDirection::Downstream)).unwrap();
    assert_eq!(layer.codes(&trace.links), ["AB", "BD", "CB", "CE", "CO", "DB"]);
    assert_eq!(layer.codes(&trace.nodes), ["B", "C", "D", "E", "O"]);
    assert_eq!(trace.length, 55.0);
    assert_eq!((trace.lengths[0].size.as_deref(), trace.lengths[0].length), (Some("DN300"), 50.0));
    assert_eq!(layer.codes(&trace.ambiguous), ["CE"]);
    assert_eq!(trace.loops.len(), 1);
    assert_eq!(layer.codes(&trace.loops[0]), ["BD", "DB"]);
    let mut ends: Vec<_> = trace.ends.iter().map(|end| (&end.code[..], &end.element[..])).collect();
    ends.sort_unstable();
    assert_eq!(ends, [("E", "manhole"), ("O", "outfall")]);
    assert!(trace.complete);

    let query = TraceQuery {
        ambiguous: Ambiguous::Stop,
        ..TraceQuery::new(from, TraceDirection::Downstream)
    };
    let trace = network.trace(&query).unwrap();
    assert_eq!(layer.codes(&trace.links), ["AB", "BD", "CB", "CO", "DB"]);
    assert_eq!(layer.codes(&trace.ambiguous), ["CE"]);

    let up = TraceQuery::new(layer.id_of("O", "outfall"), TraceDirection::Upstream);
    let up = TraceQuery { ambiguous: Ambiguous::Stop, ..up };
    let trace = network.trace(&up).unwrap();
    assert_eq!(layer.codes(&trace.links), ["AB", "BD", "CB", "CO", "DB"]);
    let limited = network.trace(&TraceQuery { limit: 2, ..up }).unwrap();
    assert_eq!((limited.links.len(), limited.complete), (2, false));
    assert_eq!(layer.codes(&limited.links), ["CB", "CO"]);
}

#[test]
fn a_trace_that_reaches_what_the_view_hides_names_the_owner_and_nothing_else() {
    let layer = sewers();
    let hidden =
        [layer.id_of("C", "manhole"), layer.id_of("BD", "pipe"), layer.id_of("CO", "pipe")];
    let mut builder = NetworkBuilder::new(&schema());
    for feature in &layer.features {
        let mut feature = feature.clone();
        feature.values[16] = text("排水集团");
        lend(&feature, |lent| {
            if hidden.contains(&lent.id) { builder.push_hidden(&lent) } else { builder.push(&lent) }
        });
    }
    let network = builder.finish();
    let query = TraceQuery::new(layer.id_of("A", "manhole"), TraceDirection::Downstream);
    let trace = network.trace(&query).unwrap();
    assert_eq!(layer.codes(&trace.links), ["AB", "CB"]);
    assert_eq!(layer.codes(&trace.nodes), ["A", "B"]);
    assert_eq!(trace.stubs.len(), 2);
    assert!(trace.stubs.iter().all(|stub| stub.owner.as_deref() == Some("排水集团")));
    for id in hidden {
        assert_eq!(
            network.trace(&TraceQuery { from: id, ..query.clone() }),
            Err(NetworkError::Unknown(id))
        );
        assert_eq!(network.link_of(id), None);
        assert_eq!(network.node_of(id), None);
        // No answer has a hidden id in it, in whatever field.
        let burst = network.isolate(&IsolateQuery::burst(layer.id_of("AB", "pipe"))).unwrap();
        let way = PathQuery {
            from: layer.id_of("A", "manhole"),
            to: layer.id_of("O", "outfall"),
            with_flow: false,
            through_closed: true,
        };
        let way = network.connect(&way).unwrap();
        assert!(!way.connected && !way.stubs.is_empty());
        for answer in [
            serde_json::to_string(&trace).unwrap(),
            serde_json::to_string(&burst).unwrap(),
            serde_json::to_string(&way).unwrap(),
            serde_json::to_string(&network.segments()).unwrap(),
        ] {
            let words = answer.split(|c: char| !c.is_ascii_digit());
            assert!(words.clone().count() > 1);
            let ids: Vec<&str> =
                answer.split('[').flat_map(|part| part.split([',', ']'])).collect();
            assert!(!ids.contains(&&id.to_string()[..]), "{id} in {answer}");
        }
        assert!(!burst.stubs.is_empty());
    }
    assert!(network.links().all(|link| network.link(link).id().is_some()));
}

/// A source feeds a street of five pipes, S-N1-…-N5, with a valve at each end of the third; a customer and a hydrant behind.
fn street() -> Layer {
    let mut layer = Layer::default();
    layer.node("S", [118.0, 33.0], &[("element", text("source"))]);
    for n in 1..=5_u32 {
        let element = match n {
            4 => "customer",
            5 => "hydrant",
            _ => "junction",
        };
        layer.node(
            &format!("N{n}"),
            [118.0 + f64::from(n) * 1e-3, 33.0],
            &[("element", text(element))],
        );
    }
    let code = |n: u32| if n == 0 { "S".to_owned() } else { format!("N{n}") };
    for n in 0..5_u32 {
        let ends = [code(n), code(n + 1)];
        let x = 118.0 + f64::from(n) * 1e-3;
        let values = [
            ("code", text(&format!("L{n}"))),
            ("from_node", text(&ends[0])),
            ("to_node", text(&ends[1])),
            pipe(),
            ("diameter", Value::Float(1000.0)),
            ("length", Value::Float(100.0)),
            ("built", Value::Int(if n == 0 { 1950 } else { 2000 })),
            ("class", text("JS")),
            ("material", text(if n == 0 { "铸铁" } else { "PE" })),
        ];
        layer.push(Some(line(&[[x, 33.0, 1.0], [x + 1e-3, 33.0, 1.0]])), &values);
    }
    layer.valve("V0", "L0", "N1", &[]);
    layer.valve("V2", "L2", "N2", &[]);
    layer.valve("V3", "L2", "N3", &[]);
    layer
}

#[test]
fn a_shut_off_tells_valves_dry_pipes_customers_water_and_the_plan_without_a_valve() {
    let layer = street();
    let network = layer.build();
    let burst = layer.id_of("L2", "pipe");
    let query = IsolateQuery { outline: true, alternatives: true, ..IsolateQuery::burst(burst) };
    let plan = network.isolate(&query).unwrap();
    let codes = |valves: &[onemap_network::Valve]| -> Vec<String> {
        valves.iter().map(|v| v.code.clone()).collect()
    };
    assert_eq!(codes(&plan.must_close), ["V2"]);
    assert_eq!(codes(&plan.optional), ["V3"]);
    assert_eq!(layer.codes(&plan.shut.links), ["L2"]);
    assert_eq!(layer.codes(&plan.behind.links), ["L3", "L4"]);
    assert_eq!(layer.codes(&plan.customers), ["N4"]);
    assert_eq!(layer.codes(&plan.hydrants), ["N5"]);
    assert!((plan.shut.sums.volume - 100.0 * std::f64::consts::FRAC_PI_4).abs() < 1e-3);
    assert_eq!(plan.behind.sums.length, 200.0);
    assert!(plan.supply_known && plan.supplied_before && plan.complete);
    // One part that holds the dry pipes and nothing far from them.
    assert_eq!(plan.outline.len(), 1);
    let xs = || plan.outline[0][0].iter().map(|at| at[0]);
    assert!(xs().fold(f64::MAX, f64::min) < 118.002 && xs().fold(f64::MAX, f64::min) > 118.0015);
    assert!(xs().fold(f64::MIN, f64::max) > 118.005 && xs().fold(f64::MIN, f64::max) < 118.0055);
    let [alternative] = &plan.alternatives[..] else { panic!("{:?}", plan.alternatives) };
    assert_eq!(alternative.failed.code, "V2");
    assert_eq!(codes(&alternative.close_instead), ["V0"]);
    assert_eq!((alternative.more.links, alternative.possible), (1, true));
    // Without that one, too, the source itself cannot be parted.
    let failed = [&plan.must_close[..], &alternative.close_instead].concat();
    let query = IsolateQuery { failed: failed.iter().map(|v| v.id).collect(), ..query };
    let plan = network.isolate(&query).unwrap();
    assert!(plan.must_close.is_empty());
    assert_eq!(codes(&plan.inoperable), ["V0", "V2"]);
    assert_eq!(plan.shut.sums.links, 3);
}

#[test]
fn two_shut_offs_at_once_dry_what_neither_does_alone() {
    // A ring from the source: each half alone leaves the other way.
    let mut layer = Layer::default();
    layer.node("S", [118.0, 33.0], &[("element", text("source"))]);
    for code in ["A", "B", "C"] {
        layer.node(code, [118.001, 33.0], &[("element", text("junction"))]);
    }
    for (code, ends) in
        [("SA", ["S", "A"]), ("AC", ["A", "C"]), ("CB", ["C", "B"]), ("BS", ["B", "S"])]
    {
        layer.link(code, ends, &[pipe(), ("length", Value::Float(10.0))]);
        layer.valve(&format!("{code}0"), code, ends[0], &[]);
        layer.valve(&format!("{code}1"), code, ends[1], &[]);
    }
    let network = layer.build();
    let plans = ["SA", "BS"].map(|code| IsolateQuery::burst(layer.id_of(code, "pipe")));
    assert_eq!(network.isolate(&plans[0]).unwrap().behind.sums.links, 0);
    let overlap = network.overlap(&plans[0], &plans[1]).unwrap();
    assert!(overlap.valves.is_empty());
    assert_eq!(overlap.shared.sums.links, 0);
    assert_eq!(layer.codes(&overlap.only_together.links), ["AC", "CB"]);
    assert_eq!(layer.codes(&overlap.only_together.nodes), ["A", "B", "C"]);
    // The same by a valve that other works keep shut.
    let closed = vec![network.isolate(&plans[1]).unwrap().must_close[0].id];
    let query = IsolateQuery { closed, ..plans[0].clone() };
    assert!(network.isolate(&query).unwrap().behind.sums.links >= 2);
}

#[test]
fn a_way_lists_links_nodes_and_valves_and_a_closed_valve_is_a_barrier() {
    let mut layer = street();
    let from = layer.id_of("S", "source");
    let to = layer.id_of("N4", "customer");
    let query = PathQuery { from, to, with_flow: false, through_closed: false };
    let way = layer.build().connect(&query).unwrap().path.unwrap();
    assert_eq!(
        way.links.iter().map(|l| (layer.code(l.id), l.forward)).collect::<Vec<_>>(),
        [("L0", true), ("L1", true), ("L2", true), ("L3", true)]
    );
    assert_eq!(way.length, 400.0);
    assert_eq!(way.nodes.len(), 5);
    assert_eq!(way.line.len(), 5);
    assert_eq!(way.valves.iter().map(|v| &v.code[..]).collect::<Vec<_>>(), ["V0", "V2", "V3"]);
    let back = layer
        .build()
        .connect(&PathQuery { from: to, to: from, ..query.clone() })
        .unwrap()
        .path
        .unwrap();
    assert!(back.links.iter().all(|l| !l.forward));
    assert_eq!(back.steps(&layer.build()).len(), 4);
    let shut = layer.valve("V1", "L1", "N1", &[("closed", Value::Bool(true))]);
    let connection = layer.build().connect(&query).unwrap();
    assert!(!connection.connected);
    assert_eq!(connection.barriers.iter().map(|v| v.id).collect::<Vec<_>>(), [shut]);
    assert!(layer.build().connect(&PathQuery { through_closed: true, ..query }).unwrap().connected);
}

#[test]
fn many_threads_may_ask_at_once() {
    let layer = street();
    let network = layer.build();
    let burst = IsolateQuery::burst(layer.id_of("L2", "pipe"));
    std::thread::scope(|scope| {
        let ask = || scope.spawn(|| network.isolate(&burst).unwrap());
        let plans: Vec<_> = (0..8).map(|_| ask()).collect();
        let mut plans = plans.into_iter().map(|plan| plan.join().unwrap());
        let first = plans.next().unwrap();
        assert!(plans.all(|plan| plan == first));
    });
}

#[test]
fn lengths_are_summed_by_what_is_asked_and_old_pipes_are_warned_of() {
    let network = street().build();
    let groups = network.statistics(&[GroupBy::Material, GroupBy::Decade], None);
    let rows: Vec<_> = groups
        .iter()
        .map(|g| (g.key[0].as_deref(), g.key[1].as_deref(), g.links, g.length))
        .collect();
    assert_eq!(
        rows,
        [(Some("PE"), Some("2000"), 4, 400.0), (Some("铸铁"), Some("1950"), 1, 100.0)]
    );
    let sizes = network.statistics(&[GroupBy::Size], None);
    assert_eq!(sizes[0].key, [Some("DN1000".to_owned())]);
    let ages = network.ages(&AgeRules::built_in(), 2031);
    assert_eq!(ages.rows[0].level, AgeLevel::Red);
    assert_eq!((ages.rows[0].age, ages.rows[0].life), (81, 50));
    assert_eq!(ages.length, [400.0, 0.0, 0.0, 100.0]);
}
