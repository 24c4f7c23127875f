//! YAML and JSON, read into trees; JSON is YAML.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span as ParserSpan};

use super::node::{Entry, Node, Span, Value};

/// Limit per file.
const MOST_NODES: usize = 2_000_000;

/// Limit per file of nodes that are copies by an alias: a few lines of aliases can expand to more than memory holds.
const MOST_COPIES: usize = 50_000;

/// Limit of levels: each is a call on the stack in whatever walks the tree.
const MAX_DEPTH: usize = 100;

/// Error that keeps a document from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// A list or map that is not over yet.
struct Open {
    anchor: usize,
    start: ParserSpan,
    /// Key or item that the next value belongs to.
    key: Option<(String, Span)>,
    /// It is a map where this is one.
    content: Value,
}

struct Reader {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    copies: usize,
}

/// Reads all documents that can be read, and says what is wrong with the others.
pub(crate) fn read(text: &str) -> (Vec<Node>, Vec<SyntaxError>) {
    let mut parser = Parser::new_from_str(text);
    let mut reader = Reader { documents: Vec::new(), open: Vec::new(), anchors: HashMap::new(), nodes: 0, copies: 0 };
    let mut broken = Vec::new();
    while let Some(event) = parser.next_event() {
        let fault = match event {
            Ok((event, span)) => reader.take(event, span).err(),
            Err(error) => Some(SyntaxError {
                span: Span { line: error.marker().line(), column: error.marker().col() + 1, width: 1 },
                message: match error.info() {
                    info if info.starts_with("recursion limit") => too_deep(),
                    info => info,
                },
            }),
        };
        if let Some(fault) = fault {
            broken.push(fault);
            reader.open.clear();
            // What is left of the file would not fit either.
            if reader.nodes > MOST_NODES
                || reader.copies > MOST_COPIES
                || !matches!(parser.proceed_next_document(), Ok(true))
            {
                break;
            }
        }
    }
    (reader.documents, broken)
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: ParserSpan) -> Result<(), SyntaxError> {
        let open = |content, anchor| Open { anchor, start: span, key: None, content };
        let within_limit = |depth: usize| match depth {
            0..=MAX_DEPTH => Ok(()),
            _ => Err(fault(span_of(span), too_deep())),
        };
        match event {
            Event::MappingStart(_, anchor, _) => {
                within_limit(self.open.len() + 1)?;
                self.open.push(open(Value::Map(Vec::new()), anchor));
            }
            Event::SequenceStart(_, anchor, _) => {
                within_limit(self.open.len() + 1)?;
                self.open.push(open(Value::List(Vec::new()), anchor));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(Open { anchor, start, content, .. }) = self.open.pop() else { return Ok(()) };
                let value = match content {
                    Value::Map(entries) => Value::Map(merged(entries)),
                    other => other,
                };
                return self.put(node(value, start, span), anchor);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = Value::Scalar { text: text.into_owned(), plain };
                return self.put(node(value, span, span), anchor);
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else { return Ok(()) };
                within_limit(self.open.len() + depth(node))?;
                self.copies += size(node);
                if self.copies > MOST_COPIES {
                    let message = format!("has aliases that expand to more than {MOST_COPIES} nodes, the limit");
                    return Err(fault(span_of(span), message));
                }
                let node = node.clone();
                return self.put(Node { span: span_of(span), ..node }, 0);
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts a value where it belongs: into what is open, or among the documents.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        self.nodes += 1;
        within_nodes(self.nodes, node.span)?;
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(Open { key, content, .. }) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match (content, key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some((key, span))) => entries.push(Entry { key, span, node }),
            (_, _) => match node.value {
                Value::Scalar { text, .. } => *key = Some((text, node.span)),
                _ => return Err(fault(node.span, "a list or map cannot be a key")),
            },
        }
        Ok(())
    }
}

fn too_deep() -> String {
    format!("is nested more than {MAX_DEPTH} levels deep, the limit")
}

fn within_nodes(nodes: usize, span: Span) -> Result<(), SyntaxError> {
    match nodes {
        0..=MOST_NODES => Ok(()),
        _ => Err(fault(span, format!("has more than {MOST_NODES} nodes, the limit"))),
    }
}

fn fault(span: Span, message: impl Into<String>) -> SyntaxError {
    SyntaxError { span, message: message.into() }
}

/// Entries that `<<` merges are there unless the map has them itself.
fn merged(mut entries: Vec<Entry>) -> Vec<Entry> {
    while let Some(at) = entries.iter().position(|entry| entry.key == "<<") {
        let brought = entries.remove(at).node;
        let maps = if brought.items().is_empty() { std::slice::from_ref(&brought) } else { brought.items() };
        let own: HashSet<&str> = entries.iter().map(|own| own.key.as_str()).collect();
        let missing: Vec<Entry> = maps
            .iter()
            .flat_map(Node::entries)
            .filter(|entry| entry.key != "<<" && !own.contains(entry.key.as_str()))
            .cloned()
            .collect();
        entries.extend(missing);
    }
    entries
}

