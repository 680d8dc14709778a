//! XML-RPC answers, as far as the journal needs them.
//!
//! The reader knows no entities but the five of XML and character references, refuses document types, and goes
//! as deep as an answer of the journal does.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use crate::acquire::fields::quoted;
use crate::error::{Error, Result};

/// Deepest nesting of values: an answer of the journal has three.
const MAX_DEPTH: usize = 8;
/// Most values of one answer; the journal's largest has 50,000 rows of five, and one for each row.
const MAX_VALUES: usize = 2_000_000;
/// Longest text of a value, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// A value of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `string`, or a value without a type.
    Text(String),
    /// `int`, `i4`, `i8`.
    Whole(i64),
    /// `nil`.
    Nil,
    /// `array`.
    List(Vec<Value>),
    /// `struct`: a fault is one.
    Members(Vec<(String, Value)>),
    /// Any other type, with its text.
    Other(String),
}

/// The request that calls a method, with a whole number or nothing.
pub(super) fn call(method: &str, argument: Option<u64>) -> Vec<u8> {
    let argument =
        argument.map(|number| format!("<param><value><int>{number}</int></value></param>")).unwrap_or_default();
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>{argument}</params></methodCall>"
    )
    .into_bytes()
}

/// The value that a method answered.
///
/// # Errors
/// The bytes are no answer, or too deep or too long to be one of the journal; the answer is a fault.
pub(super) fn answer(bytes: &[u8]) -> Result<Value> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| unfit("is not UTF-8 text").place(format!("byte {}", error.valid_up_to())))?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().expand_empty_elements = true;
    let mut answer = Answer { reader, pending: None, values: 0 };
    answer.read().map_err(|error| match error.place {
        Some(_) => error,
        None => error.place(format!("byte {}", answer.reader.buffer_position())),
    })
}

/// What the answer consists of.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Open(String),
    Close,
    Text(String),
    End,
}

struct Answer<'a> {
    reader: Reader<&'a [u8]>,
    pending: Option<Token>,
    values: usize,
}

