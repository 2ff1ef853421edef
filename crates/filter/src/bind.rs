//! Binds a filter to a layer: names become places, and what can not be answered is refused.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use onemap_model::{
    Bounds, FeatureRef, FieldType, Filter, Operand, Schema, Shape, SpatialOp, State, TemporalOp,
    TimeOperand,
};

use crate::datum::{Datum, arithmetic};
use crate::error::shown;
use crate::eval::{End, Expr, Node, Time, fits};
use crate::fold::Folding;
use crate::like::Pattern;
use crate::spatial::{self, Prepared};
use crate::{FilterError, bounds, literal};

/// A filter that is ready to be asked of a layer's features.
#[derive(Debug, Clone)]
pub struct Bound {
    root: Node,
    fields: Vec<usize>,
    needs_geometry: bool,
    bounds: Option<Bounds>,
}

impl Bound {
    /// Binds a filter to the fields of a layer.
    ///
    /// # Errors
    /// When the filter names a field that the layer does not have, or compares what can not be compared.
    pub fn new(filter: &Filter, schema: &Schema) -> Result<Self, FilterError> {
        let mut binder = Binder { schema, fields: BTreeSet::new(), needs_geometry: false };
        let root = binder.condition(filter)?;
        Ok(Self {
            root,
            fields: binder.fields.into_iter().collect(),
            needs_geometry: binder.needs_geometry,
            bounds: bounds::of(filter),
        })
    }

    /// Tells whether the filter is true of the feature, whose values must be all of the layer's.
    pub fn matches(&self, feature: &FeatureRef<'_>) -> bool {
        self.root.ask(feature) == Some(true)
    }

    /// Tells whether the feature's shape is looked at.
    pub fn needs_geometry(&self) -> bool {
        self.needs_geometry
    }

    /// Returns the places of the fields that are looked at, ascending.
    pub fn fields(&self) -> &[usize] {
        &self.fields
    }

    /// Returns a box that every feature touches of which the filter is true; `None` where there is none.
    pub fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }
}

/// What may be compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Number,
    Text,
    Time,
    Bytes,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Time => "a date or instant",
            Self::Bytes => "bytes",
        }
    }
}

/// A bound value, its kind and how it was written.
struct Typed {
    expr: Expr,
    kind: Kind,
    label: String,
}

/// Names of the feature's shape.
const SHAPES: [&str; 4] = ["geometry", "geom", "_geometry", ""];

/// A day without its last microsecond.
const REST_OF_DAY: i64 = 86_400_000_000 - 1;

struct Binder<'a> {
    schema: &'a Schema,
    fields: BTreeSet<usize>,
    needs_geometry: bool,
}

