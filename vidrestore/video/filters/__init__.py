"""FFmpeg's filters: deinterlacing, film from telecine, motion interpolation."""
