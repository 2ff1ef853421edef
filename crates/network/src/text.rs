//! Texts of a network: those that repeat are kept once, those that do not in one long string.

use std::ops::Range;

use rustc_hash::FxHashMap;

/// A text that many things share; 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Symbol(pub u32);

/// All texts of a network.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    symbols: Vec<Box<str>>,
    by_text: FxHashMap<Box<str>, u32>,
    long: String,
    /// The last symbols made: neighbours in a file tend to share theirs.
    recent: [u32; 16],
}

impl Texts {
    /// Keeps a text that repeats.
    pub(crate) fn intern(&mut self, text: &str) -> Symbol {
        let text = text.trim();
        if text.is_empty() {
            return Symbol::default();
        }
        let bytes = text.as_bytes();
        let slot = (bytes.len() * 7 + bytes[bytes.len() - 1] as usize) % self.recent.len();
        let recent = self.recent[slot];
        if self.symbol(Symbol(recent)) == Some(text) {
            return Symbol(recent);
        }
        let symbol = if let Some(symbol) = self.by_text.get(text) {
            *symbol
        } else {
            self.symbols.push(text.into());
            let symbol = self.symbols.len() as u32;
            self.by_text.insert(text.into(), symbol);
            symbol
        };
        self.recent[slot] = symbol;
        Symbol(symbol)
    }

    /// Returns the text of a symbol.
    pub(crate) fn symbol(&self, symbol: Symbol) -> Option<&str> {
        self.symbols.get((symbol.0 as usize).checked_sub(1)?).map(AsRef::as_ref)
    }

    /// Keeps a text of its own. After 4 GiB of them, nothing more is kept.
    pub(crate) fn keep(&mut self, text: &str) -> Range<u32> {
        let (start, end) = (self.long.len(), self.long.len() + text.len());
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else {
            return 0..0;
        };
        self.long.push_str(text);
        start..end
    }

    /// Returns a text of its own.
    pub(crate) fn long(&self, range: &Range<u32>) -> &str {
        self.long.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// Gives memory back that will not be needed.
    pub(crate) fn shrink(&mut self) {
        self.long.shrink_to(self.long.len() + self.long.len() / 64 + 4096);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_symbol_and_blank_ones_are_none() {
        let mut texts = Texts::default();
        let first = texts.intern("铸铁");
        for n in 0..100 {
            texts.intern(&format!("material {n}"));
        }
        assert_eq!(texts.intern(" 铸铁 "), first);
        assert_eq!(texts.symbol(first), Some("铸铁"));
        assert_eq!(texts.intern("  "), Symbol::default());
        assert_eq!(texts.symbol(Symbol::default()), None);
        let (a, b) = (texts.keep("J-1"), texts.keep("J-22"));
        assert_eq!((texts.long(&a), texts.long(&b)), ("J-1", "J-22"));
    }
}
