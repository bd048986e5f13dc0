"""GDCM in a program of its own, since it ends its process on some damaged files; dicom_gdcm.py starts it by its path.

Standard input brings requests, a line of JSON and the frame; standard output takes the answers, eight bytes of length
and the pixels, of length 0 when the frame cannot be decoded. It imports nothing of this package, to stay small.
"""

import json
import struct
import sys
from typing import Any

import gdcm  # type: ignore[import-untyped]


def serve() -> None:
    """Answer one request after the other until the input ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while line := requests.readline():
        about = json.loads(line)
        frame = requests.read(about["length"])
        try:
            pixels = _decode(frame, about)
        except Exception:  # the SWIG layer raises what it likes
            pixels = b""
        answers.write(struct.pack("<Q", len(pixels)) + pixels)
        answers.flush()


def _decode(frame: bytes, about: dict[str, Any]) -> bytes:
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((about["columns"], about["rows"], 1))
    image.SetDataElement(element)
    # Colours are always called RGB, so that GDCM hands them on as they are coded.
    kind = gdcm.PhotometricInterpretation.RGB if about["channels"] > 1 else gdcm.PhotometricInterpretation.MONOCHROME2
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    image.SetPlanarConfiguration(0)
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(about["syntax"])))
    bits = about["bits"]
    image.SetPixelFormat(gdcm.PixelFormat(about["channels"], 8 if bits <= 8 else 16, bits, bits - 1, 0))
    return bytes(image.GetBuffer().encode("utf-8", "surrogateescape"))  # GDCM gives bytes as text


if __name__ == "__main__":
    serve()
