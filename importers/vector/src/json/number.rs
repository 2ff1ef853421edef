//! Numbers of JSON.

use std::io::Read;

use super::{Lexer, Result};

/// A number as JSON writes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Number {
    /// A whole number of 64 bits.
    Int(i64),
    /// Any other number that is finite.
    Float(f64),
    /// A whole number beyond 64 bits or a number beyond the floats: its text.
    Huge(String),
}

impl<R: Read> Lexer<R> {
    /// Takes a number for a coordinate. `None` when the value is something else, which is passed over.
    #[inline]
    pub(crate) fn coordinate(&mut self) -> Result<Option<f64>> {
        if !matches!(self.peek()?, Some(b'-' | b'0'..=b'9')) {
            self.skip_value()?;
            return Ok(None);
        }
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let (length, exact) = scan_number(rest);
            if length == rest.len() && self.fill()? {
                continue;
            }
            let number = match exact {
                Some(exact) => exact,
                None => match parse_float(self.buffer.get(self.at..self.at + length)) {
                    Some(number) => number,
                    None if self.is_infinite()? => {
                        self.word()?;
                        return Ok(None);
                    }
                    None => return Err(self.unexpected("a number")),
                },
            };
            self.at += length;
            return Ok(number.is_finite().then_some(number));
        }
    }

    /// Takes a number.
    pub(crate) fn number(&mut self) -> Result<Number> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let is_part =
                |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
            let length = rest.iter().take_while(|b| is_part(b)).count();
            if length == rest.len() && self.fill()? {
                continue;
            }
            let digits = self.buffer.get(self.at..self.at + length).unwrap_or_default();
            let is_whole = !digits.iter().any(|b| matches!(b, b'.' | b'e' | b'E'));
            let text = std::str::from_utf8(digits).unwrap_or_default();
            let number = match (is_whole, text.parse::<i64>()) {
                (true, Ok(whole)) => Some(Number::Int(whole)),
                _ => match text.parse::<f64>() {
                    Ok(number) if is_whole || !number.is_finite() => {
                        Some(Number::Huge(text.to_owned()))
                    }
                    Ok(number) => Some(Number::Float(number)),
                    Err(_) => None,
                },
            };
            let Some(number) = number else {
                return Err(self.unexpected("a number"));
            };
            self.at += length;
            return Ok(number);
        }
    }
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Returns the length of the number at the beginning, and its value where the division of two exact floats
/// gives the nearest float (W. D. Clinger, How to read floating point numbers accurately, 1990).
#[inline]
fn scan_number(bytes: &[u8]) -> (usize, Option<f64>) {
    let negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let mut digits: u64 = 0;
    let start = at;
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        at += 1;
    }
    let mut count = at - start;
    let mut fraction = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let start = at;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        fraction = at - start;
        count += fraction;
    }
    if let Some(b'e' | b'E' | b'+' | b'-' | b'.') = bytes.get(at) {
        let is_part = |b: &&u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
        let tail = bytes.get(at..).unwrap_or_default();
        return (at + tail.iter().take_while(is_part).count(), None);
    }
    // 19 digits never overflow 64 bits.
    if count == 0 || count > 19 || digits > 1 << 53 {
        return (at, None);
    }
    let Some(power) = POWERS.get(fraction) else { return (at, None) };
    let value = digits as f64 / power;
    (at, Some(if negative { -value } else { value }))
}

fn parse_float(bytes: Option<&[u8]>) -> Option<f64> {
    std::str::from_utf8(bytes?).ok()?.parse().ok()
}
