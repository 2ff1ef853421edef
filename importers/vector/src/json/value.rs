//! Values of JSON that are kept as attributes, or passed over.

use std::io::Read;

use encoding_rs::GB18030;
use onemap_bounded::limits as guards;
use onemap_model::Value;

use super::{Lexer, Number, Result};
use crate::limits;

impl<R: Read> Lexer<R> {
    /// Takes any value as an attribute; lists and objects as compact JSON text.
    pub(crate) fn value(&mut self) -> Result<Value> {
        Ok(match self.peek()? {
            Some(b'"') => {
                let text = self.string()?;
                Value::Text(self.text(&text).into_owned())
            }
            Some(b'-') if self.is_infinite()? => {
                self.word()?;
                Value::Null
            }
            Some(b'-' | b'0'..=b'9') => match self.number()? {
                Number::Int(whole) => Value::Int(whole),
                Number::Float(number) => Value::Float(number),
                Number::Huge(text) => Value::Text(text),
            },
            Some(b'{' | b'[') => {
                let mut raw = Vec::new();
                self.pass(Some(&mut raw))?;
                let json = match String::from_utf8(raw) {
                    Ok(json) => json,
                    Err(error) => {
                        self.foreign_texts += 1;
                        GB18030.decode_without_bom_handling(error.as_bytes()).0.into_owned()
                    }
                };
                Value::Json(json)
            }
            _ => match self.word()? {
                Word::True => Value::Bool(true),
                Word::False => Value::Bool(false),
                Word::Null => Value::Null,
            },
        })
    }

    /// Passes over any value.
    pub(crate) fn skip_value(&mut self) -> Result<()> {
        self.pass(None)
    }

    /// Passes over a value and copies it, without white space.
    fn pass(&mut self, mut copy: Option<&mut Vec<u8>>) -> Result<()> {
        // Open brackets, as the bytes that close them.
        let mut open: Vec<u8> = Vec::new();
        loop {
            let byte = self.peek()?;
            match byte {
                Some(b'{' | b'[') => {
                    let (begin, close) =
                        if byte == Some(b'{') { (b'{', b'}') } else { (b'[', b']') };
                    self.at += 1;
                    if open.len() >= limits::MAX_JSON_DEPTH {
                        return Err(self.fault(format!(
                            "lists and objects are nested deeper than {}",
                            limits::MAX_JSON_DEPTH
                        )));
                    }
                    push(&mut copy, &[begin]);
                    if self.accept(close)? {
                        push(&mut copy, &[close]);
                    } else {
                        open.push(close);
                        self.pass_key(close, &mut copy)?;
                        continue;
                    }
                }
                Some(b'"') => self.pass_string(&mut copy)?,
                Some(b'-' | b'0'..=b'9') if !self.is_infinite()? => {
                    let number = self.number()?;
                    if copy.is_some() {
                        let text = match number {
                            Number::Int(whole) => whole.to_string(),
                            Number::Float(float) => serde_json::Number::from_f64(float)
                                .map_or_else(|| "null".into(), |n| n.to_string()),
                            Number::Huge(text) => text,
                        };
                        push(&mut copy, text.as_bytes());
                    }
                }
                _ => {
                    let word = self.word()?;
                    let text: &[u8] = match word {
                        Word::True => b"true",
                        Word::False => b"false",
                        Word::Null => b"null",
                    };
                    push(&mut copy, text);
                }
            }
            // A value is complete: close what ends here.
            loop {
                let Some(&close) = open.last() else { return Ok(()) };
                if self.another(close)? {
                    push(&mut copy, b",");
                    self.pass_key(close, &mut copy)?;
                    break;
                }
                push(&mut copy, &[close]);
                open.pop();
            }
            if copy.as_ref().is_some_and(|copy| copy.len() > guards::MAX_VALUE_BYTES) {
                return Err(self.fault("a single value is too long"));
            }
        }
    }

    fn pass_key(&mut self, close: u8, copy: &mut Option<&mut Vec<u8>>) -> Result<()> {
        if close == b'}' {
            self.pass_string(copy)?;
            self.expect(b':')?;
            push(copy, b":");
        }
        Ok(())
    }

    fn pass_string(&mut self, copy: &mut Option<&mut Vec<u8>>) -> Result<()> {
        let text = self.string()?;
        let start = text.range.start.saturating_sub(1);
        push(copy, self.buffer.get(start..text.range.end + 1).unwrap_or_default());
        Ok(())
    }

    /// Tells whether `-Infinity` comes.
    pub(super) fn is_infinite(&mut self) -> Result<bool> {
        while self.buffer.len() - self.at < 2 {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(self.buffer.get(self.at..self.at + 2) == Some(b"-I"))
    }

    /// Takes `true`, `false` or `null`; also the words that Python writes for numbers that are none.
    pub(super) fn word(&mut self) -> Result<Word> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let length = rest.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'-').count();
            if length == rest.len() && self.fill()? {
                continue;
            }
            let word = match self.buffer.get(self.at..self.at + length) {
                Some(b"true") => Word::True,
                Some(b"false") => Word::False,
                Some(b"null" | b"NaN" | b"Infinity" | b"-Infinity") => Word::Null,
                _ => return Err(self.unexpected("a value")),
            };
            self.at += length;
            return Ok(word);
        }
    }
}

pub(super) enum Word {
    True,
    False,
    Null,
}

fn push(copy: &mut Option<&mut Vec<u8>>, bytes: &[u8]) {
    if let Some(copy) = copy {
        copy.extend_from_slice(bytes);
    }
}
