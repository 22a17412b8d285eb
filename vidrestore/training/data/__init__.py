"""Pictures, clips, and what is done to them to make samples."""
