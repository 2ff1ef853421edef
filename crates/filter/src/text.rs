//! Reads CQL2 text.

use onemap_model::{
    ArithmeticOp, CompareOp, Filter, Operand, Shape, SpatialOp, TemporalOp, TimeOperand,
};

use crate::lexer::{self, Kind, Token, found_at, wrong};
use crate::limits::{MAX_BYTES, MAX_LIST, MAX_NESTING};
use crate::{FilterError, literal};

/// Reads a filter in CQL2's text encoding.
///
/// # Errors
/// When the text is not CQL2 or passes a limit; the error says at which character.
pub fn parse_text(text: &str) -> Result<Filter, FilterError> {
    if text.len() > MAX_BYTES {
        return Err(FilterError::Limit { what: "its length in bytes", limit: MAX_BYTES });
    }
    let token = lexer::next(text, 0)?;
    let mut parser = Parser { text, token, level: 0 };
    let filter = parser.any()?;
    let filter = parser.filter(filter)?;
    match parser.token.kind {
        Kind::End => Ok(filter),
        _ => Err(parser.expected("AND, OR or the end")),
    }
}

/// An expression whose kind shows only when it was read.
enum What {
    Filter(Filter),
    Operand(Operand),
    Shape(Shape),
    Interval(Option<Operand>, Option<Operand>),
}

/// An expression, how deep it nests and where it began.
struct Term {
    what: What,
    depth: usize,
    start: usize,
}

struct Parser<'a> {
    text: &'a str,
    /// The piece that was read and not used.
    token: Token<'a>,
    /// Open parentheses.
    level: usize,
}

