"""Train, calibrate and export the network that brain_tumor runs; imports the runtime, never the reverse."""
