//! Text that another tool replaces before it is applied: what it says is not final.

/// The kind of a placeholder, by the tool that replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Placeholder {
    /// `{{ .Values.max }}`: Helm, Jinja, Argo CD.
    Template,
    /// `${MAX}`: envsubst, Flux.
    Variable,
    /// `${MAX:=5}`: Flux, and shells; envsubst leaves it as it is.
    Expansion,
    /// `$(MAX)`: a variable of kustomize, a parameter of Tekton.
    Reference,
    /// `<path:secrets/redis#password>`, `#{MAX}#`, `__MAX__` and others.
    Marker,
    /// `<redis-host>`, `YOUR_LIST`, `changeme`: left to the reader.
    Example,
}

/// Beginnings of words that an example leaves to its reader.
const EXAMPLES: [&str; 2] = ["your-", "your_"];

/// Words that an example leaves to its reader.
const TO_REPLACE: [&str; 9] = [
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
    "replace-with",
    "replace_with",
    "fixme",
];

impl Placeholder {
    /// Returns the kind of the placeholder that is, or is a part of, `text`; `None` for final text.
    pub(super) fn of(text: &str) -> Option<Self> {
        if text.len() < 2 {
            return None;
        }
        let pair = |open: &str, close: &str| {
            text.find(open).is_some_and(|at| text[at + open.len()..].find(close).is_some_and(|length| length > 0))
        };
        if pair("{{", "}}") || pair("[[", "]]") || pair("{%", "%}") {
            return Some(Self::Template);
        }
        if has_expansion(text) {
            return Some(Self::Expansion);
        }
        if pair("${", "}") || is_shell_variable(text) {
            return Some(Self::Variable);
        }
        if pair("$(", ")") {
            return Some(Self::Reference);
        }
        let begins = ["<path:", "ENC[", "ref+", "vault:", "op://"].iter().any(|start| text.starts_with(start));
        if begins
            || is_in_double_parentheses(text)
            || pair("#{", "}#")
            || pair("@@", "@@")
            || pair("%%", "%%")
            || is_underlined(text)
        {
            return Some(Self::Marker);
        }
        let lower = text.to_ascii_lowercase();
        let left_open =
            EXAMPLES.iter().any(|start| lower.starts_with(start)) || TO_REPLACE.iter().any(|word| lower.contains(word));
        (left_open || (pair("<", ">") && !text.contains(char::is_whitespace))).then_some(Self::Example)
    }

    /// Returns what is wrong with judging the text.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Example => "is an example, which is not checked",
            _ => "is replaced later, and not checked",
        }
    }

    /// Returns how to lint what the text becomes.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Template => "render the template first: `helm template … | qscale render --lint -`",
            Self::Variable => "replace the variables first: `envsubst < FILE | qscale render --lint -`",
            Self::Expansion => {
                "replace the variables first: `flux envsubst < FILE | qscale render --lint -`; plain envsubst knows no \
                 defaults"
            }
            Self::Reference => {
                "build it first: `kustomize build … | qscale render --lint -`; KEDA itself replaces nothing here"
            }
            Self::Marker => "lint the output of the tool that replaces it: `… | qscale render --lint -`",
            Self::Example => "replace it with a value of your own",
        }
    }
}

/// Returns whether a text has a variable with more than its name: `${MAX:=5}`, `${MAX-5}`, `${NAME/a/b}`, `${#NAME}`.
pub(super) fn has_expansion(text: &str) -> bool {
    text.match_indices("${").any(|(at, open)| {
        let inside = text[at + open.len()..].split_once('}').map_or("", |(inside, _)| inside);
        let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        !inside.starts_with('{') && !is_name(inside.trim())
    })
}

/// `$QUEUE`, of which nothing but the name is left.
fn is_shell_variable(text: &str) -> bool {
    text.split(':').any(|part| {
        part.strip_prefix('$').is_some_and(|name| {
            name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        })
    })
}

/// `((redis-host))`: a name alone, as a formula may begin with two parentheses as well.
fn is_in_double_parentheses(text: &str) -> bool {
    let name = text.strip_prefix("((").and_then(|text| text.strip_suffix("))"));
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
    })
}

/// `__QUEUE__`: capitals only, as lists and fields may begin and end with underscores as well.
fn is_underlined(text: &str) -> bool {
    let name = text.strip_prefix("__").and_then(|text| text.strip_suffix("__"));
    name.is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_final_text() {
        for (text, expected) in [
            ("{{ .Release.Name }}-worker", Placeholder::Template),
            ("{{.Values.max}}", Placeholder::Template),
            ("{% if x %}", Placeholder::Template),
            ("[[ .Queue ]]", Placeholder::Template),
            ("${REDIS_HOST}:${REDIS_PORT}", Placeholder::Variable),
            ("${MAX:=5}", Placeholder::Expansion),
            ("${REDIS_HOST}:${REDIS_PORT:-6379}", Placeholder::Expansion),
            ("${#QUEUE}", Placeholder::Expansion),
            ("${{ values.name }}", Placeholder::Template),
            ("$QUEUE", Placeholder::Variable),
            ("$REDIS_HOST:6379", Placeholder::Variable),
            ("$(QUEUE_NAME)", Placeholder::Reference),
            ("<path:kv/data/redis#host>", Placeholder::Marker),
            ("ENC[AES256_GCM,data:Zm9v,type:str]", Placeholder::Marker),
            ("ref+vault://redis#host", Placeholder::Marker),
            ("#{RedisHost}#", Placeholder::Marker),
            ("__REDIS_HOST__", Placeholder::Marker),
            ("@@QUEUE@@", Placeholder::Marker),
            ("((queue))", Placeholder::Marker),
            ("<redis-host>:6379", Placeholder::Example),
            ("your-redis-host:6379", Placeholder::Example),
            ("YOUR_LIST", Placeholder::Example),
            ("CHANGEME", Placeholder::Example),
        ] {
            assert_eq!(Placeholder::of(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "5",
            "redis.data:6379",
            "{mylist}:claims",
            "asynq:{default}:pending",
            "queues:default",
            "a<b",
            "__engine_pending_list_ab12__",
            "price$",
            "$",
            "{}",
            "a b:{c}",
            "bull:translate:wait",
            "redis@sha256:0",
            "waiting > 5 ? 1 : 0",
            "((waiting + busy) / 2)",
            "((waiting)) + busy",
        ] {
            assert_eq!(Placeholder::of(text), None, "{text}");
        }
    }
}
