"""Still pictures, and folders of them as videos."""
