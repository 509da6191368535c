"""Versions, ranges and specifiers in every spelling that the ecosystems' grammars know, and some that none does.

Numbers are few and small, so that a version often lies at the edge of a range.
"""

NUMBERS = ["0", "0", "1", "1", "2", "3", "10"]
NPM_PRE = ["alpha", "beta.1", "rc.2", "0", "1.2", "alpha.beta", "x-y-z", "rc.10", "-"]
NPM_BROKEN = ["latest", ">", "^", "1.2.3.4", ">01.2.3", "1.2.3-01", "~~1", "blerg", "=>1", "1.2.3 -2", "<=*", ">*"]


def numbers(chance, count):
    return ".".join(chance.choice(NUMBERS) for _ in range(count))


def npm_version(chance):
    text = numbers(chance, 3)
    if chance.random() < 0.35:
        text += "-" + chance.choice(NPM_PRE)
    if chance.random() < 0.1:
        text += "+" + chance.choice(["build", "1", "a.b"])
    if chance.random() < 0.05:
        text = chance.choice(["v", "=", " ", "= v"]) + text
    if chance.random() < 0.03:
        text = chance.choice(["1.2", "1.2.3.4", "01.2.3", "1.2.3pre", "1.2.3-01", "", "99999999999999999999.0.0"])
    return text


def npm_partial(chance):
    kind = chance.random()
    if kind < 0.55:
        return npm_version(chance)
    if kind < 0.8:
        return numbers(chance, chance.choice([1, 2]))
    wild = [chance.choice(NUMBERS) for _ in range(chance.choice([0, 1, 2]))] + [chance.choice("xX*")]
    return ".".join(wild + (["x"] if len(wild) < 3 and chance.random() < 0.3 else []))


def npm_comparator(chance):
    sign = chance.choice(["", "", "^", "^", "~", "~>", ">", ">=", "<", "<=", "="])
    return sign + chance.choice(["", "", "", " "]) + npm_partial(chance)


def npm_range(chance):
    if chance.random() < 0.03:
        return chance.choice(NPM_BROKEN)
    parts = []
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        if chance.random() < 0.15:
            parts.append(f"{npm_partial(chance)} - {npm_partial(chance)}")
        else:
            parts.append(" ".join(npm_comparator(chance) for _ in range(chance.choice([1, 1, 2, 3]))))
    return chance.choice([" || ", "||", " ||"]).join(parts)


def pypi_release(chance):
    return numbers(chance, chance.choice([1, 2, 2, 3, 3, 4]))


def pypi_version(chance):
    text = pypi_release(chance)
    if chance.random() < 0.1:
        text = chance.choice(["0!", "1!"]) + text
    if chance.random() < 0.3:
        sign = chance.choice(["", "", ".", "-", "_"])
        text += sign + chance.choice(["a", "b", "rc", "alpha", "beta", "c", "pre", "preview", "RC"])
        text += chance.choice(["", "0", "1", ".2", "-3", "10", "01"])
    if chance.random() < 0.2:
        text += chance.choice([".post1", "-1", "post", ".rev2", "-r3", ".POST0", "_post_2"])
    if chance.random() < 0.2:
        text += chance.choice([".dev0", ".dev1", "dev", "-dev2", "_dev_3", ".DEV10"])
    if chance.random() < 0.12:
        text += "+" + chance.choice(["local", "1", "ubuntu.1", "Abc-2", "1.10", "1_9", "0a"])
    if chance.random() < 0.06:
        text = chance.choice(["v", " ", "V"]) + text
    if chance.random() < 0.03:
        text = chance.choice(["", "1.x", "1..2", "1.0-foo", "1!2!3", "1.0+", "french toast", "1.0.*", "2004d", "1.0a1b2"])
    return text


def pypi_specifiers(chance):
    parts = []
    for _ in range(chance.choice([1, 1, 2, 3])):
        sign = chance.choice(["==", "!=", "<", "<=", ">", ">=", "~=", "===", "==", "!="])
        version = pypi_version(chance).strip()
        if sign in ("==", "!=") and chance.random() < 0.4:
            version = pypi_release(chance) + ".*"
        if chance.random() < 0.02:
            sign = chance.choice(["", "=", "=>", "~"])
        parts.append(sign + chance.choice(["", "", " "]) + version)
    return chance.choice([",", ", ", " , "]).join(parts)