fn size(node: &Node) -> usize {
    let within = node.items().iter().chain(node.entries().iter().map(|entry| &entry.node));
    1 + within.map(size).sum::<usize>()
}

fn depth(node: &Node) -> usize {
    let within = node.items().iter().chain(node.entries().iter().map(|entry| &entry.node));
    within.map(depth).max().unwrap_or(0) + usize::from(!matches!(node.value, Value::Scalar { .. }))
}

fn node(value: Value, first: ParserSpan, last: ParserSpan) -> Node {
    Node { value, span: span_of(first), origin: span_of(first), end: last.end.line() }
}

fn span_of(parsed: ParserSpan) -> Span {
    let (start, end) = (parsed.start, parsed.end);
    let width = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 1 };
    Span { line: start.line(), column: start.col() + 1, width: width.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(text: &str, path: &[&str]) -> (usize, usize, usize) {
        let (documents, broken) = read(text);
        assert!(broken.is_empty(), "{broken:?}");
        let node = path.iter().fold(&documents[0], |node, key| match key.parse::<usize>() {
            Ok(index) => &node.items()[index],
            Err(_) => &node.get(key).unwrap_or_else(|| panic!("no {key}: {node:?}")).node,
        });
        (node.span.line, node.span.column, node.span.width)
    }

    #[test]
    fn nodes_know_their_span() {
        let text = "# é\nspec:\n  é: \"ö\"\n  triggers:\n  - type: redis\r\n    metadata: { a: 'b' }\n";
        assert_eq!(place_of(text, &["spec", "é"]), (3, 6, 3));
        assert_eq!(place_of(text, &["spec", "triggers", "0", "type"]), (5, 11, 5));
        assert_eq!(place_of(text, &["spec", "triggers", "0", "metadata", "a"]), (6, 20, 3));
        assert_eq!(place_of("{\n\t\"a\": [1, {\"b\": true}]}", &["a", "1", "b"]), (2, 17, 4));
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        let text = "base: &base\n  x: 1\n  y: 2\none:\n  <<: *base\n  y: 3\ntwo: *base\n";
        let (documents, broken) = read(text);
        assert!(broken.is_empty());
        let text = |map: &str, key: &str| documents[0].get(map)?.node.get(key)?.node.text().map(str::to_owned);
        assert_eq!([text("one", "x"), text("one", "y"), text("two", "y")], ["1", "3", "2"].map(|t| Some(t.to_owned())));
    }

    #[test]
    fn syntax_errors_leave_other_documents_readable() {
        let (documents, broken) = read("a: 1\n---\nb: [1\nc: }\n---\nd: 2\n");
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!((2..=4).contains(&broken[0].span.line), "{broken:?}");
        assert!(documents.iter().any(|document| document.get("d").is_some()));
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused_with_the_limit() {
        let block = (0..5_000).map(|level| " ".repeat(level) + "a:\n").collect::<String>();
        let alias = |level: usize| format!("a{level}: &a{level} [*a{}]\n", level - 1);
        let aliases = (1..200).map(alias).collect::<Vec<_>>().concat();
        for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), block] {
            let (_, broken) = read(&text);
            assert!(broken[0].message.contains("more than 100 levels"), "{broken:?}");
        }
        let (_, broken) = read(&format!("a0: &a0 [x]\n{aliases}"));
        assert!(broken[0].message.contains("more than 100 levels"), "{broken:?}");
        let (documents, broken) = read(&format!("{}{}", "[".repeat(100), "]".repeat(100)));
        assert!(broken.is_empty() && documents.len() == 1, "{broken:?}");
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let lines = (1..10).map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(10)));
        let text = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned()].into_iter().chain(lines);
        let (_, broken) = read(&text.collect::<String>());
        assert!(broken[0].message.contains("aliases"), "{broken:?}");
    }

    #[test]
    fn copies_by_aliases_are_few_however_often_they_are_made() {
        let list = format!("base: &base [{}]\n", "x, ".repeat(1_000));
        let copies = |count: usize| (0..count).map(|n| format!("copy{n}: *base\n")).collect::<Vec<_>>().concat();
        assert!(read(&(list.clone() + &copies(40))).1.is_empty());
        let (_, broken) = read(&(list + &copies(60)));
        assert!(broken[0].message.contains("expand to more than 50000 nodes"), "{broken:?}");
    }
}
