"""PDFs made by hand: small, with any text, and with any object of one's own in them."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Any

from pypdf import PdfReader, PdfWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The characters that the font has: few, since pypdf reads its map anew for each page.
SIGNS = sorted({*map(chr, range(32, 127)), *"一页第二三猫喜欢睡觉月亮离地球很远。，"})


def stream(data: bytes, *, packed: bool = True, more: str = "") -> bytes:
    """Return a stream object's body."""
    body = zlib.compress(data, 9) if packed else data
    about = f"<< /Length {len(body)} {'/Filter /FlateDecode' if packed else ''} {more} >>"
    return about.encode() + b"\nstream\n" + body + b"\nendstream"


def _map(mapped: Iterable[str]) -> bytes:
    ones = "".join(f"<{ord(sign):04x}> <{ord(sign):04x}>\n" for sign in (*SIGNS, *mapped))
    return f"begincmap\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n100 beginbfchar\n{ones}endbfchar\nendcmap".encode()


def lines(text: str) -> bytes:
    """Return what draws a text, line by line."""
    shown = [f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in text.split("\n")]
    return "\n".join(["BT /F 12 Tf 14 TL 50 750 Td", *shown, "ET"]).encode()


def pdf(*texts: str) -> bytes:
    """Return a PDF with a page for each text."""
    return drawn([lines(text) for text in texts])


def drawn(
    contents: Sequence[bytes], *, extra: Iterable[bytes] = (), resources: str = "", mapped: Iterable[str] = (), together: bool = False
) -> bytes:
    """Return a PDF whose pages have these contents. `extra` are further objects, from 7 on; `resources` stand in every page's; `mapped` are signs
    that the font has besides; `together`: objects are packed into one stream, as programs do today.
    """
    extra = list(extra)
    first = 7 + len(extra)
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(contents)} /Kids [{kids}] /MediaBox [0 0 612 792] >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 6 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (A) /Ordering (I) /Supplement 0 >> /FontDescriptor 5 0 R >>",
        b"<< /Type /FontDescriptor /FontName /X /Flags 4 >>",
        stream(_map(mapped)),
        *extra,
    ]
    for number, content in enumerate(contents):
        about = f"<< /Font << /F 3 0 R >> {resources} >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /Resources {about} /Contents {first + 2 * number + 1} 0 R >>".encode())
        objects.append(content if content.startswith(b"<<") else stream(content))
    return (packed if together else written)(objects)


def written(objects: Sequence[bytes], trailer: str = "/Root 1 0 R") -> bytes:
    """Return the file of these objects, numbered from 1."""
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
    table = out.tell()
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode())
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(f"trailer\n<< /Size {len(objects) + 1} {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode())
    return out.getvalue()


def packed(objects: Sequence[bytes], padding: int = 0) -> bytes:
    """Return the file of these objects, those that are no streams packed into one (ISO 32000-2, 7.5.7), with as many blanks behind them."""
    held = {number: body for number, body in enumerate(objects, 1) if b"\nstream\n" not in body}
    apart = {number: body for number, body in enumerate(objects, 1) if number not in held}
    places, inner = [], b""
    for number, body in held.items():
        places.append(f"{number} {len(inner)}")
        inner += body + b"\n"
    first = " ".join(places) + " "
    holder = len(objects) + 1
    more = f"/Type /ObjStm /N {len(held)} /First {len(first)}"
    apart[holder] = stream(first.encode() + inner + b" " * padding, more=more)

    out, starts = b"%PDF-1.7\n", {}
    for number, body in apart.items():
        starts[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    starts[holder + 1] = len(out)
    order = {number: place for place, number in enumerate(held)}
    rows = [(0, 0, 0)] + [(2, holder, order[one]) if one in held else (1, starts[one], 0) for one in range(1, holder + 2)]
    table = b"".join(bytes([kind]) + place.to_bytes(4, "big") + bytes([last]) for kind, place, last in rows)
    index = stream(table, more=f"/Type /XRef /Size {len(rows)} /W [1 4 1] /Root 1 0 R")
    return out + b"%d 0 obj\n" % (holder + 1) + index + f"\nendobj\nstartxref\n{len(out)}\n%%EOF\n".encode()


def encrypted(raw: bytes, **how: Any) -> bytes:
    """Return a PDF with a password."""
    out = io.BytesIO()
    with PdfWriter(clone_from=PdfReader(io.BytesIO(raw))) as writer:
        writer.encrypt(**how)
        writer.write(out)
    return out.getvalue()