impl Binder<'_> {
    fn condition(&mut self, filter: &Filter) -> Result<Node, FilterError> {
        Ok(match filter {
            Filter::Literal(value) => Node::Literal(Some(*value)),
            Filter::And(all) => Node::And(self.conditions(all)?),
            Filter::Or(any) => Node::Or(self.conditions(any)?),
            Filter::Not(inner) => Node::Not(Box::new(self.condition(inner)?)),
            Filter::Compare { op, left, right } => {
                let (mut left, mut right) = (self.value(left)?, self.value(right)?);
                agree(&mut left, &mut right)?;
                match (&left.expr, &right.expr) {
                    (Expr::Constant(a), Expr::Constant(b)) => {
                        Node::Literal(a.compare(b).map(|order| fits(*op, order)))
                    }
                    _ => Node::Compare { op: *op, left: left.expr, right: right.expr },
                }
            }
            Filter::Between { value, low, high } => {
                let mut value = self.value(value)?;
                let (mut low, mut high) = (self.value(low)?, self.value(high)?);
                agree(&mut value, &mut low)?;
                agree(&mut value, &mut high)?;
                Node::Between { value: value.expr, low: low.expr, high: high.expr }
            }
            Filter::In { value, list } => self.list(value, list)?,
            Filter::Like { value, pattern } => {
                let (value, pattern) = (self.value(value)?, self.value(pattern)?);
                need(&value, Kind::Text, "LIKE")?;
                need(&pattern, Kind::Text, "LIKE")?;
                let Expr::Constant(Datum::Text(text)) = pattern.expr else {
                    let detail = format!("{} is no pattern; LIKE needs a text", pattern.label);
                    return Err(FilterError::Kind(detail));
                };
                Node::Like { value: value.expr, pattern: Pattern::new(&text) }
            }
            Filter::IsNull(Operand::Property(name)) if self.is_shape(name) => {
                self.needs_geometry = true;
                Node::NoShape
            }
            Filter::IsNull(value) => Node::IsNull(self.value(value)?.expr),
            Filter::Spatial { op, left, right } => self.spatial(*op, left, right)?,
            Filter::Temporal { op, left, right } => self.temporal(*op, left, right)?,
        })
    }

    /// Binds conditions, the cheap ones first: the order does not change the answer.
    fn conditions(&mut self, filters: &[Filter]) -> Result<Vec<Node>, FilterError> {
        let mut nodes =
            filters.iter().map(|filter| self.condition(filter)).collect::<Result<Vec<_>, _>>()?;
        nodes.sort_by_key(cost);
        Ok(nodes)
    }

    fn list(&mut self, value: &Operand, list: &[Operand]) -> Result<Node, FilterError> {
        let mut value = self.value(value)?;
        let (mut sorted, mut others) = (Vec::new(), Vec::new());
        for item in list {
            let mut item = self.value(item)?;
            agree(&mut value, &mut item)?;
            match item.expr {
                // Null equals nothing, and leaves it unknown whether the value is in the list.
                Expr::Constant(Datum::Null) => others.push(Expr::Constant(Datum::Null)),
                Expr::Constant(constant) => sorted.push(constant),
                other => others.push(other),
            }
        }
        sorted.sort_by(|a, b| a.compare(b).unwrap_or(Ordering::Equal));
        Ok(Node::In { value: value.expr, sorted, others })
    }

    fn value(&mut self, operand: &Operand) -> Result<Typed, FilterError> {
        let constant = |value, kind| (Expr::Constant(value), kind);
        let (expr, kind) = match operand {
            Operand::Property(name) => self.property(name)?,
            Operand::Text(text) => constant(Datum::Text(text.clone().into()), Kind::Text),
            Operand::Int(n) => constant(Datum::Int(*n), Kind::Number),
            Operand::Float(x) => constant(Datum::Float(*x), Kind::Number),
            Operand::Bool(value) => constant(Datum::Bool(*value), Kind::Bool),
            Operand::Date(at) | Operand::Instant(at) => {
                constant(Datum::Time(at.as_micros()), Kind::Time)
            }
            Operand::Arithmetic { op, left, right } => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                need(&left, Kind::Number, op.name())?;
                need(&right, Kind::Number, op.name())?;
                let expr = match (&left.expr, &right.expr) {
                    (Expr::Constant(a), Expr::Constant(b)) => Expr::Constant(arithmetic(*op, a, b)),
                    _ => Expr::Arithmetic { op: *op, both: Box::new((left.expr, right.expr)) },
                };
                (expr, Kind::Number)
            }
            Operand::CaseI(text) => {
                (self.folded(text, Folding { case: true, accents: false })?, Kind::Text)
            }
            Operand::AccentI(text) => {
                (self.folded(text, Folding { case: false, accents: true })?, Kind::Text)
            }
        };
        Ok(Typed { expr, kind, label: shown(&operand.to_string()) })
    }

    fn folded(&mut self, text: &Operand, folding: Folding) -> Result<Expr, FilterError> {
        let text = self.value(text)?;
        need(&text, Kind::Text, if folding.case { "CASEI" } else { "ACCENTI" })?;
        Ok(match text.expr {
            Expr::Constant(Datum::Text(text)) => {
                Expr::Constant(Datum::Text(folding.fold(text).into_owned().into()))
            }
            Expr::Fold { folding: inner, text } => {
                let folding = Folding {
                    case: inner.case || folding.case,
                    accents: inner.accents || folding.accents,
                };
                Expr::Fold { folding, text }
            }
            other => Expr::Fold { folding, text: Box::new(other) },
        })
    }

    fn property(&mut self, name: &str) -> Result<(Expr, Kind), FilterError> {
        if let Some(position) = self.schema.position(name) {
            self.fields.insert(position);
            let kind = match self.schema.fields.get(position).map(|field| field.kind) {
                Some(FieldType::Bool) => Kind::Bool,
                Some(FieldType::Int | FieldType::Float) => Kind::Number,
                Some(FieldType::Date | FieldType::DateTime) => Kind::Time,
                Some(FieldType::Bytes | FieldType::Model) => Kind::Bytes,
                Some(FieldType::Text | FieldType::Json) | None => Kind::Text,
            };
            return Ok((Expr::Field(position), kind));
        }
        Ok(match name {
            "id" | "_id" => (Expr::Id, Kind::Number),
            "state" | "_state" => (Expr::State, Kind::Text),
            "_from" => (Expr::From, Kind::Time),
            "_to" => (Expr::To, Kind::Time),
            _ if self.is_shape(name) => {
                let detail = format!("\"{name}\" is a shape; use it in S_INTERSECTS or its kin");
                return Err(FilterError::Kind(detail));
            }
            _ => return Err(self.unknown(name)),
        })
    }

    fn is_shape(&self, name: &str) -> bool {
        SHAPES.contains(&name) && self.schema.position(name).is_none()
    }

    fn unknown(&self, name: &str) -> FilterError {
        const MOST: usize = 50;
        let names = self.schema.fields.iter().take(MOST).map(|field| shown(&field.name));
        let more = self.schema.fields.len().saturating_sub(MOST);
        let more = (more > 0).then(|| format!("{more} others"));
        let own = ["id", "state", "_from", "_to", "geometry"].map(str::to_owned);
        let known: Vec<String> = names.chain(more).chain(own).collect();
        FilterError::Unknown { name: shown(name), known: known.join(", ") }
    }

    fn spatial(&mut self, op: SpatialOp, left: &Shape, right: &Shape) -> Result<Node, FilterError> {
        for shape in [left, right] {
            let Shape::Property(name) = shape else { continue };
            if !SHAPES.contains(&name.as_str()) {
                let (_, kind) = self.property(name)?;
                let detail = format!("\"{}\" is {}, not a shape", shown(name), kind.name());
                return Err(FilterError::Kind(detail));
            }
            self.needs_geometry = true;
        }
        let prepared = |shape: &Shape| {
            let prepared = Prepared::new(shape);
            if prepared.is_collection() && !spatial::is_for_collections(op) {
                let detail = format!("{} is not defined for a GEOMETRYCOLLECTION", op.name());
                return Err(FilterError::Kind(format!("{detail}; use a MULTI... shape")));
            }
            Ok(prepared)
        };
        Ok(match (left, right) {
            (Shape::Property(_), Shape::Property(_)) => Node::Itself(op),
            (Shape::Property(_), shape) => Node::Spatial { op, shape: Box::new(prepared(shape)?) },
            (shape, Shape::Property(_)) => {
                Node::Spatial { op: spatial::turned(op), shape: Box::new(prepared(shape)?) }
            }
            (left, right) => {
                prepared(left)?;
                Node::Literal(prepared(right)?.relates(op, &spatial::drawn(left)))
            }
        })
    }

    fn temporal(
        &mut self,
        op: TemporalOp,
        left: &TimeOperand,
        right: &TimeOperand,
    ) -> Result<Node, FilterError> {
        // Beside instants a day lasts until midnight; among days each is one instant.
        let mut instants = false;
        for operand in [left, right] {
            for end in ends(operand).into_iter().flatten() {
                instants |= !self.is_day(end);
            }
        }
        let (left, right) = (self.time(left, instants)?, self.time(right, instants)?);
        Ok(Node::Temporal { op, left, right })
    }

    fn is_day(&self, operand: &Operand) -> bool {
        match operand {
            Operand::Date(_) => true,
            Operand::Property(name) => {
                self.schema.field(name).is_some_and(|field| field.kind == FieldType::Date)
            }
            _ => false,
        }
    }

    fn time(&mut self, operand: &TimeOperand, instants: bool) -> Result<Time, FilterError> {
        let [from, to] = ends(operand);
        let is_day = to.is_some_and(|end| self.is_day(end));
        let last = if instants && is_day { REST_OF_DAY } else { 0 };
        let (from, to) = (self.end(from)?, self.end(to)?);
        if let (End::At(Expr::Constant(a)), End::At(Expr::Constant(b))) = (&from, &to)
            && a.compare(b) == Some(Ordering::Greater)
        {
            return Err(FilterError::Kind(format!("{operand} ends before it begins")));
        }
        Ok(Time { from, to, last })
    }

    fn end(&mut self, end: Option<&Operand>) -> Result<End, FilterError> {
        let Some(operand) = end else { return Ok(End::Open) };
        let value = self.value(operand)?;
        need(&value, Kind::Time, "a relation in time")?;
        Ok(match value.expr {
            valid @ (Expr::From | Expr::To) => End::Valid(valid),
            other => End::At(other),
        })
    }
}

