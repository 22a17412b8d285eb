"""What travels beside the pictures: sound, subtitles, chapters, tags."""
