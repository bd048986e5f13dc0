"""Answers as DICOM objects that lie in the same study as the images: structured report, secondary capture, heat map."""
