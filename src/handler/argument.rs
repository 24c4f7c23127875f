//! The item in a command's arguments, where `{}` asks for it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crate::delivery::item::Item;

/// What stands for the item.
const PLACE: &[u8] = b"{}";

/// Whether one of `arguments` asks for the item.
pub(super) fn ask_for_item(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| places(argument.as_bytes()).next().is_some())
}

/// Returns `arguments` with the item at each `{}`; no shell looks at it.
///
/// # Errors
///
/// Says why the item cannot be an argument.
pub(super) fn fill(arguments: &[OsString], item: &Item) -> Result<Vec<OsString>, String> {
    if item.0.contains(&0) && ask_for_item(arguments) {
        return Err("it holds a NUL byte, which no argument can: have the command read it from stdin".to_owned());
    }
    Ok(arguments.iter().map(|argument| fill_one(argument, &item.0)).collect())
}

fn fill_one(argument: &OsStr, item: &[u8]) -> OsString {
    let argument = argument.as_bytes();
    let (mut filled, mut from) = (Vec::new(), 0);
    for place in places(argument) {
        filled.extend_from_slice(&argument[from..place]);
        filled.extend_from_slice(item);
        from = place + PLACE.len();
    }
    filled.extend_from_slice(&argument[from..]);
    OsString::from_vec(filled)
}

/// Where `{}` stands in `argument`; two of them cannot overlap.
fn places(argument: &[u8]) -> impl Iterator<Item = usize> {
    argument.windows(PLACE.len()).enumerate().filter(|(_, window)| *window == PLACE).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn filled(arguments: &[&str], item: &'static [u8]) -> Result<Vec<Vec<u8>>, String> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let filled = fill(&arguments, &Item(Bytes::from_static(item)))?;
        Ok(filled.into_iter().map(OsString::into_vec).collect())
    }

    #[test]
    fn the_item_stands_where_it_is_asked_for_and_nowhere_else() {
        let arguments = ["{}", "--id={}/{}!", "{ }", "}{", "", "{{}}"];
        assert_eq!(
            filled(&arguments, b"{} $x").unwrap(),
            [&b"{} $x"[..], b"--id={} $x/{} $x!", b"{ }", b"}{", b"", b"{{} $x}"]
        );
        assert_eq!(filled(&["{}"], b"\xff ").unwrap(), [b"\xff "]);
    }

    #[test]
    fn a_nul_byte_matters_only_to_who_asks_for_the_item() {
        assert!(filled(&["{}"], b"a\0").unwrap_err().contains("NUL"));
        assert_eq!(filled(&["-"], b"a\0").unwrap(), [b"-"]);
    }
}
