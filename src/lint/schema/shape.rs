//! Shapes of objects: the fields of a struct, and the type of each.

/// The fields of a struct.
pub(crate) struct Shape {
    /// Name in messages: `a trigger`.
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [(&'static str, Type)],
    /// Required fields.
    pub(crate) required: &'static [&'static str],
}

impl Shape {
    /// Returns the type of its field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Type> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, kind)| kind)
    }
}

/// Type of a field.
pub(crate) enum Type {
    /// Whatever Kubernetes makes of it.
    Any,
    Text,
    Boolean,
    /// A whole number, and the least and greatest of them.
    Whole(i64, i64),
    /// One of these words.
    One(&'static [&'static str]),
    /// Keys and texts.
    Texts,
    Of(&'static Shape),
    List(&'static Shape),
}

pub(super) const COUNT: Type = Type::Whole(0, i32::MAX as i64);
pub(super) const FROM_ONE: Type = Type::Whole(1, i32::MAX as i64);

/// A struct, and what of it cannot be left out.
pub(super) const fn shape(
    name: &'static str,
    required: &'static [&'static str],
    fields: &'static [(&'static str, Type)],
) -> Shape {
    Shape { name, fields, required }
}

/// Fields of an object with this `spec`.
macro_rules! object {
    ($spec:expr) => {
        [
            ("apiVersion", $crate::lint::schema::shape::Type::Text),
            ("kind", $crate::lint::schema::shape::Type::Text),
            ("metadata", $crate::lint::schema::shape::Type::Of(&META)),
            ("spec", $crate::lint::schema::shape::Type::Of(&$spec)),
            ("status", $crate::lint::schema::shape::Type::Any),
        ]
    };
}

pub(super) use object;
