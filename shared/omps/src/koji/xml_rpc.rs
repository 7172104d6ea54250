//! XML-RPC as Koji uses it: writes the body of a call, and reads a value or a fault from the body of an answer.

use dxr::{MethodCall, MethodResponse, Value};

/// How many characters of a fault's text are kept. The text of a database error may be pages long.
const FAULT_TEXT: usize = 1000;

/// Why there is no value in a body.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The body is a fault.
    Fault { code: i32, text: String },
    /// The body is not an XML-RPC response.
    UnexpectedAnswer(&'static str),
}

/// The body of a call.
///
/// # Errors
/// The reason why the call cannot be serialized: a defect.
pub(crate) fn call(method: &str, params: Vec<Value>) -> Result<String, String> {
    let name = method.into();
    let call = MethodCall { name, params }.to_xml();
    let call = call.map_err(|error| error.to_string())?;
    Ok(format!("<?xml version='1.0'?>\n{call}"))
}

/// The value in a response. Values that nest deeper than 41 levels are refused: this is the parser's own limit.
///
/// # Errors
/// [`ReadError`]
pub(crate) fn read(body: &[u8]) -> Result<Value, ReadError> {
    let text =
        std::str::from_utf8(body).map_err(|_| ReadError::UnexpectedAnswer("it is not UTF-8"))?;
    // dxr's errors contain the whole text, so they are not passed on.
    match MethodResponse::from_xml(text) {
        Ok(response) => Ok(response.value),
        Err(_) => {
            Err(fault(text).unwrap_or(ReadError::UnexpectedAnswer("it is not an XML-RPC response")))
        }
    }
}

/// The fault in a response. It is read as a value, because dxr reads the members of a fault in one order only.
fn fault(text: &str) -> Option<ReadError> {
    let (_, rest) = text.split_once("<fault>")?;
    let (value, _) = rest.rsplit_once("</fault>")?;
    let value = Value::from_xml(value.trim()).ok()?;
    let code = match member(&value, "faultCode")? {
        Value::Integer(code) => *code,
        _ => return None,
    };
    let text = as_text(member(&value, "faultString")?)?.trim();
    let text = text.chars().take(FAULT_TEXT).collect();
    Some(ReadError::Fault { code, text })
}

/// A member of a struct. `None` for any other value.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Struct(members) => members.get(name),
        _ => None,
    }
}

/// The text of a string. `None` for any other value.
pub(crate) fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(value: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{value}</param>\n</params>\n</methodResponse>\n"
        )
    }

    fn outcome(body: &str) -> String {
        match read(body.as_bytes()) {
            Ok(value) => format!("{value:?}"),
            Err(ReadError::Fault { code, text }) => format!("fault {code}: {text}"),
            Err(ReadError::UnexpectedAnswer(problem)) => problem.to_owned(),
        }
    }

    #[test]
    fn every_type_of_value_is_read() {
        let cases = [
            ("<nil/>", "Nil"),
            ("<int>-2147483648</int>", "Integer(-2147483648)"),
            ("<i4>1</i4>", "Integer(1)"),
            ("<i8>2147483648</i8>", "Long(2147483648)"),
            ("<double>1e-07</double>", "Double(1e-7)"),
            ("<boolean>1</boolean>", "Boolean(true)"),
            ("<string></string>", "String(\"\")"),
            (
                "<string>  a \n&lt;&amp;&gt; ž😀 </string>",
                "String(\"  a \\n<&> ž😀 \")",
            ),
            ("bare", "String(\"bare\")"),
            ("<array><data>\n</data></array>", "Array([])"),
            ("<struct>\n</struct>", "Struct({})"),
            (
                "<struct>\n<member>\n<name>a &lt;b&gt;</name>\n<value><nil/></value></member>\n</struct>",
                "Struct({\"a <b>\": Nil})",
            ),
        ];
        for (value, wanted) in cases {
            let body = response(&format!("<value>{value}</value>\n"));
            assert_eq!(outcome(&body), wanted, "{value}");
        }
    }

    #[test]
    fn a_fault_is_read_whatever_the_order_of_its_members() {
        let code = "<member>\n<name>faultCode</name>\n<value><int>1000</int></value>\n</member>\n";
        let text = "<member>\n<name>faultString</name>\n<value><string>no: &lt;b&gt;\n</string></value>\n</member>\n";
        for members in [[code, text], [text, code]] {
            let body = format!(
                "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n{}</struct></value>\n</fault>\n</methodResponse>\n",
                members.concat()
            );
            assert_eq!(outcome(&body), "fault 1000: no: <b>");
        }
    }

    #[test]
    fn a_body_that_is_not_a_response_is_refused_and_not_quoted() {
        let deep = response(&format!(
            "{}<value><nil/></value>{}",
            "<value><array><data>".repeat(100_000),
            "</data></array></value>".repeat(100_000)
        ));
        let cases = [
            "",
            "<html><body>502</body></html>",
            "<methodResponse><params><param><value><int>1</int></value>",
            "<methodResponse><fault></fault></methodResponse>",
            &response("<value><int>one</int></value>"),
            &deep,
        ];
        for body in cases {
            assert_eq!(outcome(body), "it is not an XML-RPC response");
        }
        let Err(ReadError::UnexpectedAnswer(problem)) = read(b"\xff") else {
            panic!("no text was read");
        };
        assert_eq!(problem, "it is not UTF-8");
    }

    #[test]
    fn a_call_is_written_with_its_text_escaped() {
        let params = vec![Value::String("a<&>b".to_owned()), Value::Integer(7)];
        assert_eq!(
            call("getBuild", params).unwrap(),
            "<?xml version='1.0'?>\n<methodCall><methodName>getBuild</methodName><params>\
             <param><value><string>a&lt;&amp;&gt;b</string></value></param>\
             <param><value><i4>7</i4></value></param></params></methodCall>"
        );
    }
}
