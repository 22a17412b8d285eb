"""What a person looks at: advice, previews, and the page to work with."""
