"""The tokens that the extractor gives to words and signs (`src/tokens.rs`), for rules and rewrites that need some."""

LINE, STRING_END, ESCAPE, STRING, OPAQUE, EVENNESS, WORDS = 128, 134, 135, 144, 152, 160, 256
VOCABULARY = 16_384


def word(text):
    """FNV-1a of 32 bits, folded, as in the extractor."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return WORDS + ((value >> 16) ^ (value & 0xFFFF)) % (VOCABULARY - WORDS)


def sequence(text):
    """Tokens of code in which every part is parted by blanks: words, signs, `''` for a short string, `#` for base64."""
    tokens = []
    for part in text.split():
        if part == "''":
            tokens += [STRING, STRING_END]
        elif part == "#":
            tokens += [STRING + 7, OPAQUE + 7, EVENNESS + 7, STRING_END]
        elif part == "|":
            tokens.append(LINE)
        elif len(part) == 1 and not part.isalnum():
            tokens.append(ord(part))
        else:
            tokens.append(word(part))
    return tokens
