//! The names that files give to encodings.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, IBM866, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
    WINDOWS_1257,
};

/// Returns the encoding that a label means: `.cpg` contents (`UTF-8`, `936`, `CP936`, `ANSI 1252`), an XML
/// declaration (`GB2312`), or what a user typed (`gbk`).
///
/// GBK and GB2312 are read as GB18030, which contains both.
pub fn for_label(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
    let number = label.trim_start_matches(|c: char| !c.is_ascii_digit());
    let prefix = label
        .get(..label.len() - number.len())
        .unwrap_or_default()
        .trim_end_matches([' ', '-', '_']);
    if matches!(
        prefix,
        "" | "cp"
            | "ansi"
            | "oem"
            | "ms"
            | "windows"
            | "ibm"
            | "x-cp"
            | "dos"
            | "ldid/cp"
            | "codepage"
    ) && let Ok(page) = number.parse()
        && let Some(encoding) = for_code_page(page)
    {
        return Some(encoding);
    }
    if matches!(
        label.as_str(),
        "gbk" | "gb2312" | "gb18030" | "gb_2312-80" | "euc-cn" | "euccn" | "gb"
    ) {
        return Some(GB18030);
    }
    if matches!(label.as_str(), "88591" | "iso 88591" | "iso 8859-1" | "8859_1") {
        return Some(WINDOWS_1252);
    }
    Encoding::for_label(label.as_bytes())
}

fn for_code_page(page: u32) -> Option<&'static Encoding> {
    Some(match page {
        65001 => UTF_8,
        936 | 54936 => GB18030,
        950 => BIG5,
        932 => SHIFT_JIS,
        949 => EUC_KR,
        866 => IBM866,
        874 => WINDOWS_874,
        1250 => WINDOWS_1250,
        1251 => WINDOWS_1251,
        1252 | 28591 => WINDOWS_1252,
        1253 => WINDOWS_1253,
        1254 => WINDOWS_1254,
        1255 => WINDOWS_1255,
        1256 => WINDOWS_1256,
        1257 => WINDOWS_1257,
        _ => return None,
    })
}

/// Returns the encoding that the language driver byte (offset 29) of a DBF header means.
///
/// `None` for 0 and for code pages that no current program writes: detect the encoding then.
pub fn for_dbf_language(driver: u8) -> Option<&'static Encoding> {
    for_code_page(match driver {
        0x4D | 0x7A => 936,
        0x4F | 0x78 => 950,
        0x13 | 0x7B => 932,
        0x4E | 0x79 => 949,
        0x26 | 0x65 => 866,
        0x50 | 0x7C => 874,
        0x03 | 0x57..=0x59 => 1252,
        0xC8 => 1250,
        0xC9 => 1251,
        0xCA => 1254,
        0xCB => 1253,
        0xCC => 1257,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_labels_that_real_files_carry_are_known() {
        for (label, expected) in [
            ("UTF-8", UTF_8),
            ("utf8", UTF_8),
            ("\u{feff}UTF-8\r\n", UTF_8),
            ("65001", UTF_8),
            ("936", GB18030),
            ("CP936", GB18030),
            ("GBK", GB18030),
            ("gb2312", GB18030),
            ("ANSI 1252", WINDOWS_1252),
            ("ISO-8859-1", WINDOWS_1252),
            ("ISO 88591", WINDOWS_1252),
            ("windows-1251", WINDOWS_1251),
            ("Big5", BIG5),
            ("Shift_JIS", SHIFT_JIS),
        ] {
            assert_eq!(for_label(label), Some(expected), "{label}");
        }
        assert_eq!(for_label("no such thing"), None);
        assert_eq!(for_label(""), None);
        assert_eq!(for_dbf_language(0x4D), Some(GB18030));
        assert_eq!(for_dbf_language(0), None);
    }
}
