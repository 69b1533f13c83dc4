"""From a verdict to text: one pure function a format, each with its own escaping."""