/// Words that are no names unless quoted.
const RESERVED: [&str; 9] = ["AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "DIV"];

/// Names of shapes in well-known text.
const SHAPES: [&str; 7] = [
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
];

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|name| name.eq_ignore_ascii_case(word))
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Result<Token<'a>, FilterError> {
        let next = lexer::next(self.text, self.token.end)?;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(self.token.kind, Kind::Word(w) if w.eq_ignore_ascii_case(word))
    }

    fn at_symbol(&self, symbol: &str) -> bool {
        matches!(self.token.kind, Kind::Symbol(s) if s == symbol)
    }

    fn take_word(&mut self, word: &str) -> Result<bool, FilterError> {
        let here = self.at_word(word);
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    fn take_symbol(&mut self, symbol: &str) -> Result<bool, FilterError> {
        let here = self.at_symbol(symbol);
        if here {
            self.advance()?;
        }
        Ok(here)
    }

    fn need_symbol(&mut self, symbol: &str) -> Result<(), FilterError> {
        if self.take_symbol(symbol)? { Ok(()) } else { Err(self.expected(&format!("'{symbol}'"))) }
    }

    fn expected(&self, what: &str) -> FilterError {
        self.expected_at(self.token.start, what)
    }

    fn expected_at(&self, byte: usize, what: &str) -> FilterError {
        wrong(self.text, byte, what, &found_at(self.text, byte))
    }

    /// Enters parentheses.
    fn enter(&mut self) -> Result<(), FilterError> {
        self.level += 1;
        nesting(self.level)
    }

    /// Reads conditions joined by OR.
    fn any(&mut self) -> Result<Term, FilterError> {
        let first = self.all()?;
        self.conditions(first, "OR", Self::all, Filter::any)
    }

    /// Reads conditions joined by AND.
    fn all(&mut self) -> Result<Term, FilterError> {
        let first = self.not()?;
        self.conditions(first, "AND", Self::not, Filter::all)
    }

    fn conditions(
        &mut self,
        first: Term,
        word: &str,
        next: fn(&mut Self) -> Result<Term, FilterError>,
        join: fn(Vec<Filter>) -> Filter,
    ) -> Result<Term, FilterError> {
        if !self.at_word(word) {
            return Ok(first);
        }
        let (start, mut depth) = (first.start, first.depth);
        let mut list = vec![self.filter(first)?];
        while self.take_word(word)? {
            let term = next(self)?;
            depth = depth.max(term.depth);
            list.push(self.filter(term)?);
            if list.len() > MAX_LIST {
                return Err(FilterError::Limit { what: "a list of conditions", limit: MAX_LIST });
            }
        }
        term(What::Filter(join(list)), depth + 1, start)
    }

    fn not(&mut self) -> Result<Term, FilterError> {
        let start = self.token.start;
        let mut count = 0;
        while self.take_word("NOT")? {
            count += 1;
            nesting(count)?;
        }
        let inner = self.predicate()?;
        if count == 0 {
            return Ok(inner);
        }
        let depth = inner.depth + count;
        let filter = (0..count).fold(self.filter(inner)?, |filter, _| filter.negated());
        term(What::Filter(filter), depth, start)
    }

    /// Reads a comparison, or whatever stands alone.
    fn predicate(&mut self) -> Result<Term, FilterError> {
        let left = self.arithmetic(0)?;
        let start = left.start;
        if let Kind::Symbol(symbol) = self.token.kind
            && let Some(op) = CompareOp::from_name(symbol)
        {
            self.advance()?;
            let right = self.arithmetic(0)?;
            let depth = left.depth.max(right.depth) + 1;
            let (left, right) = (self.operand(left)?, self.operand(right)?);
            return term(What::Filter(Filter::Compare { op, left, right }), depth, start);
        }
        if self.take_word("IS")? {
            let negated = self.take_word("NOT")?;
            if !self.take_word("NULL")? {
                return Err(self.expected("NULL"));
            }
            let depth = left.depth + 1;
            let filter = Filter::IsNull(self.operand(left)?);
            return condition(filter, negated, depth, start);
        }
        let negated = self.take_word("NOT")?;
        if self.take_word("BETWEEN")? {
            let low = self.arithmetic(0)?;
            if !self.take_word("AND")? {
                return Err(self.expected("AND and the greatest value"));
            }
            let high = self.arithmetic(0)?;
            let depth = left.depth.max(low.depth).max(high.depth) + 1;
            let value = self.operand(left)?;
            let (low, high) = (self.operand(low)?, self.operand(high)?);
            return condition(Filter::Between { value, low, high }, negated, depth, start);
        }
        if self.take_word("LIKE")? {
            let pattern = self.arithmetic(0)?;
            let depth = left.depth.max(pattern.depth) + 1;
            let (value, pattern) = (self.operand(left)?, self.operand(pattern)?);
            return condition(Filter::Like { value, pattern }, negated, depth, start);
        }
        if self.take_word("IN")? {
            let mut depth = left.depth;
            let value = self.operand(left)?;
            let list = self.list(&mut depth)?;
            return condition(Filter::In { value, list }, negated, depth + 1, start);
        }
        if negated {
            return Err(self.expected("BETWEEN, LIKE or IN"));
        }
        Ok(left)
    }

    /// Reads the values of IN.
    fn list(&mut self, depth: &mut usize) -> Result<Vec<Operand>, FilterError> {
        self.need_symbol("(")?;
        let mut list = Vec::new();
        loop {
            let value = self.arithmetic(0)?;
            *depth = (*depth).max(value.depth);
            list.push(self.operand(value)?);
            if list.len() > MAX_LIST {
                return Err(FilterError::Limit { what: "a list of values", limit: MAX_LIST });
            }
            if self.take_symbol(")")? {
                return Ok(list);
            }
            if !self.take_symbol(",")? {
                return Err(self.expected("',' or ')'"));
            }
        }
    }

    /// Reads operators that bind at least as strongly as `least`: 0 sums, 1 products, 2 powers.
    fn arithmetic(&mut self, least: usize) -> Result<Term, FilterError> {
        let mut left = self.atom()?;
        loop {
            let op = match self.token.kind {
                Kind::Symbol(symbol) => ArithmeticOp::from_name(symbol),
                Kind::Word(word) => ArithmeticOp::from_name(word),
                _ => None,
            };
            let Some((op, strength)) = op.map(|op| (op, strength(op))) else { return Ok(left) };
            if strength < least {
                return Ok(left);
            }
            self.advance()?;
            // Powers are read from the right: 2 ^ 3 ^ 2 is 2 ^ 9.
            let power = op == ArithmeticOp::Power;
            self.enter()?;
            let right = self.arithmetic(strength + usize::from(!power))?;
            self.level -= 1;
            let (start, depth) = (left.start, left.depth.max(right.depth) + 1);
            let operands = (self.operand(left)?, self.operand(right)?);
            let (left_side, right_side) = (Box::new(operands.0), Box::new(operands.1));
            let both = Operand::Arithmetic { op, left: left_side, right: right_side };
            left = term(What::Operand(both), depth, start)?;
        }
    }

    fn atom(&mut self) -> Result<Term, FilterError> {
        let start = self.token.start;
        let single = |operand| term(What::Operand(operand), 0, start);
        match &self.token.kind {
            Kind::Symbol("(") => {
                self.enter()?;
                self.advance()?;
                let inner = self.any()?;
                self.need_symbol(")")?;
                self.level -= 1;
                Ok(Term { start, ..inner })
            }
            Kind::Symbol("-" | "+") | Kind::Number(_) => single(self.number()?),
            Kind::Text(_) | Kind::Name(_) => match self.advance()?.kind {
                Kind::Text(text) => single(Operand::Text(text.into_owned())),
                Kind::Name(name) => single(Operand::Property(name.into_owned())),
                _ => Err(self.expected("a value")),
            },
            Kind::Word(word) => self.word(word),
            _ => Err(self.expected("a name, a value, '(' or NOT")),
        }
    }

    /// Reads a number with its sign.
    fn number(&mut self) -> Result<Operand, FilterError> {
        let start = self.token.start;
        let sign = if self.take_symbol("-")? { "-" } else { "" };
        if sign.is_empty() {
            self.take_symbol("+")?;
        }
        let Kind::Number(digits) = self.token.kind else {
            return Err(self.expected("a number"));
        };
        self.advance()?;
        let text = format!("{sign}{digits}");
        if let Ok(n) = text.parse() {
            return Ok(Operand::Int(n));
        }
        let finite = text.parse().ok().filter(|x: &f64| x.is_finite());
        finite.map(Operand::Float).ok_or_else(|| self.expected_at(start, "a number below 1.8e308"))
    }

    /// Reads what begins with a word: a name, a keyword's value or a function.
    fn word(&mut self, word: &'a str) -> Result<Term, FilterError> {
        let Token { start, end, .. } = self.token;
        let next = lexer::next(self.text, end)?;
        let called = next.kind == Kind::Symbol("(");
        let tagged = matches!(next.kind, Kind::Word(w) if is_one_of(w, &["EMPTY", "Z", "M", "ZM"]));
        let tagged_name = word.trim_end_matches(['z', 'Z', 'm', 'M']);
        if (called || tagged) && (is_one_of(word, &SHAPES) || is_one_of(tagged_name, &SHAPES)) {
            return self.shape(start);
        }
        if called {
            self.enter()?;
            self.advance()?;
            self.advance()?;
            let inner = self.function(word, start)?;
            self.need_symbol(")")?;
            self.level -= 1;
            return Ok(inner);
        }
        if is_one_of(word, &RESERVED) {
            return Err(
                self.expected("a name, a value, '(' or NOT (a name like this needs \"quotes\")")
            );
        }
        self.advance()?;
        let operand = match word {
            _ if word.eq_ignore_ascii_case("TRUE") => Operand::Bool(true),
            _ if word.eq_ignore_ascii_case("FALSE") => Operand::Bool(false),
            name => Operand::Property(name.to_owned()),
        };
        term(What::Operand(operand), 0, start)
    }

    /// Reads what stands between a function's parentheses.
    fn function(&mut self, name: &str, start: usize) -> Result<Term, FilterError> {
        if let Some(op) = SpatialOp::from_name(name) {
            let left = self.shape_argument()?;
            self.need_symbol(",")?;
            let right = self.shape_argument()?;
            return term(What::Filter(Filter::Spatial { op, left, right }), 1, start);
        }
        if let Some(op) = TemporalOp::from_name(name) {
            let (left, left_depth) = self.time_argument()?;
            self.need_symbol(",")?;
            let (right, right_depth) = self.time_argument()?;
            let depth = left_depth.max(right_depth) + 1;
            return term(What::Filter(Filter::Temporal { op, left, right }), depth, start);
        }
        match name.to_ascii_uppercase().as_str() {
            "CASEI" | "ACCENTI" => {
                let inner = self.arithmetic(0)?;
                let depth = inner.depth + 1;
                let inner = Box::new(self.operand(inner)?);
                let case = name.eq_ignore_ascii_case("CASEI");
                let folded = if case { Operand::CaseI(inner) } else { Operand::AccentI(inner) };
                term(What::Operand(folded), depth, start)
            }
            "DATE" => {
                let day = self.quoted(literal::date, "a date such as '2026-05-01'")?;
                term(What::Operand(Operand::Date(day)), 0, start)
            }
            "TIMESTAMP" => {
                let expected = "an instant such as '2026-05-01T08:30:00Z'";
                let at = self.quoted(literal::instant, expected)?;
                term(What::Operand(Operand::Instant(at)), 0, start)
            }
            "INTERVAL" => {
                let from = self.interval_end()?;
                self.need_symbol(",")?;
                let to = self.interval_end()?;
                term(What::Interval(from, to), 0, start)
            }
            "BBOX" | "ENVELOPE" => {
                let mut numbers = Vec::new();
                loop {
                    numbers.push(match self.number()? {
                        Operand::Int(n) => n as f64,
                        Operand::Float(x) => x,
                        _ => return Err(self.expected("a number")),
                    });
                    if numbers.len() > 6 || !self.take_symbol(",")? {
                        break;
                    }
                }
                let shape = literal::bbox(&numbers);
                let shape = shape.ok_or_else(|| self.expected_at(start, literal::BOX))?;
                term(What::Shape(shape), 0, start)
            }
            _ => Err(self.expected_at(
                start,
                "one of the functions CASEI, ACCENTI, DATE, TIMESTAMP, INTERVAL, BBOX, S_INTERSECTS \
                 and its kin, T_INTERSECTS and its kin, or a shape such as POLYGON",
            )),
        }
    }

    /// Reads a quoted value.
    fn quoted<T>(&mut self, read: fn(&str) -> Option<T>, expected: &str) -> Result<T, FilterError> {
        let value = match &self.token.kind {
            Kind::Text(text) => read(text),
            _ => None,
        };
        let value = value.ok_or_else(|| self.expected(expected))?;
        self.advance()?;
        Ok(value)
    }

    fn interval_end(&mut self) -> Result<Option<Operand>, FilterError> {
        let expected = "a date or instant in quotes, '..' or a name";
        match &self.token.kind {
            Kind::Text(text) if text == ".." => {
                self.advance()?;
                Ok(None)
            }
            Kind::Text(_) => self.quoted(literal::day_or_instant, expected).map(Some),
            Kind::Symbol(_) | Kind::Number(_) | Kind::End => Err(self.expected(expected)),
            Kind::Word(_) | Kind::Name(_) => {
                let end = self.atom()?;
                let start = end.start;
                match self.operand(end)? {
                    end @ (Operand::Property(_) | Operand::Date(_) | Operand::Instant(_)) => {
                        Ok(Some(end))
                    }
                    _ => Err(self.expected_at(start, expected)),
                }
            }
        }
    }

    /// Reads well-known text that begins at byte `start`.
    fn shape(&mut self, start: usize) -> Result<Term, FilterError> {
        let rest = self.text.get(start..).unwrap_or("");
        let mut open = 0_usize;
        let mut length = rest.len();
        for (at, c) in rest.char_indices() {
            match c {
                '(' => open += 1,
                ')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        length = at + 1;
                        break;
                    }
                }
                // "POINT EMPTY" has no parentheses and ends with its last word.
                ',' | '=' | '<' | '>' if open == 0 => {
                    length = at;
                    break;
                }
                _ => {}
            }
        }
        if open == 0
            && let Some(end) = empty_end(rest.get(..length).unwrap_or(""))
        {
            length = end;
        }
        let text = rest.get(..length).unwrap_or("");
        let geometry = literal::wkt(text)
            .map_err(|(offset, expected)| self.expected_at(start + offset, &expected))?;
        self.token = lexer::next(self.text, start + length)?;
        term(What::Shape(Shape::Literal(geometry)), 0, start)
    }

    fn shape_argument(&mut self) -> Result<Shape, FilterError> {
        let argument = self.arithmetic(0)?;
        match argument.what {
            What::Shape(shape) => Ok(shape),
            What::Operand(Operand::Property(name)) => Ok(Shape::Property(name)),
            _ => {
                let expected = "geometry, BBOX(...) or a shape such as POLYGON((...))";
                Err(self.expected_at(argument.start, expected))
            }
        }
    }

    fn time_argument(&mut self) -> Result<(TimeOperand, usize), FilterError> {
        let argument = self.arithmetic(0)?;
        match argument.what {
            What::Interval(from, to) => Ok((TimeOperand::Interval(from, to), argument.depth)),
            What::Operand(at @ (Operand::Property(_) | Operand::Date(_) | Operand::Instant(_))) => {
                Ok((TimeOperand::At(at), argument.depth))
            }
            _ => {
                let expected = "a name, DATE(...), TIMESTAMP(...) or INTERVAL(...)";
                Err(self.expected_at(argument.start, expected))
            }
        }
    }

    fn filter(&self, term: Term) -> Result<Filter, FilterError> {
        match term.what {
            What::Filter(filter) => Ok(filter),
            What::Operand(Operand::Bool(value)) => Ok(Filter::Literal(value)),
            // A field of truth values is a condition by itself.
            What::Operand(left @ Operand::Property(_)) => {
                Ok(Filter::Compare { op: CompareOp::Equal, left, right: Operand::Bool(true) })
            }
            _ => {
                Err(self
                    .expected_at(term.start, "a condition such as name = 'x', not a value alone"))
            }
        }
    }

    fn operand(&self, term: Term) -> Result<Operand, FilterError> {
        match term.what {
            What::Operand(operand) => Ok(operand),
            _ => Err(self.expected_at(term.start, "a name, text, number, truth value or date")),
        }
    }
}

fn strength(op: ArithmeticOp) -> usize {
    match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract => 0,
        ArithmeticOp::Power => 2,
        _ => 1,
    }
}

/// Makes a term, or refuses one that nests too deep.
fn term(what: What, depth: usize, start: usize) -> Result<Term, FilterError> {
    nesting(depth)?;
    Ok(Term { what, depth, start })
}

fn condition(
    filter: Filter,
    negated: bool,
    depth: usize,
    start: usize,
) -> Result<Term, FilterError> {
    let filter = if negated { filter.negated() } else { filter };
    term(What::Filter(filter), depth + usize::from(negated), start)
}

fn nesting(depth: usize) -> Result<(), FilterError> {
    if depth > MAX_NESTING {
        return Err(FilterError::Limit { what: "its nesting", limit: MAX_NESTING });
    }
    Ok(())
}

/// Returns where the word EMPTY ends, when the shape is empty.
fn empty_end(text: &str) -> Option<usize> {
    let at = text.to_ascii_uppercase().find("EMPTY")?;
    let before = text.get(..at)?;
    (!before.contains('(')).then_some(at + 5)
}
