"""Finds the changes that tests/mutate makes to a header of the core, and rewrites the header so that they can be
selected at run time."""
import collections
import re

# What each token is replaced by.
SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "+": "-", "-": "+",
    "*": "+", "/": "*", "%": "/", "+=": "-=", "-=": "+=", "++": "--", "--": "++", "<<": ">>", ">>": "<<", "&": "|",
    "|": "&", "!": "", "true": "false", "false": "true",
}
TOKEN = re.compile(r'//.*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'|[A-Za-z_]\w*|\d[\w\']*|<<=|>>=|->|::|\.\.\.|'
                   r'[-+*/%<>=!&|^]=|&&|\|\||\+\+|--|<<|>>|\S')
STATEMENT = re.compile(r"^\s*(?!return\b|using\b|static_assert\b|friend\b|else\b|case\b|default\b|break\b|typename\b|"
                       r"constexpr\b|static\b|auto\b|inline\b|template\b|struct\b|class\b|explicit\b|enum\b)"
                       r"[\w\[\(\*+-].*;$")
DECLARATION = re.compile(r"^\s*[\w:<>,\s&*]+[\s&*]\w+(\{.*\}| = .*|\[.*\].*)?;$")

# The name of each operator's switch in tests/tools/mutant.hpp.
BETWEEN = {
    "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal",
    "+": "plus", "-": "minus", "*": "times", "/": "divide", "%": "modulo", "<<": "shift_left", ">>": "shift_right",
    "&": "bit_and", "|": "bit_or", "+=": "add", "-=": "subtract",
}
BEFORE = {"++": "increment", "--": "decrement", "!": "negation"}

Change = collections.namedtuple("Change", "header line becomes what edits")
# If `whole`, the text from `start` to `end` is replaced by `before`; otherwise it is put between `before` and `after`.
Edit = collections.namedtuple("Edit", "start end before after whole")


def operand(tokens, i, step, operator):
    """The index of the outermost token of an operand of `operator`, which is '&&' or '||' at tokens[i]: of the left
    operand if `step` is -1, of the right one if it is 1. None if that is unclear."""
    inner, outer = ("([{", ")]}") if step > 0 else (")]}", "([{")
    stops = {",", ";", "?", ":", "=", "return", "||" if operator == "&&" else ""} | ({operator} if step > 0 else set())
    depth, j = 0, i + step
    while 0 <= j < len(tokens):
        token = tokens[j][1]
        if depth == 0 and (token in outer or token in stops):
            return j - step if j - step != i else None
        depth += (token in inner) - (token in outer)
        j += step
    return None


def edits_of(tokens, i, end_of_condition):
    """The edits that make the token's change selectable at run time; empty if that is not possible."""
    at, token = tokens[i]
    before, after = tokens[i - 1][1], tokens[i + 1][1]
    end = at + len(token)
    unary = re.match(r"[\w(\[*]", after) and not re.match(r"[\w)\]*&!~+-]", before) or before == "return"
    if before == "operator" or after in ("noexcept", "{", "=", "requires"):
        return []
    if token in ("&&", "||"):
        left, right = operand(tokens, i, -1, token), operand(tokens, i, 1, token)
        if left is None or right is None:
            return []
        first, last = tokens[left][0], tokens[right][0] + len(tokens[right][1])
        left_end, right_start = tokens[i - 1][0] + len(before), tokens[i + 1][0]
        return [Edit(a, b, "mutant::flip<@>(", ")", False)
                for a, b in ((first, last), (first, left_end), (right_start, last))]  # De Morgan's law
    if token in BETWEEN:
        return [Edit(at, end, f"{token} mutant::{BETWEEN[token]}<@> {token}", "", True)]
    if token in BEFORE:
        return [Edit(at, end, f"mutant::{BEFORE[token]}<@> ->* ", "", True)] if unary else []
    if token in ("true", "false"):
        return [Edit(at, end, f"mutant::pick<@>({token}, {SWAPS[token]})", "", True)]
    if token.isdigit():
        return [Edit(at, end, f"mutant::pick<@>({token}, {int(token) + 1})", "", True)]
    condition = [(a, t) for a, t in tokens[i + 2:i + 400] if a < end_of_condition]
    start = max((a + 1 for a, t in condition if t == ";"), default=tokens[i + 1][0] + 1)
    if any(t == "=" for a, t in condition if a >= start):
        return []  # the condition declares a variable
    return [Edit(start, end_of_condition, "mutant::flip<@>(", ")", False)]


def found_in(header, path):
    """All changes of a header."""
    found, lines = [], path.read_text(encoding="utf-8").split("\n")
    everything, starts, offset = [], [], 0
    for line in lines:
        starts.append(offset)
        if not line.strip().startswith("#"):
            everything += [(offset + m.start(), m.group()) for m in TOKEN.finditer(line)
                           if not m.group().startswith("//")]
        offset += len(line) + 1
    index = {at: i for i, (at, _) in enumerate(everything)}
    in_body = False  # nothing before the first namespace is executable
    for number, line in enumerate(lines):
        text = line.strip()
        in_body = in_body or text.startswith("namespace")
        if not in_body or text.startswith(
                ("//", "#", "template", "requires", "using", "static_assert", "}", "namespace")):
            continue
        if "// unreached:" in text or lines[number - 1].strip().startswith("// unreached:"):
            continue
        tokens = [(m.start(), m.group()) for m in TOKEN.finditer(line) if not m.group().startswith("//")]

        def add(becomes, what, at, end_of_condition=0):
            edits = edits_of(everything, index[starts[number] + at], starts[number] + end_of_condition)
            found.append(Change(header, number, becomes, what, edits))

        for i, (at, token) in enumerate(tokens):
            before = tokens[i - 1][1] if i else ""
            after = tokens[i + 1][1] if i + 1 < len(tokens) else ""
            end = at + len(token)
            spaced = line[at - 1:at] == " " and line[end:end + 1] == " "  # clang-format does this to binary operators
            if token in SWAPS:
                if token in ("<", ">", "*", "/", "%", "+", "-", "&", "|", "<<", ">>", "&&", "||") and not spaced:
                    continue
                if token == "&&" and before in ("auto", "T", "U", "F", "Self") or token == "!" and after == "(":
                    continue
                add(line[:at] + SWAPS[token] + line[end:], f"{token} becomes {SWAPS[token] or 'nothing'}", at)
            elif re.fullmatch(r"\d+", token) and before not in ("operator",):
                add(line[:at] + str(int(token) + 1) + line[end:], f"{token} becomes {int(token) + 1}", at)
            elif token in ("if", "while") and after == "(" and "constexpr" not in line:
                depth, close = 0, None
                for j in range(tokens[i + 1][0], len(line)):
                    depth += {"(": 1, ")": -1}.get(line[j], 0)
                    if depth == 0:
                        close = j
                        break
                if close:
                    start = max(tokens[i + 1][0], line.rfind("; ", 0, close) + 1)  # after an init-statement
                    negated = f"(!{line[start:close + 1]})" if line[start] == "(" else f" !({line[start + 1:close]}))"
                    add(f"{line[:start]}{negated}{line[close + 1:]}", f"{token} is negated", at, close)
        if STATEMENT.match(line) and not DECLARATION.match(line):
            declares = (re.match(r"\s*[\w:]+(<.*>)?( const)?[ *&]+\w+(\(.*\)|\{.*\});$", line)
                        and not text.startswith("delete"))
            start, end = starts[number] + tokens[0][0], starts[number] + tokens[-1][0] + 1
            found.append(Change(header, number, re.match(r"\s*", line).group() + ";", "left out",
                                [] if declares else [Edit(start, end, "{ if (!mutant::on<@>()) ", " }", False)]))
    return found


def rewritten(text, changes):
    """The text of a header with a switch for each of the numbered `changes`, and the position of each switch in it."""
    pieces = []  # (position, order at that position, text, number, length of the text that it replaces)
    for number, change in changes:
        for start, end, before, after, whole in change.edits:
            if whole:
                pieces.append((start, (1, 0), before.replace("@", str(number)), number, end - start))
            else:
                pieces.append((start, (0, -end), before.replace("@", str(number)), number, 0))
                pieces.append((end, (-1, -start), after, number, 0))
    out, at, size, places = ["#include <mutant.hpp>\n#line 1\n"], 0, 0, []
    for place, _, piece, number, taken in sorted(pieces):
        out.append(text[at:place])
        size += place - at
        places.append((size, size + len(piece), number))
        out.append(piece)
        size += len(piece)
        at = place + taken
    return "".join(out) + text[at:], places
