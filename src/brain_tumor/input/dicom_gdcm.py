"""Lossy JPEG of 12 bits per sample, through GDCM itself: pydicom's way to GDCM leaves it out."""

import gdcm  # type: ignore[import-untyped]
import numpy as np
from pydicom.uid import JPEGExtended12Bit

# Else GDCM writes what it thinks of damaged files to the standard error stream.
gdcm.Trace.WarningOff()
gdcm.Trace.ErrorOff()


def decode_12_bit_jpeg(frame: bytes, rows: int, columns: int) -> np.ndarray:
    """One grey frame of JPEG Extended, 9 to 12 bits per sample: (rows, columns), uint16.

    Raises ValueError when GDCM gives back another size.
    """
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    values = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), "<u2")
    return values.reshape(rows, columns).copy()
