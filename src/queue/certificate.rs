//! The end of a certificate's validity, read from its DER form.

use std::time::SystemTime;

use crate::units::rfc_3339;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Returns the time at which a certificate (X.509, DER) expires; `None` if it cannot be read.
pub(super) fn expiry(der: &[u8]) -> Option<SystemTime> {
    let (certificate, _) = value(der, SEQUENCE)?;
    let (mut fields, _) = value(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        fields = value(fields, VERSION)?.1;
    }
    // Serial number, algorithm of the signature, issuer.
    for _ in 0..3 {
        fields = value(fields, *fields.first()?)?.1;
    }
    let (validity, _) = value(fields, SEQUENCE)?;
    let (_, end) = value(validity, *validity.first()?)?;
    let kind = *end.first()?;
    let text = std::str::from_utf8(value(end, kind)?.0).ok()?;
    let year = match kind {
        UTC_TIME if text.get(..2)? < "50" => format!("20{}", text.get(..2)?),
        UTC_TIME => format!("19{}", text.get(..2)?),
        GENERALIZED_TIME => text.get(..4)?.to_owned(),
        _ => return None,
    };
    let rest = text.get(if kind == UTC_TIME { 2 } else { 4 }..)?;
    let part = |at: usize| rest.get(at..at + 2);
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    rfc_3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// Returns the content of the value of `kind` at the start of `bytes`, and what follows it.
fn value(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (found == kind).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn expiry_is_read_from_both_forms_of_time() {
        for (year, month, expected) in [(2031, 5, "2031-05-17T00:00:00Z"), (2055, 12, "2055-12-17T00:00:00Z")] {
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = date_time_ymd(year, month, 17);
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            assert_eq!(expiry(certificate.der()), rfc_3339(expected));
        }
        assert_eq!(expiry(b""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_certificate_or_have_no_expiry(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = expiry(&bytes);
        }

        #[test]
        fn any_nested_sequences_end(lengths in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes: Vec<u8> = lengths.into_iter().flat_map(|length| [SEQUENCE, length]).collect();
            let _ = expiry(&bytes);
        }
    }
}
