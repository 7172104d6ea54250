//! XML-RPC as Koji speaks it: a call's body out, a value or a fault in.

use dxr::{MethodCall, MethodResponse, Value};

/// Characters of a fault's text that are kept: those of a database error run to pages.
const FAULT_TEXT: usize = 1000;

/// Why a body gives no value.
#[derive(Debug)]
pub enum Unread {
    /// It is a fault.
    Fault { code: i32, text: String },
    /// It is no XML-RPC.
    Nonsense(&'static str),
}

/// The body of a call.
pub fn call(method: &str, params: Vec<Value>) -> String {
    let name = method.into();
    // Writing fails for no value; were it to, the hub would refuse the empty body.
    let call = MethodCall { name, params }.to_xml().unwrap_or_default();
    format!("<?xml version='1.0'?>\n{call}")
}

/// The value in a response. What nests deeper than 41 levels is not read: the reader's own limit.
///
/// # Errors
/// [`Unread`]
pub fn read(body: &[u8]) -> Result<Value, Unread> {
    let text = std::str::from_utf8(body).map_err(|_| Unread::Nonsense("it is not UTF-8"))?;
    // dxr's errors hold the whole text: they are not passed on.
    match MethodResponse::from_xml(text) {
        Ok(response) => Ok(response.value),
        Err(_) => Err(fault(text).unwrap_or(Unread::Nonsense("it is no XML-RPC response"))),
    }
}

/// The fault in a response. Read as a value, because dxr takes the members of a fault in one order only.
fn fault(text: &str) -> Option<Unread> {
    let (_, rest) = text.split_once("<fault>")?;
    let (value, _) = rest.rsplit_once("</fault>")?;
    let value = Value::from_xml(value.trim()).ok()?;
    let code = match member(&value, "faultCode")? {
        Value::Integer(code) => *code,
        _ => return None,
    };
    let text = as_text(member(&value, "faultString")?)?.trim();
    let text = text.chars().take(FAULT_TEXT).collect();
    Some(Unread::Fault { code, text })
}

/// A member of a struct; none of anything else.
pub fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Struct(members) => members.get(name),
        _ => None,
    }
}

/// A string; none of anything else.
pub fn as_text(value: &Value) -> Option<&str> {
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
            Err(Unread::Fault { code, text }) => format!("fault {code}: {text}"),
            Err(Unread::Nonsense(problem)) => problem.to_owned(),
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
    fn what_is_no_response_is_told_without_being_repeated() {
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
            assert_eq!(outcome(body), "it is no XML-RPC response");
        }
        let Err(Unread::Nonsense(problem)) = read(b"\xff") else {
            panic!("no text was read");
        };
        assert_eq!(problem, "it is not UTF-8");
    }

    #[test]
    fn a_call_is_written_with_its_text_escaped() {
        let params = vec![Value::String("a<&>b".to_owned()), Value::Integer(7)];
        assert_eq!(
            call("getBuild", params),
            "<?xml version='1.0'?>\n<methodCall><methodName>getBuild</methodName><params>\
             <param><value><string>a&lt;&amp;&gt;b</string></value></param>\
             <param><value><i4>7</i4></value></param></params></methodCall>"
        );
    }
}
