"""Motion between two pictures, by classical means, and what else changes between them."""
