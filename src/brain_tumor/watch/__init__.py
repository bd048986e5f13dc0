"""`brain-tumor watch`: folders of tasks in, a folder of DICOM results and `result.json` for each out."""
