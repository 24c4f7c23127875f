//! Substitution of `{}` in a command's arguments by the item.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crate::delivery::item::Item;

/// Placeholder for the item.
const PLACE: &[u8] = b"{}";

/// Returns true if one of `arguments` contains the placeholder.
pub(super) fn contain_placeholder(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| places(argument.as_bytes()).next().is_some())
}

/// Returns `arguments` with the item in place of each `{}`; no shell interprets it.
///
/// # Errors
///
/// Fails when the item contains a NUL byte.
pub(super) fn fill(arguments: &[OsString], item: &Item) -> Result<Vec<OsString>, NulByte> {
    if item.0.contains(&0) && contain_placeholder(arguments) {
        return Err(NulByte);
    }
    Ok(arguments.iter().map(|argument| fill_one(argument, &item.0)).collect())
}

/// The item contains a NUL byte, which an argument cannot.
#[derive(Debug, thiserror::Error)]
#[error("it contains a NUL byte (let the command read it from stdin)")]
pub(super) struct NulByte;

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

/// Returns the positions of `{}` in `argument`; they cannot overlap.
fn places(argument: &[u8]) -> impl Iterator<Item = usize> {
    argument.windows(PLACE.len()).enumerate().filter(|(_, window)| *window == PLACE).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn filled(arguments: &[&str], item: &'static [u8]) -> Result<Vec<Vec<u8>>, NulByte> {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let filled = fill(&arguments, &Item(Bytes::from_static(item)))?;
        Ok(filled.into_iter().map(OsString::into_vec).collect())
    }

    #[test]
    fn argument_holds_the_item_only_at_the_placeholder() {
        let arguments = ["{}", "--id={}/{}!", "{ }", "}{", "", "{{}}"];
        assert_eq!(
            filled(&arguments, b"{} $x").unwrap(),
            [&b"{} $x"[..], b"--id={} $x/{} $x!", b"{ }", b"}{", b"", b"{{} $x}"]
        );
        assert_eq!(filled(&["{}"], b"\xff ").unwrap(), [b"\xff "]);
    }

    #[test]
    fn argument_with_placeholder_refuses_a_nul_byte() {
        assert!(filled(&["{}"], b"a\0").unwrap_err().to_string().contains("NUL"));
        assert_eq!(filled(&["-"], b"a\0").unwrap(), [b"-"]);
    }

    proptest! {
        #[test]
        fn any_item_is_as_many_arguments_as_there_are(item in prop::collection::vec(any::<u8>(), 0..50)) {
            let arguments = ["sh", "-c", "printf %s \"$1\"", "{}", "--id={}"].map(OsString::from);
            match fill(&arguments, &Item(Bytes::from(item.clone()))) {
                Err(NulByte) => prop_assert!(item.contains(&0)),
                Ok(filled) => {
                    prop_assert_eq!(&filled[..3], &arguments[..3]);
                    prop_assert_eq!((filled[3].as_bytes(), filled[4].as_bytes()), (&item[..], &[b"--id=", &item[..]].concat()[..]));
                }
            }
        }
    }
}
