use std::io::{self, Read};

use onemap_model::Value;

use super::*;

/// Gives one byte at a time, so that every token meets the end of the buffer.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
        self.0 = rest;
        buf[0] = *first;
        Ok(1)
    }
}

fn value(text: &str) -> Value {
    let whole = Lexer::new(text.as_bytes()).value().unwrap();
    let dripped = Lexer::new(Drip(text.as_bytes())).value().unwrap();
    assert_eq!(whole, dripped);
    whole
}

#[test]
fn every_kind_of_value_is_read_however_the_bytes_arrive() {
    assert_eq!(value("\u{feff} 12"), Value::Int(12));
    assert_eq!(value("-0.5e1"), Value::Float(-5.0));
    assert_eq!(value("9007199254740993"), Value::Int(9_007_199_254_740_993));
    assert_eq!(value("123456789012345678901"), Value::Text("123456789012345678901".into()));
    assert_eq!(value("true"), Value::Bool(true));
    assert_eq!(value("NaN"), Value::Null);
    assert_eq!(value("-Infinity"), Value::Null);
    assert_eq!(value(r#""a\u5bbf\ud83d\ude00\"\n\/""#), Value::Text("a宿😀\"\n/".into()));
    assert_eq!(value(r#""\ud83d""#), Value::Text("\u{fffd}".into()));
    assert_eq!(
        value(r#" { "a" : [ 1 , 2.50, { } ] , "b":"x , y" } "#),
        Value::Json(r#"{"a":[1,2.5,{}],"b":"x , y"}"#.into())
    );
}

#[test]
fn coordinates_are_the_nearest_float() {
    for text in [
        "118.27",
        "-33.960000001",
        "0.1",
        "118.27499999999998",
        "1e-7",
        "4503599627370497.5",
        "39615743.123456789",
    ] {
        let read = Lexer::new(Drip(text.as_bytes())).coordinate().unwrap();
        assert_eq!(read, Some(text.parse().unwrap()), "{text}");
    }
    assert_eq!(Lexer::new(&b"null"[..]).coordinate().unwrap(), None);
    assert_eq!(Lexer::new(&b"1e999"[..]).coordinate().unwrap(), None);
}

#[test]
fn errors_tell_line_and_byte_and_whether_the_text_is_cut() {
    let fault = Lexer::new(&b"{\n \"a\": tru }"[..]).skip_value().unwrap_err();
    assert!(matches!(*fault, Fault::Syntax { line: 2, offset: 8, is_cut: false, .. }), "{fault:?}");
    for text in ["{\"a\": [1, 2", "{\"a", "\"abc\\", "[1,", "{\"a\"", "tr"] {
        let fault = Lexer::new(text.as_bytes()).skip_value().unwrap_err();
        let Fault::Syntax { is_cut, .. } = *fault else { panic!() };
        assert!(is_cut || text == "tr", "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let deep = "[".repeat(1_000_000);
    let fault = Lexer::new(deep.as_bytes()).value().unwrap_err();
    assert!(format!("{fault:?}").contains("nested deeper"));
}
