"""`brain-tumor dicom-node`: images come in by C-STORE, structured reports and secondary captures go back."""
