//! Where readers of YAML differ: what libyaml takes and PyYAML or ruamel.yaml refuses, and the other way round.
//!
//! A file that has more than one reading is refused, with the place and with what to write instead. Although libyaml
//! would stop there, surrogate pairs are read, which JSON writers write, and a last line without a line end.
//!
//! The columns say what each reader does with the quirk: libyaml-safer 0.3.0, PyYAML 6.0.3, ruamel.yaml 0.19.1, and
//! "here" this crate. Each row has its test in `dialect/tests.rs`, which also checks what libyaml does.
//!
//! | quirk | libyaml | PyYAML | ruamel.yaml | here | test |
//! |---|---|---|---|---|---|
//! | U+0085, U+2028 or U+2029 not escaped | ends a line | ends a line | text | refused | `line_ends_of_yaml_1_1_are_refused` |
//! | U+FEFF inside the text, not escaped | refused at the start of a line, else text | text | text | refused | `a_byte_order_mark_inside_the_text_is_refused` |
//! | unknown directive | refused | passed over | passed over | refused | `unknown_directives_are_refused` |
//! | `%YAML 1.3` | refused | passed over | refused | refused | `unknown_directives_are_refused` |
//! | `{a:}`, `[a:, b]` | refused | key `a` | text `a:` | refused | `a_colon_that_touches_a_bracket_is_refused` |
//! | `{a:[b]}`, `{a:{b: c}}` | refused | key `a` | refused | refused | `a_colon_that_touches_a_bracket_is_refused` |
//! | tab at the start of a block scalar's text | refused | text | text | refused | `a_block_scalar_that_starts_with_a_tab_is_refused` |
//! | tab between values | blank | refused | blank in flow style, else refused | refused; as ruamel.yaml in YAML 1.2 | `a_tab_between_values_is_refused` |
//! | `?` in a plain scalar in flow style | text | refused | text | refused; text in YAML 1.2 | `a_question_mark_between_brackets_is_refused_in_yaml_1_1` |
//! | `{{ a }}` as a value | map as a key | refused | map as a key | refused; map as a key in YAML 1.2 | `a_template_is_refused_in_yaml_1_1` |
//! | comment that touches a block scalar's indicator | comment | refused | refused | refused | `a_comment_that_touches_a_block_scalar_is_refused` |
//! | block scalar whose first line is blank and short | blank line | blank line | refused | blank line; refused in YAML 1.2 | `a_short_first_line_is_refused_in_yaml_1_2` |
//! | block scalar without a last line end | libyaml-safer panics | value without line end | value without line end | as PyYAML | `a_last_line_needs_no_line_end` |
//! | block scalar with an open last line of spaces | libyaml-safer panics | text | text | refused | `an_open_last_line_of_spaces_is_refused` |
//! | comma in a tag, as in `[!, a]` | libyaml-safer panics | part of the tag | part of the tag | refused | `a_panic_of_the_parser_is_a_refusal` |
//! | escaped surrogate pair, as `json.dumps` writes it | refused | two halves | two halves | one character | `an_escaped_surrogate_pair_is_one_character` |
//! | half a surrogate pair, escaped | refused | half a character | half a character | refused | `half_a_surrogate_pair_is_refused` |
//! | `!!binary`, `!!set`, `!!omap`, `!!pairs` | a tag | bytes, a set, tuples | as PyYAML; `!!omap` a map | refused | `tags_without_a_value_in_json_are_refused` |

pub(super) mod block_scalars;
pub(super) mod characters;
pub(super) mod flow;
pub(super) mod last_line;
pub(super) mod surrogates;
pub(super) mod tabs;
#[cfg(test)]
mod tests;