impl Answer<'_> {
    fn read(&mut self) -> Result<Value> {
        self.open("methodResponse")?;
        match self.element()? {
            Some(kind) if kind == "params" => {
                self.open("param")?;
                self.open("value")?;
                let value = self.value(0)?;
                for _ in 0..3 {
                    self.close()?;
                }
                self.end()?;
                Ok(value)
            }
            Some(kind) if kind == "fault" => {
                self.open("value")?;
                Err(fault(&self.value(0)?))
            }
            _ => Err(unfit("is no XML-RPC answer")),
        }
    }

    /// The rest of a value whose `<value>` has been read, to its `</value>`.
    fn value(&mut self, depth: usize) -> Result<Value> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return Err(unfit("is deeper or longer than any answer of the journal"));
        }
        let mut bare = String::new();
        loop {
            match self.next()? {
                Token::Text(text) => bare = text,
                Token::Close => return Ok(Value::Text(bare)),
                Token::End => return Err(unfit("ends in the middle of a value")),
                Token::Open(kind) => {
                    let value = match kind.as_str() {
                        "array" => self.list(depth)?,
                        "struct" => self.members(depth)?,
                        _ => scalar(&kind, self.text()?)?,
                    };
                    self.close()?;
                    return Ok(value);
                }
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value> {
        let mut elements = Vec::new();
        self.open("data")?;
        while let Some(kind) = self.element()? {
            if kind != "value" {
                return Err(unfit("an array holds something else than values"));
            }
            elements.push(self.value(depth + 1)?);
        }
        self.close()?;
        Ok(Value::List(elements))
    }

    fn members(&mut self, depth: usize) -> Result<Value> {
        let mut members = Vec::new();
        while let Some(kind) = self.element()? {
            if kind != "member" {
                return Err(unfit("a struct holds something else than members"));
            }
            self.open("name")?;
            let name = self.text()?;
            self.open("value")?;
            members.push((name, self.value(depth + 1)?));
            self.close()?;
        }
        Ok(Value::Members(members))
    }

    /// The text of an element that has been opened, to its end.
    fn text(&mut self) -> Result<String> {
        match self.next()? {
            Token::Close => Ok(String::new()),
            Token::Text(text) => self.close().map(|()| text),
            Token::Open(_) | Token::End => Err(unfit("a value holds something else than text")),
        }
    }

    /// The name of the next element, or `None` if what it would stand in ends.
    fn element(&mut self) -> Result<Option<String>> {
        match self.next_but_blank()? {
            Token::Open(name) => Ok(Some(name)),
            Token::Close => Ok(None),
            Token::Text(_) | Token::End => Err(unfit("is no XML-RPC answer")),
        }
    }

    fn open(&mut self, name: &str) -> Result<()> {
        match self.next_but_blank()? {
            Token::Open(found) if found == name => Ok(()),
            _ => Err(unfit(&format!("has no <{name}> where an XML-RPC answer has one"))),
        }
    }

    fn close(&mut self) -> Result<()> {
        match self.next_but_blank()? {
            Token::Close => Ok(()),
            _ => Err(unfit("is no XML-RPC answer: an element goes on after its value")),
        }
    }

    fn end(&mut self) -> Result<()> {
        match self.next_but_blank()? {
            Token::End => Ok(()),
            _ => Err(unfit("goes on after the answer")),
        }
    }

    fn next_but_blank(&mut self) -> Result<Token> {
        match self.next()? {
            Token::Text(text) if text.trim().is_empty() => self.next(),
            token => Ok(token),
        }
    }

    /// The next token; pieces of text that stand side by side are one.
    fn next(&mut self) -> Result<Token> {
        if let Some(token) = self.pending.take() {
            return Ok(token);
        }
        let mut text: Option<String> = None;
        loop {
            let event = self.reader.read_event().map_err(|error| unfit(&format!("is not XML: {error}")))?;
            let piece = match event {
                Event::Text(piece) => piece.decode().map_err(|error| unfit(&error.to_string()))?.into_owned(),
                Event::CData(piece) => piece.decode().map_err(|error| unfit(&error.to_string()))?.into_owned(),
                Event::GeneralRef(entity) => character(&entity)?,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
                Event::DocType(_) => return Err(unfit("declares a document type, as no XML-RPC answer does")),
                Event::Start(start) => {
                    let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                    return Ok(self.after(text, Token::Open(name)));
                }
                Event::End(_) => return Ok(self.after(text, Token::Close)),
                Event::Empty(_) => return Err(unfit("is not XML")),
                Event::Eof => return Ok(self.after(text, Token::End)),
            };
            let text = text.get_or_insert_default();
            text.push_str(&piece);
            if text.len() > MAX_TEXT {
                return Err(unfit("holds a text of more than 64 KiB"));
            }
        }
    }

    /// The text before a token, if there is any, and then the token.
    fn after(&mut self, text: Option<String>, token: Token) -> Token {
        match text {
            Some(text) => {
                self.pending = Some(token);
                Token::Text(text)
            }
            None => token,
        }
    }
}

/// A value of a scalar type; extension types of servers have a prefix (`ex:i8`).
fn scalar(kind: &str, text: String) -> Result<Value> {
    Ok(match kind.rsplit(':').next().unwrap_or(kind) {
        "string" => Value::Text(text),
        "nil" => Value::Nil,
        "int" | "i4" | "i8" => {
            let number = text.trim().parse();
            Value::Whole(number.map_err(|_| unfit(&format!("`{}` is no whole number", quoted(&text))))?)
        }
        _ => Value::Other(text),
    })
}

/// The character that `&name;` or `&#number;` stands for.
fn character(entity: &BytesRef<'_>) -> Result<String> {
    let strange = |_| unfit("holds a reference to no character");
    if let Some(c) = entity.resolve_char_ref().map_err(strange)? {
        return Ok(c.to_string());
    }
    let name = entity.decode().map_err(|error| unfit(&error.to_string()))?;
    let text = resolve_predefined_entity(&name)
        .ok_or_else(|| unfit(&format!("holds the entity `{}`, which XML does not define", quoted(&name))))?;
    Ok(text.to_owned())
}

/// The failure that a fault reports.
fn fault(value: &Value) -> Error {
    let members = if let Value::Members(members) = value { members.as_slice() } else { &[] };
    let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let code = match member("faultCode") {
        Some(Value::Whole(code)) => format!(" {code}"),
        _ => String::new(),
    };
    let text = match member("faultString") {
        Some(Value::Text(text)) => format!(": {}", quoted(text)),
        _ => String::new(),
    };
    Error::tool(format!("the registry answers with fault{code}{text}"))
        .place("fault")
        .remedy("wait before asking again: the journal is limited hard for each address")
}

fn unfit(what: &str) -> Error {
    Error::tool(quoted(what)).remedy("ask for the journal again, from the registry itself")
}