/// Returns where a time begins and ends; `None` is open.
fn ends(operand: &TimeOperand) -> [Option<&Operand>; 2] {
    match operand {
        TimeOperand::At(at) => [Some(at), Some(at)],
        TimeOperand::Interval(from, to) => [from.as_ref(), to.as_ref()],
    }
}

fn need(value: &Typed, kind: Kind, by: &str) -> Result<(), FilterError> {
    if value.kind == kind {
        return Ok(());
    }
    let (is, wanted) = (value.kind.name(), kind.name());
    Err(FilterError::Kind(format!("{} is {is}; {by} needs {wanted}", value.label)))
}

/// Makes two values comparable, or says why they are not: texts become times and states beside such.
fn agree(a: &mut Typed, b: &mut Typed) -> Result<(), FilterError> {
    adapt(a, b)?;
    adapt(b, a)?;
    if a.kind == b.kind && a.kind != Kind::Bytes {
        return Ok(());
    }
    let (one, other) = (a.kind.name(), b.kind.name());
    let detail = format!("{} is {one} and {} is {other}", a.label, b.label);
    Err(FilterError::Kind(format!("{detail}; compare values of one kind")))
}

/// Changes a constant text beside a time or state.
fn adapt(text: &mut Typed, beside: &Typed) -> Result<(), FilterError> {
    let Expr::Constant(Datum::Text(value)) = &text.expr else { return Ok(()) };
    let changed = if beside.kind == Kind::Time {
        let Some(Operand::Date(at) | Operand::Instant(at)) = literal::day_or_instant(value) else {
            let detail = format!("{} is no date or instant, but {} is", text.label, beside.label);
            return Err(FilterError::Kind(detail));
        };
        Datum::Time(at.as_micros())
    } else if matches!(beside.expr, Expr::State) {
        let Some(state) = State::from_name(value) else {
            let states = "planned, building, existing or retired";
            return Err(FilterError::Kind(format!("{} is no state; use {states}", text.label)));
        };
        Datum::Text(state.name().into())
    } else {
        return Ok(());
    };
    text.expr = Expr::Constant(changed);
    text.kind = beside.kind;
    Ok(())
}

/// Ranks conditions by what they take.
fn cost(node: &Node) -> u8 {
    match node {
        Node::Spatial { .. } => 2,
        Node::Like { .. } => 1,
        Node::Not(inner) => cost(inner),
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(cost).max().unwrap_or(0),
        _ => 0,
    }
}
