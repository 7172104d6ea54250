//! Writes XML-RPC as a hub does, byte for byte. The values are JSON, which has all needed types.

use std::fmt::Write;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Number, Value};

use super::VERSION;

/// An answer with a value.
pub(super) fn result(value: &Value) -> Response {
    respond(&format!(
        "<params>\n<param>\n{}</param>\n</params>\n",
        written(value)
    ))
}

/// An answer with a fault.
pub(super) fn fault(fault: &Value) -> Response {
    respond(&format!("<fault>\n{}</fault>\n", written(fault)))
}

fn respond(content: &str) -> Response {
    let body = format!("<?xml version='1.0'?>\n<methodResponse>\n{content}</methodResponse>\n");
    ([(header::CONTENT_TYPE, "text/xml"), VERSION], body).into_response()
}

fn written(value: &Value) -> String {
    match value {
        // Only this value has no line end.
        Value::Null => "<value><nil/></value>".to_owned(),
        Value::Bool(value) => scalar("boolean", &u8::from(*value).to_string()),
        Value::Number(number) => scalar(number_type(number), &number.to_string()),
        Value::String(text) => scalar("string", &escaped(text)),
        Value::Array(items) => {
            let items: String = items.iter().map(written).collect();
            format!("<value><array><data>\n{items}</data></array></value>\n")
        }
        Value::Object(members) => {
            let mut text = "<value><struct>\n".to_owned();
            for (name, value) in members {
                let (name, value) = (escaped(name), written(value));
                write!(text, "<member>\n<name>{name}</name>\n{value}</member>\n")
                    .expect("memory takes it");
            }
            text + "</struct></value>\n"
        }
    }
}

fn scalar(name: &str, text: &str) -> String {
    format!("<value><{name}>{text}</{name}></value>\n")
}

fn number_type(number: &Number) -> &'static str {
    match number.as_i64() {
        None => "double",
        Some(number) if i32::try_from(number).is_ok() => "int",
        Some(_) => "i8",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
